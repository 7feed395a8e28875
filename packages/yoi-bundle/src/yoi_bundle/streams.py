"""Byte streams, read to an exact length."""

from typing import Protocol

_CHUNK_BYTES = 65_536


class ByteStream(Protocol):
    """Anything with `read(size)`: a file, a socket's file, `io.BytesIO`."""

    def read(self, size: int = -1, /) -> bytes: ...


def read_exactly(stream: ByteStream, size: int) -> bytes:
    """Read `size` bytes, or fewer at the end; a raw stream may give them in pieces."""
    read = bytearray()
    while len(read) < size and (chunk := stream.read(min(_CHUNK_BYTES, size - len(read)))):
        read += chunk
    return bytes(read)
