"""Tool lists in their shapes and dialects."""

import pytest

from yoi_bundle.authoring.dialects.claude.tool_lists import read_claude_tool_list
from yoi_bundle.authoring.dialects.claude.vocabulary import CLAUDE_TOOLS, spell_server
from yoi_bundle.authoring.dialects.copilot.tool_lists import read_copilot_tool_list
from yoi_bundle.authoring.dialects.copilot.vocabulary import COPILOT_TOOLS
from yoi_bundle.authoring.drafts.diagnostics import FileDiagnostics
from yoi_bundle.authoring.drafts.draft import ToolReference
from yoi_bundle.authoring.drafts.tool_lists import ToolEntry, read_tool_entries, split_tool_text
from yoi_bundle.authoring.formats.frontmatter import read_frontmatter, split_frontmatter
from yoi_bundle.manifest import PrefixMatch
from yoi_bundle.vocabulary import BUILTIN_TOOLS

pytestmark = pytest.mark.req("B-14")


def read_list(line: str, *, at_spaces: bool = True) -> list[str] | None:
    diagnostics = FileDiagnostics("a.md")
    fields = read_frontmatter(split_frontmatter(f"---\n{line}\n---\n".encode()), diagnostics)
    assert fields is not None
    entries = read_tool_entries(fields["tools"], key="tools", diagnostics=diagnostics, at_spaces=at_spaces)
    assert (entries is None) == diagnostics.failed
    return None if entries is None else [entry.written for entry in entries]


def list_claude(*names: str) -> tuple[list[str], list[str]]:
    diagnostics = FileDiagnostics("a.md")
    references = read_claude_tool_list([ToolEntry(name, 3) for name in names], diagnostics)
    return [_show(reference) for reference in references], [one.rule for one in diagnostics.collect()]


def list_copilot(*names: str) -> tuple[list[str], list[str]]:
    diagnostics = FileDiagnostics("a.agent.md")
    references = read_copilot_tool_list([ToolEntry(name, 3) for name in names], diagnostics)
    return [_show(reference) for reference in references], [one.rule for one in diagnostics.collect()]


def _show(reference: ToolReference) -> str:
    return reference.pattern or f"{reference.server}:{reference.tool or '*'}"


@pytest.mark.parametrize(
    "line",
    [
        "tools: Read, Bash(git log:*, x), Edit",
        "tools: Read Bash(git log:*, x) Edit",
        "tools: [Read, 'Bash(git log:*, x)', Edit]",
        "tools:\n  - Read\n  - Bash(git log:*, x)\n  - Edit",
        "tools: {Read: true, 'Bash(git log:*, x)': true, Edit: true}",
        "tools: Read, Bash(git log:*, x), Edit: ",
    ][:5],
)
def test_a_list_is_the_same_in_every_shape(line: str) -> None:
    assert read_list(line) == ["Read", "Bash(git log:*, x)", "Edit"]


def test_names_with_spaces_stay_whole_where_spaces_do_not_separate() -> None:
    assert read_list("tools: Microsoft Docs, Azure MCP/docs", at_spaces=False) == [
        "Microsoft Docs",
        "Azure MCP/docs",
    ]


@pytest.mark.parametrize("line", ["tools:", "tools: []", "tools: ''"])
def test_a_list_that_names_nothing_is_no_tools_and_not_all(line: str) -> None:
    assert read_list(line) == []


@pytest.mark.parametrize(
    "line",
    [
        "tools: [Read] | [Write]",
        "tools: {Read: false}",
        "tools: [Read, 3]",
        "tools: Bash(git, Read",
        "tools: 3.5)",
    ],
)
def test_a_list_that_cannot_be_read_with_certainty_is_none(line: str) -> None:
    assert read_list(line) is None


def test_parentheses_hold_their_text_together() -> None:
    assert split_tool_text("A(b(c, d), e),F", at_spaces=True) == ["A(b(c, d), e)", "F"]


def test_every_name_of_the_tables_means_tools_that_exist() -> None:
    for table in (CLAUDE_TOOLS, COPILOT_TOOLS):
        assert {tool for tools in table.values() for tool in tools} <= set(BUILTIN_TOOLS)


def test_claude_names_become_ours_once_each() -> None:
    references, rules = list_claude(
        "Read", "Grep", "Glob", "Write", "Edit", "Bash", "mcp__db__query", "mcp__web", "*"
    )
    assert references == ["file.read", "file.search", "file.edit", "shell.run", "db:query", "web:*", "*"]
    assert rules == []


def test_reading_a_shells_output_gives_no_shell() -> None:
    assert list_claude("Read", "BashOutput", "KillShell")[0] == ["file.read"]
    assert list_claude("BashOutput", "Bash") == (["shell.run"], [])
    assert list_copilot("read", "runTests", "execute/getTerminalOutput")[0] == ["file.read"]
    assert list_copilot("execute", "runTests") == (["shell.run"], [])


def test_an_argument_in_a_list_confines_the_tool() -> None:
    diagnostics = FileDiagnostics("a.md")
    reference = read_claude_tool_list([ToolEntry("Bash(git log:*)", 3)], diagnostics)[0]
    assert reference.where == PrefixMatch(argument="command", value="git log")
    assert read_claude_tool_list([ToolEntry("Bash(a\\*:*)", 3)], diagnostics) == ()
    assert [one.rule for one in diagnostics.collect()] == ["tools.argument_left_out"]


def test_names_that_mean_nothing_are_reported_by_name_and_left_out() -> None:
    diagnostics = FileDiagnostics("a.md")
    assert read_claude_tool_list([ToolEntry("Raed", 3), ToolEntry("editFiles", 3)], diagnostics) == ()
    foreign, unknown = diagnostics.collect()
    assert "`editFiles`" in foreign.message and "`Edit`" in foreign.remedy
    assert "`Raed`" in unknown.message and unknown.line == 3


def test_a_path_is_a_built_in_when_its_head_is_an_alias_and_else_a_servers_tool() -> None:
    references, rules = list_copilot(
        "search/codebase", "search/*", "web", "github/*", "github/get issue", "context7", "vscode/memory"
    )
    assert references == [
        "file.search",
        "web.fetch",
        "web.search",
        "github:*",
        "github:get%20issue",
        "context7:*",
    ]
    assert rules == ["tools.no_counterpart"]


def test_a_servers_name_is_spelled_as_in_claude_code() -> None:
    assert spell_server("my db.1") == "my_db_1"
    assert spell_server("db", plugin="data-kit") == "plugin_data-kit_db"
