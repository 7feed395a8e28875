"""Tool lists that stand for all tools but some."""

from yoi_bundle.authoring.drafts.draft import ToolWish
from yoi_bundle.vocabulary import BUILTIN_TOOLS


def list_every_tool(line: int, *, without: str = "", servers: bool = True) -> tuple[ToolWish, ...]:
    """Write "all tools" out as a list, for a restriction that only a list can say.

    Args:
        line: Of the key that restricts.
        without: A built-in tool to leave out, because it is confined by wishes of its own.
        servers: Whether all MCP servers are among them.
    """
    families = ("http:*", "plugin:*", *(("mcp:*",) if servers else ()))
    patterns = [name for name in BUILTIN_TOOLS if name != without]
    return tuple(ToolWish(written=pattern, line=line, pattern=pattern) for pattern in (*patterns, *families))
