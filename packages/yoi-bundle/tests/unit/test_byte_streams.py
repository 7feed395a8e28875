"""Byte streams give their bytes in pieces."""

import io

from yoi_bundle.archive import read_exactly


class PiecewiseStream:
    """Gives a body in small pieces."""

    def __init__(self, data: bytes, piece: int) -> None:
        self._inner = io.BytesIO(data)
        self._piece = piece

    def read(self, size: int = -1, /) -> bytes:
        return self._inner.read(self._piece if size < 0 else min(size, self._piece))


def test_exactly_as_many_bytes_are_read_as_asked_for() -> None:
    assert read_exactly(PiecewiseStream(b"abcdef", 2), 5) == b"abcde"
    assert read_exactly(PiecewiseStream(b"abc", 2), 5) == b"abc"
