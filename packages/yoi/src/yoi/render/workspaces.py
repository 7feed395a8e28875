"""Workspaces of a Backend and their history, for people."""

from msgspec import Struct
from rich.console import Console
from rich.text import Text

from yoi.render.console import describe_value, join_text
from yoi.render.documents import Column, shorten
from yoi.render.table import make_table
from yoi_wire.backend.audit import AuditView
from yoi_wire.backend.revisions import ActivationView, RevisionView, RevocationView
from yoi_wire.backend.workspaces import WorkspaceView


class History(Struct, frozen=True, kw_only=True):
    """What became of a workspace, newest first; see `WorkspaceView` for the revision that waits."""

    activations: tuple[ActivationView, ...]
    withheld_revision: int | None = None
    revisions: tuple[RevisionView, ...]
    revocations: tuple[RevocationView, ...]


def _describe_source(one: WorkspaceView) -> str:
    return " ".join(filter(None, (one.source.kind, one.source.ref)))


def _describe_activation(one: WorkspaceView) -> str:
    if one.held:
        return "held by a rollback until `yoi workspace release`"
    return "become active by themselves" if one.automatic else "are activated by somebody"


def describe_withheld(workspace: str, revision: int | None) -> str:
    """Say which revision waits and what for; empty for none."""
    if revision is None:
        return ""
    return f"revision {revision} has no profile any more; `yoi workspace activate {workspace} {revision}` makes it active"


def _describe_active(one: WorkspaceView) -> str:
    active = one.active
    if active is None:
        return "nothing"
    return f"revision {active.revision}, generation {active.generation}: {active.digest}"


WORKSPACE_FACTS: tuple[Column[WorkspaceView], ...] = (
    ("workspace", "id"),
    ("title", "title"),
    ("visibility", "visibility"),
    ("source", _describe_source),
    ("new revisions", _describe_activation),
    ("active", _describe_active),
    ("waits", lambda one: describe_withheld(one.id, one.withheld_revision)),
)


def _describe_origin(one: RevisionView) -> str:
    """Say who published a revision, and from which commit."""
    made_from = one.provenance
    commit = (
        f"{made_from.commit[:12]}{', changed since' if made_from.dirty else ''}" if made_from.commit else ""
    )
    return " ".join(filter(None, (one.publisher, made_from.kind, commit)))


def print_history(console: Console, found: History) -> None:
    """Print activations, revisions and revocations, as a Backend answers them."""
    origins = {one.revision: _describe_origin(one) for one in found.revisions}
    moves = [
        (
            one.activated_at,
            str(one.revision),
            one.kind,
            one.actor,
            one.reason or (origins.get(one.revision, "") if one.kind == "automatic" else ""),
        )
        for one in found.activations
    ]
    console.print(make_table(("activated", "revision", "kind", "by", "why"), moves, title="activations"))
    console.print()
    revisions = [
        (str(one.revision), one.recorded_at, origins[one.revision], shorten(one.digest))
        for one in found.revisions
    ]
    console.print(make_table(("revision", "recorded", "from", "bundle"), revisions, title="revisions"))
    if found.withheld_revision is not None:
        waits = f": revision {found.withheld_revision} has no profile any more, and waits for `yoi workspace activate`"
        console.print(join_text(("not active", "yellow"), waits))
    for one in found.revocations:
        text = f" {one.digest} by {one.actor} at {one.revoked_at}: {one.reason or 'no reason given'}"
        console.print(join_text(("revoked", "bold red"), text))


def _name(subject: str) -> str:
    return shorten(subject) if subject.startswith("sha256:") else subject


def make_audit_line(record: AuditView) -> Text:
    """Make `WHEN WHO ACTION WHAT (details)`."""
    subject = record.subject
    what = (record.workspace, record.runtime and f"on {record.runtime}", _name(subject))
    details = ", ".join(
        f"{name} {_name(describe_value(value))}"
        for name, value in record.details.items()
        if value not in (None, "", [], {})
    )
    return join_text(
        (record.recorded_at, "dim"),
        " ",
        (record.action, "bold"),
        f" {' '.join(filter(None, what))}",
        f" by {record.actor}",
        (f" with token {record.token[:8]}" if record.token else "", "dim"),
        (f" ({details})" if details else "", "dim"),
    )
