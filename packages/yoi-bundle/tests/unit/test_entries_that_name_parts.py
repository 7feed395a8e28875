"""`mcp:a/b` in a list is the tool b of the server a, never a server whose id is a/b (S-11)."""

import pytest

from yoi_bundle.closure import matches_tool, spell_entry
from yoi_bundle.manifest import Ask, HttpServer, McpServer, ToolList
from yoi_bundle.selection import select_tools

pytestmark = pytest.mark.req("S-11")

_SERVERS = {
    name: McpServer(transport=HttpServer(url="https://tools.example/mcp")) for name in ("mcp:a", "mcp:a/b")
}


def _select(
    *patterns: str, servers: tuple[str, ...] = ("mcp:a", "mcp:a/b")
) -> dict[str, frozenset[str] | None]:
    tools = {name: _SERVERS[name] for name in servers}
    selected = select_tools(tools, ToolList(tools={pattern: Ask() for pattern in patterns}))
    return {name: taken.exposes for name, taken in selected.items()}


def test_an_entry_with_a_slash_takes_one_tool_and_no_server_of_that_name() -> None:
    assert _select("mcp:a/b") == {"mcp:a": frozenset({"b"})}


def test_where_there_is_no_such_server_it_takes_the_one_that_is_called_so() -> None:
    assert _select("mcp:a/b", servers=("mcp:a/b",)) == {"mcp:a/b": None}
    assert spell_entry("plugin:workspace:p/t", {"plugin:workspace:p/t"}) == "plugin:workspace:p/t/*"
    both = {"plugin:workspace:p", "plugin:workspace:p/t"}
    assert spell_entry("plugin:workspace:p/t", both) == "plugin:workspace:p/t"


def test_a_server_with_a_slash_is_taken_by_its_id_and_a_star() -> None:
    assert _select("mcp:a/b/*") == {"mcp:a/b": None}


def test_a_tool_of_a_server_with_a_slash_is_taken_by_both_names() -> None:
    assert _select("mcp:a/b/c") == {"mcp:a/b": frozenset({"c"})}


@pytest.mark.parametrize("pattern", ["*", "mcp:*", "mcp:a"])
def test_entries_without_a_slash_mean_what_they_say(pattern: str) -> None:
    assert matches_tool(pattern, "mcp:a")
    assert matches_tool(pattern, "mcp:a/b") == (pattern != "mcp:a")
