"""The textual form of calls."""

import pytest

from yoi_bundle.call_text import CallTextError, parse_call
from yoi_bundle.calls import ToolCall

pytestmark = pytest.mark.req("S-11")


@pytest.mark.parametrize(
    ("text", "call"),
    [
        ("shell.run(command: echo (a) b)", ToolCall("shell.run", {"command": "echo (a) b"})),
        ("file.read(path:a)", ToolCall("file.read", {"path": "a"})),
        ("file.search", ToolCall("file.search")),
        ("user.ask()", ToolCall("user.ask")),
        ("mcp:a/b(q: x)", ToolCall("mcp:a/b", {"q": "x"})),
        (
            "file.search(path: docs, pattern: a, b: c)",
            ToolCall("file.search", {"path": "docs", "pattern": "a, b: c"}),
        ),
        ("mcp:a/b(q: x,limit:10)", ToolCall("mcp:a/b", {"q": "x", "limit": "10"})),
        ("shell.run(command: echo a, path: b)", ToolCall("shell.run", {"command": "echo a, path: b"})),
        ('mcp:a/b({"q": "x, limit: 10"})', ToolCall("mcp:a/b", {"q": "x, limit: 10"})),
        ("user.ask({})", ToolCall("user.ask")),
    ],
)
def test_a_call_is_a_tool_and_perhaps_arguments(text: str, call: ToolCall) -> None:
    assert parse_call(text) == call


@pytest.mark.parametrize(
    "text",
    [
        "",
        "shell.run(ls)",
        "shell.walk",
        "shell.run(cmd: ls)",
        "a b",
        "file.read(path: x",
        "file.read(path: a, path: b)",
        "user.ask(why: not)",
        'file.read({"path": 1})',
        'file.read({"path": "a", "line": "1"})',
        'file.read({"path": "a"} )x)',
    ],
)
def test_what_is_no_call_is_refused(text: str) -> None:
    with pytest.raises(CallTextError):
        parse_call(text)
