"""JSON as people write it in configuration files, read strictly, with the line of every value (B-14)."""

import json
import re
from typing import Any

from msgspec import Struct

from yoi_bundle.canonical import compute_depth
from yoi_bundle.diagnostics import Diagnostic
from yoi_bundle.faults import join_pointer
from yoi_bundle.limits import DEFAULT_LIMITS, Limits

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},:\n]')
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


class JsonReading(Struct, frozen=True, kw_only=True):
    """Attributes: document: None when the file was refused, which `diagnostics` explain."""

    document: JsonDocument | None
    diagnostics: tuple[Diagnostic, ...] = ()


def read_json(data: bytes, *, file: str, limits: Limits = DEFAULT_LIMITS) -> JsonReading:
    """Parse a file; comments, duplicate keys, NaN and lone surrogates are refused, a byte order mark is reported.

    Never raises on bad input.
    """
    found: list[Diagnostic] = []
    if data.startswith(_BYTE_ORDER_MARK):
        data = data[len(_BYTE_ORDER_MARK) :]
        found.append(
            _warn(file, "json.byte_order_mark", "begins with a byte order mark", "save it without one")
        )
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = 1 + data.count(b"\n", 0, error.start)
        return _refuse(file, line, "json.not_utf8", "bytes that are not UTF-8", "save the file as UTF-8")
    if compute_depth(data) > limits.depth:
        message = f"arrays and objects nest deeper than {limits.depth}"
        return _refuse(file, 1, "json.too_deep", message, "nest less deeply")
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except json.JSONDecodeError as error:
        return _refuse_syntax(error, text, file)
    except (ValueError, RecursionError):
        message = "a number or a text that JSON between programs cannot hold"
        return _refuse(file, 1, "json.malformed", message, "write finite numbers and whole characters")
    lines, repeated = _find_lines(text)
    if repeated is not None:
        message = "a key stands twice in one object"
        return _refuse(file, repeated, "json.duplicate_key", message, "keep one of the two")
    return JsonReading(document=JsonDocument(value, lines), diagnostics=tuple(found))


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def _refuse_syntax(error: json.JSONDecodeError, text: str, file: str) -> JsonReading:
    if _COMMENT.match(text, error.pos):
        message = "a comment; JSON has none"
        return _refuse(file, error.lineno, "json.comment", message, "take the comments out")
    return _refuse(
        file, error.lineno, "json.malformed", f"not JSON: {error.msg}", "correct the line or the one before"
    )


def _find_lines(text: str) -> tuple[dict[str, int], int | None]:
    """Walk the tokens of valid JSON; return pointer → line, and the line of the first repeated key."""
    lines = {"": 1}
    repeated: int | None = None
    line = 1
    stack: list[tuple[str, int | None]] = []  # pointer of an open container, next index of an array
    pending = ""
    for token in _TOKEN.finditer(text):
        sign = token.group()
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


def _warn(file: str, rule: str, message: str, remedy: str) -> Diagnostic:
    return Diagnostic(severity="warning", rule=rule, file=file, line=1, message=message, remedy=remedy)


def _refuse(file: str, line: int, rule: str, message: str, remedy: str) -> JsonReading:
    fault = Diagnostic(severity="error", rule=rule, file=file, line=line, message=message, remedy=remedy)
    return JsonReading(document=None, diagnostics=(fault,))
