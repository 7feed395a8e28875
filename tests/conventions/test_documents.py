"""What the documents tell people to type is there."""

import re

import pytest

from support.repository import ROOT, read_table
from yoi.shell.exit_codes import EXIT_CODES

_MAKE = re.compile(r"(?:^|[`;&|] ?|\n)make ([a-z][a-z-]*)")
_LINK = re.compile(r"\[[^\]]+\]\((?!https?://|#)([^)#]+)")
_TARGETS = set(
    re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE)
)
_DOCUMENTS = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").glob("*.md")],
    key=lambda path: path.as_posix(),
)


@pytest.mark.parametrize("name", ["README.md", "README.ja.md"])
def test_the_read_me_gives_two_commands(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert {"run", "test"} <= set(_MAKE.findall(text))


def test_every_make_target_that_a_document_names_exists() -> None:
    named = {
        (path.name, target)
        for path in _DOCUMENTS
        for code in re.findall(r"`[^`]*`|```.*?```", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        for target in _MAKE.findall(code)
    }
    assert named
    assert {pair for pair in named if pair[1] not in _TARGETS} == set()


def test_every_link_between_documents_leads_somewhere() -> None:
    broken = [
        (path.name, target)
        for path in _DOCUMENTS
        for target in _LINK.findall(path.read_text(encoding="utf-8"))
        if not (path.parent / target).exists()
    ]
    assert broken == []


def test_ci_runs_the_test_command_of_the_read_me() -> None:
    assert "make test" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_the_command_line_guide_names_every_exit_code() -> None:
    rows = read_table(ROOT / "docs" / "cli.md", "exit code")
    assert {int(row["exit code"]) for row in rows} == {0, 130, *EXIT_CODES.values()}
