"""The guide of backup and restore: its commands, as they stand there, in one shell."""

from pathlib import Path

import pytest

from support.processes.guide_shell import run_guide, verify_said
from support.repository import ROOT

_GUIDE = (ROOT / "docs" / "guides" / "backup.md").read_text(encoding="utf-8")
_PROFILE = "---\ndescription: Answers questions.\nmodel_required: false\n---\nBe kind.\n"


@pytest.mark.req("K-08")
def test_the_guide_restores_a_backend_in_which_nothing_old_wins(tmp_path: Path) -> None:
    said = run_guide(_GUIDE, tmp_path, {"library/.yoi/profiles/helper.md": _PROFILE})
    expected = (
        "exported .* records into audit.jsonl",
        r"backend\.restored",
        "published revision 2",
        "activated revision 2",
        "released workspace library",
        r"here +library +in sync +2 ",
        r"\[workspace\.conflict\]",
    )
    verify_said(said, expected)
