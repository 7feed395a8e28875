"""Line and column of places in a text, counted along one pass over it."""

from typing import AnyStr, Generic

MAX_FINDINGS = 200
"""Findings of one kind that are kept of one text; a bound that every check of texts has in common."""


class LineCounter(Generic[AnyStr]):
    """Counts lines up to each place asked for, from the place before: so all of them together cost one pass.

    Args:
        text: The text; lines end at `newline`.
        newline: U+000A, in the type of the text.
    """

    def __init__(self, text: AnyStr, newline: AnyStr) -> None:
        self._text: AnyStr = text
        self._newline: AnyStr = newline
        self._offset = 0
        self._line = 1
        self._line_start = 0

    def locate(self, offset: int) -> tuple[int, int]:
        """Return line and column of an offset, both from 1; offsets never decrease from call to call."""
        newlines = self._text.count(self._newline, self._offset, offset)
        if newlines:
            self._line += newlines
            self._line_start = self._text.rfind(self._newline, self._offset, offset) + 1
        self._offset = offset
        return self._line, offset - self._line_start + 1
