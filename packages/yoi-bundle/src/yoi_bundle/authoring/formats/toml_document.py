"""TOML with the line of each key, and with decimal numbers kept as text (B-01: a manifest holds no floats)."""

import re
import tomllib
from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from yoi_bundle.diagnostics import Diagnostic

_HEADER = re.compile(r"\s*\[\[?([^\]]+)\]\]?\s*(?:#.*)?$")
_KEY = re.compile(
    r"\s*((?:\"[^\"]*\"|'[^']*'|[A-Za-z0-9_-]+)(?:\s*\.\s*(?:\"[^\"]*\"|'[^']*'|[A-Za-z0-9_-]+))*)\s*="
)
_STEP = re.compile(r"\"([^\"]*)\"|'([^']*)'|([^\s.\"']+)")
_STRUCTURE = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}'  # a text of several lines, which may end in quotes of its own
    r"|'''.*?'{3,5}"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'[^'\n]*'"
    r"|#[^\n]*"
    r"|[\[\]{}\n]",
    re.DOTALL,
)
_KEY_PART = re.compile(r"\"\"\"|'''|[\"']|\.|[A-Za-z0-9_-]+|[ \t]+|#[^\n]*|\n|[^\n]")
_QUOTES = frozenset({'"', "'", '"""', "'''"})
_IS_IN_KEY = re.compile(r"[A-Za-z0-9_-]+|[ \t]+")
_ESCAPE_OR_QUOTES = re.compile(r"\\.|\"+", re.DOTALL)

MAX_TOML_BYTES = 256 * 1024
MAX_KEY_STEPS = 32
MAX_TOML_DEPTH = 32
_AT_LINE = re.compile(r"\(at line (\d+)")


class TomlDocument(Struct, frozen=True, kw_only=True):
    """A parsed file.

    Attributes:
        lines: Line, from 1, of each key and table by its path; of a repeated table, the first.
    """

    values: dict[str, Any]
    lines: dict[tuple[str, ...], int]

    def find_line(self, pointer: str) -> int:
        """Return the line of the nearest place at or above a JSON pointer; 0 when there is none."""
        steps = tuple(step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:])
        for length in range(len(steps), 0, -1):
            line = self.lines.get(tuple(step for step in steps[:length] if not step.isdigit()))
            if line is not None:
                return line
        return 0


def read_toml(data: bytes, file: str, *, max_bytes: int = MAX_TOML_BYTES) -> TomlDocument | Diagnostic:
    """Parse a file; what is wrong with it is a diagnostic, not an exception.

    Size, steps of a key and nesting are bounded before the parser sees a byte: its time and memory grow with the square
    of a dotted key's length.
    """
    if len(data) > max_bytes:
        return _too_large(file, 0, f"{len(data)} bytes, at most {max_bytes} allowed")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return _malformed(file, line, "bytes that are not UTF-8")
    excess = _find_excess(text)
    if excess is not None:
        return _too_large(file, *excess)
    try:
        values = tomllib.loads(text, parse_float=_write_decimal)
    except tomllib.TOMLDecodeError as error:
        found = _AT_LINE.search(str(error))
        return _malformed(file, int(found.group(1)) if found else 0, "not TOML")
    except ValueError:
        # Python bounds the digits of a number that it takes; tomllib lets that error through.
        return _malformed(file, 0, "a number of too many digits")
    except RecursionError:
        return _malformed(file, 0, "nested too deeply")
    return TomlDocument(values=values, lines=_find_lines(text))


def _find_excess(text: str) -> tuple[int, str] | None:
    """Return the line of the first key of too many steps, or of too deep nesting, and which it is; one pass.

    A string counts as one step, whatever is in it. The pass ends at a string that nothing closes: so does the parser.
    """
    line, dots, depth, offset = 1, 0, 0, 0
    while (token := _KEY_PART.match(text, offset)) is not None:
        offset = token.end()
        sign = token.group()
        if sign in _QUOTES:
            end = _find_string_end(text, sign, offset)
            if end is None:
                return None
            line += text.count("\n", offset, end)
            offset = end
        elif sign == ".":
            dots += 1
            if dots > MAX_KEY_STEPS:
                return line, f"a key of more than {MAX_KEY_STEPS} steps"
        elif not _IS_IN_KEY.fullmatch(sign):
            dots = 0
            line += sign.count("\n")
            depth += (sign in "[{") - (sign in "]}")
            if depth > MAX_TOML_DEPTH:
                return line, f"arrays and tables nest more than {MAX_TOML_DEPTH} deep"
    return None


def _find_string_end(text: str, quote: str, offset: int) -> int | None:
    """Return where a string ends that `quote` opened before `offset`, or None when nothing ends it."""
    most = 5 if len(quote) == 3 else 1  # a text of several lines may end in two quotes of its own
    if quote.startswith("'"):
        end = text.find(quote, offset)
        if end < 0:
            return None
        return end + len(quote) + sum(text.startswith("'" * more, end + 3) for more in (1, 2) if most == 5)
    for found in _ESCAPE_OR_QUOTES.finditer(text, offset):
        if found.group().startswith(quote):
            return found.start() + min(len(found.group()), most)
    return None


def _write_decimal(text: str) -> str:
    """Keep a decimal number as its author spelled it, without the separators that TOML allows."""
    return text.replace("_", "")


def _malformed(file: str, line: int, message: str) -> Diagnostic:
    return Diagnostic(
        severity="error",
        rule="toml.malformed",
        file=file,
        line=line,
        message=message,
        remedy="write it as TOML 1.0",
    )


def _too_large(file: str, line: int, message: str) -> Diagnostic:
    return Diagnostic(
        severity="error",
        rule="limit.exceeded",
        file=file,
        line=line,
        message=message,
        remedy="make it smaller, or split it",
    )


def _find_lines(text: str) -> dict[tuple[str, ...], int]:
    lines: dict[tuple[str, ...], int] = {}
    table: tuple[str, ...] = ()
    for number, line in _list_statements(text):
        if header := _HEADER.match(line):
            table = _split_key(header.group(1))
            lines.setdefault(table, number)
        elif key := _KEY.match(line):
            lines.setdefault(table + _split_key(key.group(1)), number)
    return lines


def _list_statements(text: str) -> Iterator[tuple[int, str]]:
    """Yield each line, with its number, that begins neither inside a text nor inside an array of several lines."""
    written = text.split("\n")
    yield 1, written[0]
    number, depth = 1, 0
    for token in _STRUCTURE.finditer(text):
        sign = token.group()
        number += sign.count("\n")
        depth += (sign in "[{") - (sign in "]}")
        if sign == "\n" and depth == 0:
            yield number, written[number - 1]


def _split_key(text: str) -> tuple[str, ...]:
    return tuple(next(part for part in found if part) for found in _STEP.findall(text) if any(found))
