"""Where one HTTP/1.1 message ends and the next begins (RFC 9112), for a proxy that treats each by itself."""

import asyncio
from collections.abc import AsyncIterator

_PIECE_BYTES = 1024


async def read_head(reader: asyncio.StreamReader) -> bytes | None:
    """Return a message's start line and headers; None when the connection ended before."""
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return None


async def iterate_body(reader: asyncio.StreamReader, head: bytes) -> AsyncIterator[bytes]:
    """Yield the bytes of a message's body as they come, chunk sizes and all.

    Raises:
        asyncio.IncompleteReadError: The connection ended within it.
    """
    headers = _parse_headers(head)
    if "chunked" in headers.get("transfer-encoding", ""):
        async for piece in _iterate_chunks(reader):
            yield piece
        return
    async for piece in _iterate_exactly(reader, find_length(head) or 0):
        yield piece


def find_length(head: bytes) -> int | None:
    """Return the length that a message says of its body."""
    text = _parse_headers(head).get("content-length")
    return int(text) if text is not None else None


def ends_connection(head: bytes) -> bool:
    """Tell whether the connection ends after this message."""
    return _parse_headers(head).get("connection", "").lower() == "close"


async def _iterate_chunks(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    size = -1
    while size != 0:
        line = await reader.readuntil(b"\r\n")
        yield line
        size = int(line.partition(b";")[0], 16)
        async for piece in _iterate_exactly(reader, size + 2):
            yield piece


async def _iterate_exactly(reader: asyncio.StreamReader, count: int) -> AsyncIterator[bytes]:
    while count:
        piece = await reader.read(min(count, _PIECE_BYTES))
        if not piece:
            raise asyncio.IncompleteReadError(b"", count)
        count -= len(piece)
        yield piece


def _parse_headers(head: bytes) -> dict[str, str]:
    lines = head.decode("latin-1").split("\r\n")[1:]
    pairs = (line.partition(":") for line in lines if line)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}
