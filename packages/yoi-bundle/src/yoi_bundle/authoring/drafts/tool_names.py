"""Tool lists of frontmatter: from any of their four shapes to entries, split only outside parentheses (B-14)."""

import re
from collections.abc import Iterator

from msgspec import Struct

from yoi_bundle.authoring.formats.frontmatter import FrontmatterField
from yoi_bundle.diagnostics import Diagnostic

_ENTRY = re.compile(
    r"\*|[A-Za-z_@][\w.@*/:+-]*(?: [A-Za-z][\w.-]*)*(?:/[\w.*-]+)?(?:\([^()]*(?:\([^()]*\)[^()]*)*\))?"
)


class ToolEntry(Struct, frozen=True):
    """One entry as written, with its line from 1."""

    written: str
    line: int


class ToolEntries(Struct, frozen=True, kw_only=True):
    """Attributes: entries: None when the list cannot be read with certainty; the item that it confines has to go."""

    entries: tuple[ToolEntry, ...] | None
    diagnostics: tuple[Diagnostic, ...] = ()


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


def read_tool_entries(field: FrontmatterField, *, key: str, file: str, at_spaces: bool) -> ToolEntries:
    """Read a tool list: a text, a list, a mapping of names to true, or nothing, which is an empty list.

    Args:
        field: The frontmatter's value.
        key: Its key, for diagnostics.
        file: For diagnostics.
        at_spaces: Whether spaces separate names in this dialect.
    """
    texts = _list_texts(field)
    if texts is None:
        message = f"`{key}` is neither a text nor a list of texts"
        return _refuse(file, field.line, "tools.unreadable", message, f"write `{key}: A, B` or a list")
    entries: list[ToolEntry] = []
    for text in texts:
        for part in split_tool_text(text, at_spaces=at_spaces):
            if not _ENTRY.fullmatch(part):
                message = f"`{key}` holds an entry that is no tool's name"
                return _refuse(
                    file, field.line, "tools.unreadable", message, f"write `{key}: A, B(C)` or a list"
                )
            entries.append(ToolEntry(part, field.line))
    diagnostics = () if entries or field.value == [] else (_report_empty(key, file, field.line),)
    return ToolEntries(entries=tuple(entries), diagnostics=diagnostics)


def _list_texts(field: FrontmatterField) -> list[str] | None:
    match field.value:
        case None:
            return []
        case str() as text:
            return [text]
        case list() as items if all(isinstance(item, str) for item in items):
            return list(_iterate_items(items))
        case dict() as mapping if all(isinstance(name, str) and on is True for name, on in mapping.items()):
            return list(mapping)
        case _:
            return None


def _iterate_items(items: list[str]) -> Iterator[str]:
    for item in items:
        if item.strip():
            yield item.strip()


def _report_empty(key: str, file: str, line: int) -> Diagnostic:
    return Diagnostic(
        severity="warning",
        rule="tools.empty",
        file=file,
        line=line,
        message=f"`{key}` is there and names nothing; taken as no tools at all",
        remedy=f"name tools, write `{key}: []` for none, or take the key out",
    )


def _refuse(file: str, line: int, rule: str, message: str, remedy: str) -> ToolEntries:
    fault = Diagnostic(severity="error", rule=rule, file=file, line=line, message=message, remedy=remedy)
    return ToolEntries(entries=None, diagnostics=(fault,))
