"""Where YAML text declares keys and marks nodes, found before any parser expands it (B-14).

A parser takes duplicate keys in silence, and twenty lines of aliases cost it seconds. This scanner sees both first. It
knows just enough YAML to tell keys and node starts from text: indentation, quotes, block scalars, flow collections.
"""

import re
from collections.abc import Mapping, Sequence

from msgspec import Struct

_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"|\'(?:[^\']|\'\')*\'')
_QUOTED_END = {'"': re.compile(r'(?:[^"\\]|\\.)*"'), "'": re.compile(r"(?:[^']|'')*'(?!')")}
_QUOTED_KEY_END = re.compile(r"\s*:(?=\s|$)")
_KEY_END = re.compile(r":(?=\s|$)")
_FLOW_PLAIN = re.compile(r"[^,\[\]{}:\s]+|:(?![\s,\[\]{}]|$)")
_COMMENT = re.compile(r"(?:^|\s)#")


class YamlKey(Struct, frozen=True):
    """A key of the outermost mapping.

    Attributes:
        line: From 0, within the text.
    """

    name: str
    line: int


class YamlMark(Struct, frozen=True):
    """An anchor `&`, alias `*`, tag `!` or complex key `?` at the start of a node."""

    sign: str
    line: int


class YamlStructure(Struct, frozen=True):
    """What stands where.

    Attributes:
        keys: Of the outermost mapping, in order, duplicates included.
        total: Number of keys at all depths. A parser that finds fewer has dropped some.
        repeated: Keys that stand twice in one mapping, at any depth, at the later place.
        depth: How deeply collections nest.
    """

    keys: tuple[YamlKey, ...]
    total: int
    repeated: tuple[YamlKey, ...]
    marks: tuple[YamlMark, ...]
    depth: int


def scan_structure(text: str) -> YamlStructure:
    """Find keys and marks in one pass over the lines; malformed text gives some answer and never raises."""
    scanner = _Scanner()
    for number, line in enumerate(text.split("\n")):
        scanner.scan_line(line.rstrip("\r"), number)
    return YamlStructure(
        keys=tuple(scanner.keys),
        total=scanner.total,
        repeated=tuple(scanner.repeated),
        marks=tuple(scanner.marks),
        depth=scanner.depth,
    )


def count_keys(value: object) -> int:
    """Count the keys of all mappings in a parsed value, to compare with `YamlStructure.total`."""
    total = 0
    pending = [value]
    while pending:
        match pending.pop():
            case Mapping() as mapping:
                total += len(mapping)
                pending.extend(mapping.values())
            case str():
                pass
            case Sequence() as items:
                pending.extend(items)
            case _:
                pass
    return total


class _Scanner:
    def __init__(self) -> None:
        self.keys: list[YamlKey] = []
        self.total = 0
        self.repeated: list[YamlKey] = []
        self.marks: list[YamlMark] = []
        self.depth = 0
        self._open: list[tuple[int, set[str]]] = []  # block mappings: column, keys seen
        self._flow: list[set[str]] = []  # open brackets, each with the keys seen in it
        self._flow_expects_key = False
        self._quote = ""
        self._scalar_parent: int | None = None  # column of the node that holds an open block scalar
        self._plain_parent: int | None = None  # column of the node that holds an open plain scalar

    def scan_line(self, line: str, number: int) -> None:
        stripped = line.lstrip(" ")
        indent = len(line) - len(stripped)
        if self._quote:
            end = _QUOTED_END[self._quote].match(line)
            if end is None:
                return
            self._quote = ""
            if self._flow:
                self._scan_flow(line, end.end(), number)
        elif self._flow:
            self._scan_flow(line, 0, number)
        elif not stripped.strip() or self._continues_scalar(indent):
            return
        else:
            self._scalar_parent = self._plain_parent = None
            if not stripped.startswith("#"):
                self._scan_block(line, indent, number)

    def _continues_scalar(self, indent: int) -> bool:
        """Tell whether a line belongs to a block scalar or a plain one that began before it."""
        parents = (self._scalar_parent, self._plain_parent)
        return any(parent is not None and indent > parent for parent in parents)

    def _scan_block(self, line: str, column: int, number: int) -> None:
        """Scan a line that starts nodes of block collections at `column`."""
        parent = max(column - 1, 0)
        dashes = 0
        while line.startswith("- ", column) or line[column:] == "-":
            self._close_mappings(column + 1)
            parent, dashes = column, dashes + 1
            column += 1 + len(line[column + 1 :]) - len(line[column + 1 :].lstrip(" "))
        self._close_mappings(column + 1)
        self.depth = max(self.depth, len(self._open) + dashes + 1)
        if line.startswith("? ", column):
            self.marks.append(YamlMark("?", number))
            return
        key, after = _split_key(line, column)
        if key is not None:
            self._add_block_key(key, column, number)
            parent = column
            column = after
        self._scan_value(line, column, parent, number)

    def _close_mappings(self, column: int) -> None:
        while self._open and self._open[-1][0] >= column:
            self._open.pop()

    def _add_block_key(self, key: str, column: int, number: int) -> None:
        if not self._open or self._open[-1][0] != column:
            self._open.append((column, set()))
        self._add_key(self._open[-1][1], key, number)
        if column == 0 and len(self._open) == 1:
            self.keys.append(YamlKey(key, number))

    def _add_key(self, seen: set[str], key: str, number: int) -> None:
        self.total += 1
        if "\\" in key or "''" in key:
            self.marks.append(YamlMark("?", number))  # an escape could spell another key's name
        if key in seen:
            self.repeated.append(YamlKey(key, number))
        seen.add(key)

    def _scan_value(self, line: str, column: int, parent: int, number: int) -> None:
        while column < len(line) and line[column] in " \t":
            column += 1
        first = line[column : column + 1]
        if not first or first == "#":
            return
        if first in "&*!":
            self.marks.append(YamlMark(first, number))
        elif first in "|>":
            self._scalar_parent = parent
        elif first in "\"'":
            end = _QUOTED_END[first].match(line, column + 1)
            if end is None:
                self._quote = first
        elif first in "[{":
            self._scan_flow(line, column, number)
        else:
            self._plain_parent = parent

    def _scan_flow(self, line: str, column: int, number: int) -> None:
        """Scan a flow collection from `column` to its end or the line's."""
        while column < len(line):
            sign = line[column]
            column += 1
            if sign in "[{":
                self._flow.append(set())
                self._flow_expects_key = True
                self.depth = max(self.depth, len(self._open) + len(self._flow))
            elif sign in "]}":
                self._flow.pop()
                self._flow_expects_key = False
                if not self._flow:
                    return
            elif sign == ",":
                self._flow_expects_key = True
            elif sign in "\"'":
                end = _QUOTED_END[sign].match(line, column)
                if end is None:
                    self._quote = sign
                    return
                column = self._scan_flow_key(line, line[column : end.end() - 1], end.end(), number)
            elif sign == "#" and (column == 1 or line[column - 2] in " \t"):
                return
            elif sign in "&*!" and (column == 1 or line[column - 2] in " \t[{,:"):
                self.marks.append(YamlMark(sign, number))
            elif sign not in " \t:":
                end = _FLOW_PLAIN.match(line, column - 1)
                stop = end.end() if end else column
                while (more := _FLOW_PLAIN.match(line, stop)) is not None or line[stop : stop + 1] in (
                    " ",
                    "\t",
                ):
                    stop = more.end() if more else stop + 1
                column = self._scan_flow_key(line, line[column - 1 : stop].strip(), stop, number)

    def _scan_flow_key(self, line: str, text: str, column: int, number: int) -> int:
        """Note the scalar that ends at `column` as a key when a colon follows it."""
        rest = line[column:].lstrip(" \t")
        if self._flow_expects_key and rest.startswith(":"):
            self._add_key(self._flow[-1], text, number)
        self._flow_expects_key = False
        return column


def _split_key(line: str, column: int) -> tuple[str | None, int]:
    """Return the key that starts at `column` and where its value begins, or None."""
    if column >= len(line) or line[column] in "[{|>&*!#":
        return None, column
    quoted = _QUOTED.match(line, column)
    if quoted is not None:
        colon = _QUOTED_KEY_END.match(line, quoted.end())
        return (None, column) if colon is None else (quoted.group()[1:-1], colon.end())
    if line[column] in "\"'":
        return None, column
    colon = _KEY_END.search(line, column)
    if colon is None or _COMMENT.search(line, column, colon.start()):
        return None, column
    return line[column : colon.start()].rstrip(), colon.end()
