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


def read_toml(data: bytes, file: str) -> TomlDocument | Diagnostic:
    """Parse a file; what is wrong with it is a diagnostic, not an exception."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return _malformed(file, line, "bytes that are not UTF-8")
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
