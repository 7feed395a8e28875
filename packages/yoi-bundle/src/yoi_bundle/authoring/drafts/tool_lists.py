"""Tool lists of frontmatter: from any of their four shapes to entries, split only outside parentheses (B-14)."""

import re

from msgspec import Struct

from yoi_bundle.authoring.drafts.diagnostics import FileDiagnostics
from yoi_bundle.authoring.drafts.draft import ToolReference
from yoi_bundle.authoring.formats.frontmatter import FrontmatterField
from yoi_bundle.vocabulary import BUILTIN_TOOLS

_ENTRY = re.compile(
    r"\*|[A-Za-z_@][\w.@*/:+-]*(?: [A-Za-z][\w.-]*)*(?:/[\w.*-]+)?(?:\([^()]*(?:\([^()]*\)[^()]*)*\))?"
)


_EMPTY = {
    "disallowedTools": "so it forbids nothing",
    "disallowed-tools": "so it forbids nothing",
    "allowed-tools": "so nothing passes unasked",
}


class ToolEntry(Struct, frozen=True):
    """One entry as written, with its line from 1."""

    written: str
    line: int


def split_tool_text(text: str, *, at_spaces: bool) -> list[str]:
    """Split at commas, and at spaces when names have none, outside parentheses."""
    parts: list[str] = [""]
    depth = 0
    for character in text:
        if character == "(":
            depth += 1
        elif character == ")":
            depth = max(0, depth - 1)
        if depth == 0 and (character in ",\n" or (at_spaces and character.isspace())):
            parts.append("")
        else:
            parts[-1] += character
    return [part.strip() for part in parts if part.strip()]


def read_tool_entries(
    field: FrontmatterField, *, key: str, diagnostics: FileDiagnostics, at_spaces: bool
) -> tuple[ToolEntry, ...] | None:
    """Read a tool list: a text, a list, a mapping of names to true, or nothing, which is an empty list.

    Args:
        field: The frontmatter's value.
        key: Its key, for diagnostics.
        diagnostics: Gets an error when the answer is None: the list cannot be read with certainty, and the item that
            it confines has to go.
        at_spaces: Whether spaces separate names in this dialect.
    """
    texts = _list_texts(field)
    if texts is None:
        message = f"`{key}` is neither a text nor a list of texts"
        diagnostics.error("tools.unreadable", field.line, message, f"write `{key}: A, B` or a list")
        return None
    entries = [part for text in texts for part in split_tool_text(text, at_spaces=at_spaces)]
    if not all(_ENTRY.fullmatch(entry) for entry in entries):
        message = f"`{key}` holds an entry that is no tool's name"
        diagnostics.error("tools.unreadable", field.line, message, f"write `{key}: A, B(C)` or a list")
        return None
    if not entries and field.value != []:
        what = "taken as no tools at all" if key == "tools" else _EMPTY.get(key, "it changes nothing")
        message = f"`{key}` is there and names nothing; {what}"
        remedy = f"name tools, write `{key}: []` for none, or take the key out"
        diagnostics.warn("tools.empty", field.line, message, remedy)
    return tuple(ToolEntry(entry, field.line) for entry in entries)


def list_every_tool(line: int, *, without: str = "", servers: bool = True) -> tuple[ToolReference, ...]:
    """Write "all tools" out as a list, for a restriction that only a list can say.

    Args:
        line: Of the key that restricts.
        without: A built-in tool to leave out, because it is confined by entries of its own.
        servers: Whether all MCP servers are among them.
    """
    families = ("http:*", "plugin:*", *(("mcp:*",) if servers else ()))
    patterns = [name for name in BUILTIN_TOOLS if name != without]
    return tuple(
        ToolReference(written=pattern, line=line, pattern=pattern) for pattern in (*patterns, *families)
    )


def _list_texts(field: FrontmatterField) -> list[str] | None:
    match field.value:
        case None:
            return []
        case str() as text:
            return [text]
        case list() as items if all(isinstance(item, str) for item in items):
            return [item.strip() for item in items if item.strip()]
        case dict() as mapping if all(isinstance(name, str) and on is True for name, on in mapping.items()):
            return list(mapping)
        case _:
            return None
