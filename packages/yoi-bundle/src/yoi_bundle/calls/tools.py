"""Which calls a tool pattern takes."""

from collections.abc import Callable


def compile_tool_pattern(pattern: str, *, liberal: bool) -> Callable[[str], bool]:
    """Return a test for full tool names.

    `mcp:a/b` may be the tool `b` of the server `a`, or the whole server `a/b`. An allow rule or a tool list means
    the tool; a server with a slash in its id is written `mcp:a/b/*` there. A liberal test takes both.
    """
    if pattern == "*":
        return lambda tool: True
    kind, colon, rest = pattern.partition(":")
    if not colon:
        if pattern.endswith(".*"):
            family = pattern[:-1]
            return lambda tool: tool.startswith(family) and ":" not in tool
        return lambda tool: tool == pattern
    if rest == "*":
        head = f"{kind}:"
        return lambda tool: tool.startswith(head)
    if kind == "http":
        return lambda tool: tool == pattern
    return _compile_member(pattern, liberal=liberal)


def matches_tool_call(pattern: str, tool: str) -> bool:
    """Tell whether a pattern of a tool list takes calls of this tool."""
    return compile_tool_pattern(pattern, liberal=False)(tool)


def _compile_member(pattern: str, *, liberal: bool) -> Callable[[str], bool]:
    if pattern.endswith("/*"):
        owner = pattern[:-2]
        return lambda tool: tool == owner or tool.rpartition("/")[0] == owner
    below = f"{pattern}/"
    if liberal:
        return lambda tool: tool == pattern or tool.startswith(below)
    if "/" not in pattern:
        return lambda tool: tool == pattern or tool.rpartition("/")[0] == pattern
    return lambda tool: tool == pattern
