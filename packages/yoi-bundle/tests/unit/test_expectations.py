"""`[[expect]]` in workspace.toml: calls with the verdicts that its author wants (X-02)."""

import pytest

from support.bundles.source_trees import build_files
from yoi_bundle.authoring.build import BuildResult

pytestmark = pytest.mark.req("S-11")

_PROFILE = (
    "---\ntools: [file.read, shell.run]\nrules: ['deny shell.run(command prefix:git push)', 'ask shell.run']\n"
    "rules_default: allow\n---\nHelp.\n"
)
_READER = "---\ntools: [file.read]\n---\nRead.\n"


def _build(*entries: str, lenient: bool = False) -> BuildResult:
    text = 'id = "w"\n' + "".join(f"\n[[expect]]\n{entry}\n" for entry in entries)
    files = {
        ".yoi/workspace.toml": text,
        ".yoi/profiles/helper.md": _PROFILE,
        ".yoi/profiles/reader.md": _READER,
    }
    return build_files(files, lenient=lenient)


def _list_errors(result: BuildResult) -> list[tuple[str, str, int, str]]:
    return [
        (one.rule, one.file, one.line, one.message) for one in result.diagnostics if one.severity == "error"
    ]


@pytest.mark.parametrize(
    "entry",
    [
        'call = "shell.run(command: git push origin)"\nverdict = "deny"',
        'call = "shell.run(command: ls)"\nverdict = "ask"\nprofile = "helper"',
        'call = "shell.run(command: ls)"\nverdict = "deny"\nprofile = "reader"',
        'call = "file.read(path: a)"\nverdict = "allow"',
        'call = "web.fetch(url: https://example.com)"\nverdict = "deny"',
    ],
)
def test_an_expectation_that_holds_says_nothing_and_changes_no_byte(entry: str) -> None:
    result, plain = _build(entry), _build()
    assert _list_errors(result) == []
    assert result.bundle is not None
    assert plain.bundle is not None
    assert result.bundle.digest == plain.bundle.digest


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (
            'call = "shell.run(command: git push origin)"\nverdict = "allow"',
            "expect: deny instead of allow for `helper`, by `deny shell.run(command prefix: git push)` in "
            ".yoi/profiles/helper.md",
        ),
        (
            'call = "shell.run(command: ls)"\nverdict = "ask"\nprofile = "reader"',
            "expect: deny instead of ask for `reader`, by the profile's tools: it has no such tool",
        ),
        (
            'call = "web.fetch(url: https://example.com)"\nverdict = "ask"',
            "expect: no profile has the tool web.fetch, so it is deny instead of ask",
        ),
        (
            'call = "file.read(path: a)"\nverdict = "deny"\nprofile = "nobody"',
            "expect: no profiles are called `nobody`",
        ),
        ('call = "no.such.tool"\nverdict = "deny"', "expect: no built-in tool has this name"),
    ],
)
def test_one_that_does_not_hold_is_an_error_with_what_decided(entry: str, message: str) -> None:
    result = _build('call = "file.read"\nverdict = "allow"', entry)
    [(rule, file, line)] = [one[:3] for one in _list_errors(result) if one[3].startswith(message)]
    assert (rule, file, line) == ("policy.unexpected_verdict", ".yoi/workspace.toml", 8)
    assert result.bundle is None


def test_every_profile_that_has_the_tool_is_tried() -> None:
    result = _build('call = "file.read(path: a)"\nverdict = "ask"')
    assert len(_list_errors(result)) == 2


def test_a_faulty_entry_is_refused_by_its_form() -> None:
    [(rule, file, *_)] = _list_errors(_build('call = "file.read"\nverdict = "maybe"'))
    assert (rule, file) == ("form.invalid", ".yoi/workspace.toml")
