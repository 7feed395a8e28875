"""JSON as people write it in configuration files, read strictly, with the line of every value (B-14)."""

import json
import re
from typing import Any

from msgspec import Struct

from yoi_bundle.authoring.drafts.diagnostics import FileDiagnostics
from yoi_bundle.canonical import compute_depth
from yoi_bundle.faults import join_pointer
from yoi_bundle.limits import DEFAULT_LIMITS, MEBIBYTE, Limits

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
MAX_JSON_BYTES = 2 * MEBIBYTE
MAX_JSON_VALUES = 50_000
"""Commas and colons; the largest settings of the corpora have a thousandth."""

_MAX_POINTER_CHARACTERS = 16 * MEBIBYTE
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},:\n]')
_TEXT_OR_COMMENT = re.compile(r'"(?:[^"\\\n]|\\.)*"|//[^\n]*|/\*.*?\*/', re.DOTALL)
_TEXT_OR_LAST_COMMA = re.compile(r'"(?:[^"\\\n]|\\.)*"|,(?=\s*[}\]])')
_COMMENT = re.compile(r"//|/\*")


class JsonDocument(Struct, frozen=True):
    """A parsed document that knows where its values stand.

    Attributes:
        lines: JSON pointer → line, from 1, of a value's key, or of the value itself in an array.
    """

    value: Any
    lines: dict[str, int]

    def get_line(self, pointer: str) -> int:
        """Return the line of a value, or of the nearest value around it."""
        while pointer and pointer not in self.lines:
            pointer = pointer.rpartition("/")[0]
        return self.lines.get(pointer, 1)


def read_json(
    data: bytes, diagnostics: FileDiagnostics, *, limits: Limits = DEFAULT_LIMITS, comments: bool = False
) -> JsonDocument | None:
    """Parse a file; comments, duplicate keys, NaN and lone surrogates are refused, a byte order mark is reported.

    Never raises on bad input: the answer is None then, and an error says why.

    Args:
        data: The file.
        diagnostics: Gets the faults.
        limits: For the depth.
        comments: Whether comments, and a comma after the last member, are of the format, as in files of VS Code.
    """
    is_marked = data.startswith(_BYTE_ORDER_MARK)
    data = data.removeprefix(_BYTE_ORDER_MARK)
    excess = _find_excess(data)
    if excess is not None:
        diagnostics.error("limit.exceeded", 1, excess, "make it smaller, or split it")
        return None
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = 1 + data.count(b"\n", 0, error.start)
        diagnostics.error("json.not_utf8", line, "bytes that are not UTF-8", "save the file as UTF-8")
        return None
    if comments:
        text = blank_comments(text)
        data = text.encode("utf-8")
    if compute_depth(data) > limits.depth:
        message = f"arrays and objects nest deeper than {limits.depth}"
        diagnostics.error("json.too_deep", 1, message, "nest less deeply")
        return None
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except json.JSONDecodeError as error:
        _report_syntax(error, text, diagnostics)
        return None
    except (ValueError, RecursionError):
        message = "a number or a text that JSON between programs cannot hold"
        diagnostics.error("json.malformed", 1, message, "write finite numbers and whole characters")
        return None
    found = _find_lines(text)
    if found is None:
        message = f"keys of more than {_MAX_POINTER_CHARACTERS} characters with the keys above them"
        diagnostics.error("limit.exceeded", 1, message, "write shorter keys, or nest less deeply")
        return None
    lines, repeated = found
    if repeated is not None:
        diagnostics.error(
            "json.duplicate_key", repeated, "a key stands twice in one object", "keep one of the two"
        )
        return None
    if is_marked:
        diagnostics.warn("json.byte_order_mark", 1, "begins with a byte order mark", "save it without one")
    return JsonDocument(value, lines)


def blank_comments(text: str) -> str:
    """Put spaces for comments and for a last comma, so that every line stays where it is."""

    def blank(match: re.Match[str]) -> str:
        word = match.group()
        return word if word.startswith('"') else "".join("\n" if one == "\n" else " " for one in word)

    without = _TEXT_OR_COMMENT.sub(blank, text)
    return _TEXT_OR_LAST_COMMA.sub(blank, without)


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def _report_syntax(error: json.JSONDecodeError, text: str, diagnostics: FileDiagnostics) -> None:
    if _COMMENT.match(text, error.pos):
        diagnostics.error("json.comment", error.lineno, "a comment; JSON has none", "take the comments out")
    else:
        message = f"not JSON: {error.msg}"
        diagnostics.error("json.malformed", error.lineno, message, "correct the line or the one before")


def _find_excess(data: bytes) -> str | None:
    """Say what is too large, before a parser or a reader of declarations sees any of it."""
    if len(data) > MAX_JSON_BYTES:
        return f"{len(data)} bytes, at most {MAX_JSON_BYTES} allowed"
    values = data.count(b",") + data.count(b":")
    if values > MAX_JSON_VALUES:
        return f"about {values} values, at most {MAX_JSON_VALUES} allowed"
    return None


def _find_lines(text: str) -> tuple[dict[str, int], int | None] | None:
    """Walk the tokens of valid JSON; return pointer → line, and the line of the first repeated key.

    None when the pointers together are too long: each holds the keys above its own.
    """
    left = _MAX_POINTER_CHARACTERS
    lines = {"": 1}
    repeated: int | None = None
    line = 1
    stack: list[tuple[str, int | None]] = []  # pointer of an open container, next index of an array
    pending = ""
    for token in _TOKEN.finditer(text):
        sign = token.group()
        left -= len(stack[-1][0]) + len(sign) if stack else 0
        if left < 0:
            return None
        if sign == "\n":
            line += 1
        elif sign in "{[":
            if stack and stack[-1][1] is not None:
                pending = join_pointer(stack[-1][0], stack[-1][1])
                lines[pending] = line
            stack.append((pending if stack else "", 0 if sign == "[" else None))
        elif sign in "}]":
            stack.pop()
        elif sign == ",":
            pointer, index = stack[-1]
            if index is not None:
                stack[-1] = (pointer, index + 1)
        elif sign.startswith('"') and stack:
            pointer, index = stack[-1]
            if index is not None:
                lines[join_pointer(pointer, index)] = line
            elif _is_key(text, token.end()):
                pending = join_pointer(pointer, json.loads(sign))
                repeated = line if pending in lines and repeated is None else repeated
                lines[pending] = line
    return lines, repeated


def _is_key(text: str, end: int) -> bool:
    while end < len(text) and text[end] in " \t\r\n":
        end += 1
    return text[end : end + 1] == ":"
