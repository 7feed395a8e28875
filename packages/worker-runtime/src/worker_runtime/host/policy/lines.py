"""Where in a host policy file a key stands, each `[[workspace]]` counted for itself."""

import re
from itertools import pairwise

from yoi_bundle.authoring.formats.toml_document import TomlDocument, read_toml

_WORKSPACE = re.compile(r"^\s*\[\[\s*workspace\s*\]\]", re.MULTILINE)
_INDEX = re.compile(r"/workspace/(\d+)")


class PolicyLines:
    """Lines, from 1, of the places in a file that parsed."""

    def __init__(self, data: bytes, document: TomlDocument) -> None:
        self._text = data.decode("utf-8")
        self._whole = document
        starts = [match.start() for match in _WORKSPACE.finditer(self._text)]
        bounds = [*starts, len(self._text)]
        self._parts = [self._parse(start, end) for start, end in pairwise(bounds)]

    def find(self, pointer: str) -> int:
        """Return the line of the nearest place at or above a pointer; 0 when there is none."""
        index = _INDEX.match(pointer)
        part = None
        if index is not None and int(index[1]) < len(self._parts):
            part = self._parts[int(index[1])]
        document = part or self._whole
        steps = tuple(step for step in pointer.split("/")[1:] if not step.isdigit())
        # A table that stands only in the headers of those below it has no line of its own.
        below = [line for key, line in document.lines.items() if key[: len(steps)] == steps]
        return min(below) if below and steps else document.find_line(pointer)

    def find_text(self, pointer: str, text: str) -> int:
        """Return the first line at or below a place that holds a text; the place's own when none does."""
        line = self.find(pointer)
        rows = self._text.split("\n")
        return next((number for number in range(line, len(rows) + 1) if text in rows[number - 1]), line)

    def _parse(self, start: int, end: int) -> TomlDocument | None:
        """Parse one workspace alone, with as many empty lines before it as it has lines above."""
        above = self._text.count("\n", 0, start)
        found = read_toml(("\n" * above + self._text[start:end]).encode(), "policy")
        return found if isinstance(found, TomlDocument) else None
