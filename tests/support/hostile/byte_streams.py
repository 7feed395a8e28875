"""Bytes as they come over a network: in pieces of any length."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Iterable
from typing import TypeVar

Member = TypeVar("Member")


async def stream_pieces(pieces: Iterable[bytes]) -> AsyncIterator[bytes]:
    """Yield the pieces, one at a time."""
    for piece in pieces:
        yield piece


def cut_evenly(data: bytes, size: int) -> list[bytes]:
    """Cut data into pieces of `size` bytes, the last one shorter."""
    return [data[start : start + size] for start in range(0, len(data), size)]


def collect(stream: AsyncIterable[Member]) -> list[Member]:
    """Run a stream to its end, in an event loop of its own."""

    async def run() -> list[Member]:
        return [member async for member in stream]

    return asyncio.run(run())
