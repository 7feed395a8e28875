"""A Markdown file's frontmatter: split from the body by bytes, read as YAML 1.2, repaired where unambiguous (B-14)."""

import re
from typing import Any

from msgspec import Struct

from yoi_bundle.authoring.drafts.diagnostics import FileDiagnostics
from yoi_bundle.authoring.formats.frontmatter_repair import Repair, repair_frontmatter
from yoi_bundle.authoring.formats.yaml_mapping import YamlFault, YamlMapping, parse_mapping
from yoi_bundle.limits import DEFAULT_LIMITS, Limits

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_OPENING = re.compile(rb"(?:\xef\xbb\xbf)?---[ \t]*\r?\n")
_CLOSING = re.compile(rb"^---[ \t]*\r?(?:\n|\Z)", re.MULTILINE)
_LONE_RETURN = re.compile(r"\r(?!\n)")
_SCALAR_LINE = re.compile(r"[^:]*:[ \t]+(?P<text>.*?)(?:[ \t]+#.*)?[ \t\r]*$")

_REMEDIES = {
    "syntax": "put the value in quotes, or indent the lines that belong to it",
    "mark": "put the value in quotes; anchors, aliases and tags are not taken",
    "repeated": "keep one of the two",
    "depth": "nest less deeply",
    "shape": "write one `key: value` a line",
}


class Frontmatter(Struct, frozen=True, kw_only=True):
    """A file cut in two; the bytes of each part are the file's own.

    Attributes:
        header: What stands between the fences; None when the file does not begin with a fence, or it never closes.
        body: What follows the closing fence; the whole file when there is no header.
        body_line: The line on which the body starts, from 1.
        closed: False when a fence opens and none closes it.
        marked: Whether a byte order mark stands before the opening fence.
    """

    header: bytes | None
    body: bytes
    body_line: int = 1
    closed: bool = True
    marked: bool = False


class FrontmatterField(Struct, frozen=True, kw_only=True):
    """One key with its value.

    Attributes:
        line: In the file, from 1.
        value: As YAML 1.2 understands it: str, bool, int, float, None, list or dict.
        text: A scalar or one-line collection as its author spelled it, so that `version: 1.0` stays `1.0`; for a
            string its value; empty for what spans lines.
        repaired: Whether the value was not YAML and was taken as text.
    """

    line: int
    value: Any
    text: str
    repaired: bool = False


def split_frontmatter(data: bytes) -> Frontmatter:
    """Cut a file at its fences: lines of `---`, the first one at the very start (after a byte order mark)."""
    opening = _OPENING.match(data)
    if opening is None:
        return Frontmatter(header=None, body=data)
    closing = _CLOSING.search(data, opening.end())
    if closing is None:
        return Frontmatter(header=None, body=data, closed=False)
    return Frontmatter(
        header=data[opening.end() : closing.start()],
        body=data[closing.end() :],
        body_line=data.count(b"\n", 0, closing.end()) + 1,
        marked=data.startswith(BYTE_ORDER_MARK),
    )


def read_frontmatter(
    parts: Frontmatter, diagnostics: FileDiagnostics, *, limits: Limits = DEFAULT_LIMITS
) -> dict[str, FrontmatterField] | None:
    """Read the header's fields, in the author's order; a file without one has none.

    Never raises on bad input: the answer is None then, and an error says why.
    """
    if not parts.closed:
        diagnostics.error(
            "frontmatter.unclosed",
            1,
            "a fence opens and none closes it",
            "add a line `---` after the last key",
        )
        return None
    if parts.header is None:
        return {}
    if len(parts.header) > limits.frontmatter_bytes:
        size = f"{len(parts.header)} bytes, at most {limits.frontmatter_bytes} allowed"
        diagnostics.error("frontmatter.too_large", 2, size, "move text below the closing fence")
        return None
    try:
        text = parts.header.decode("utf-8")
    except UnicodeDecodeError as error:
        line = 2 + parts.header.count(b"\n", 0, error.start)
        diagnostics.error("frontmatter.not_utf8", line, "bytes that are not UTF-8", "save the file as UTF-8")
        return None
    if (lone := _LONE_RETURN.search(text)) is not None:
        line = 2 + text.count("\n", 0, lone.start())
        message = (
            "a carriage return without its line feed, which readers of YAML take for a line's end or not"
        )
        diagnostics.error("frontmatter.malformed", line, message, "end lines with a line feed")
        return None
    parsed = parse_mapping(text, max_depth=limits.depth)
    repairs: tuple[Repair, ...] = ()
    if isinstance(parsed, YamlFault):
        repaired = repair_frontmatter(text, max_depth=limits.depth)
        if isinstance(repaired, YamlFault):
            diagnostics.error(
                "frontmatter.duplicate_key" if repaired.kind == "repeated" else "frontmatter.malformed",
                2 + repaired.line,
                repaired.message,
                _REMEDIES[repaired.kind],
            )
            return None
        parsed, repairs = repaired.mapping, repaired.repairs
    if parts.marked:
        diagnostics.warn(
            "frontmatter.byte_order_mark", 1, "begins with a byte order mark", "save the file without one"
        )
    for repair in repairs:
        _report_repair(repair, diagnostics)
    return _make_fields(parsed, text, frozenset(repair.key for repair in repairs))


def _report_repair(repair: Repair, diagnostics: FileDiagnostics) -> None:
    key = f"the value of `{repair.key[:40]}`"
    if not repair.as_text:
        message, remedy = f"{key} has a closing bracket that is not indented", "indent it below its key"
    elif repair.lines == 1:
        message, remedy = f"{key} is not YAML; taken as text", "put the value in quotes"
    else:
        message = f"{key} is not YAML; taken as text with the {repair.lines - 1} lines after it"
        remedy = "write it as a block: `|` and indented lines"
    diagnostics.warn("frontmatter.repaired", 2 + repair.line, message, remedy)


def _make_fields(mapping: YamlMapping, text: str, repaired: frozenset[str]) -> dict[str, FrontmatterField]:
    lines = text.split("\n")
    return {
        key: FrontmatterField(
            line=2 + mapping.lines[key],
            value=value,
            text=value if isinstance(value, str) else _find_spelling(lines, mapping.lines[key], value),
            repaired=key in repaired,
        )
        for key, value in mapping.values.items()
    }


def _find_spelling(lines: list[str], number: int, value: object) -> str:
    match = _SCALAR_LINE.match(lines[number])
    if match is None or value is None:
        return ""
    closed = not isinstance(value, list | dict) or match["text"].endswith(("]", "}"))
    return match["text"] if closed else ""
