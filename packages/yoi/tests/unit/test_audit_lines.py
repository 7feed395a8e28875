"""Records of the audit and the history of a workspace, as people read them (K-10)."""

import io

import pytest
from rich.console import Console

from yoi.render.workspaces import History, make_audit_line, print_history
from yoi_wire.backend.audit import AuditView
from yoi_wire.backend.revisions import ActivationView, ProvenanceView, RevisionView

pytestmark = pytest.mark.req("K-10")

_DIGEST = f"sha256:{'a' * 64}"


def _record(details: dict[str, object]) -> str:
    record = AuditView(
        sequence=1,
        recorded_at="2026-01-01T00:00:00.000Z",
        actor="operator",
        token="",
        action="placement.changed",
        workspace="",
        runtime="",
        subject="",
        details=details,
    )
    return make_audit_line(record).plain


def test_a_record_is_written_in_words_and_not_in_literals_of_a_language() -> None:
    line = _record(
        {
            "labels": {"site": "annexe"},
            "scopes": ["runtimes:read", "audit:read"],
            "refused_by": {},
            "held": True,
        }
    )
    assert "(labels site=annexe, scopes runtimes:read; audit:read, held yes)" in line
    assert not {"{", "[", "'"} & set(line)


def test_the_history_names_the_commit_of_a_revision_and_of_what_became_active_by_itself() -> None:
    provenance = ProvenanceView(
        kind="git", builder="b", builder_version="1", commit="0123456789abcdef", dirty=True
    )
    history = History(
        activations=(
            ActivationView(
                generation=2,
                revision=1,
                digest=_DIGEST,
                kind="automatic",
                actor="backend",
                reason="",
                activated_at="2026-01-01T00:00:00.000Z",
            ),
        ),
        revisions=(
            RevisionView(
                revision=1, digest=_DIGEST, provenance=provenance, publisher="", recorded_at="2026-01-01"
            ),
        ),
        revocations=(),
    )
    written = io.StringIO()
    print_history(Console(file=written, width=200), history)
    assert written.getvalue().count("git 0123456789ab, changed since") == 2
