"""Reader of verified blobs out of a pack: hashed outside of the event loop, in bounded memory (R-04, R-09)."""

import asyncio
import tempfile
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Mapping
from pathlib import Path
from typing import BinaryIO, cast

from msgspec import Struct

from worker_runtime.sync.transfer.pack_parser import PackParser
from yoi_bundle.limits import DEFAULT_LIMITS, Limits

SPOOL_BYTES = 1024 * 1024
"""Blobs above this go through a file."""

# What is taken apart at a time: enough to be worth the way to another thread and back. Pieces are counted as well,
# because a client may send one byte in each.
_LOAD_BYTES = 512 * 1024
_LOAD_PIECES = 64


class PackedBlob(Struct, frozen=True, kw_only=True):
    """One blob whose bytes hash to its digest.

    Attributes:
        size: Length in bytes.
        content: The bytes, or an unnamed file that holds just them; whoever takes the blob closes it.
    """

    digest: str
    size: int
    content: bytes | BinaryIO


async def read_pack(
    pieces: AsyncIterable[bytes],
    expected: Mapping[str, int],
    *,
    spool_directory: Path,
    limits: Limits = DEFAULT_LIMITS,
) -> AsyncGenerator[list[PackedBlob], None]:
    """Yield the blobs of a pack, each verified, some at a time, in the order in which they come.

    Blobs that came before a cut or a fault have been yielded by then, so that they need not be sent again.

    Args:
        pieces: The stream; a piece may end anywhere.
        expected: Digest → size in bytes of the blobs that may come, each at most once.
        spool_directory: Where large blobs lie while they come.
        limits: Bound on a blob.

    Raises:
        RequestInvalidError, DigestMismatchError, LimitExceededError: See `PackParser`.
    """
    unpacking = _Unpacking(expected, spool_directory, limits)
    try:
        async for load in _gather(pieces):
            yield await unpacking.hand_over()
            unpacking.begin(load)
        yield await unpacking.hand_over()
        unpacking.finish()
    except Exception:
        yield await unpacking.hand_over()
        raise
    finally:
        await unpacking.discard()


async def _gather(pieces: AsyncIterable[bytes]) -> AsyncIterator[list[bytes]]:
    """Yield pieces some at a time; those before a failure come before it."""
    held: list[bytes] = []
    held_bytes = 0
    try:
        async for piece in pieces:
            held.append(piece)
            held_bytes += len(piece)
            if held_bytes >= _LOAD_BYTES or len(held) >= _LOAD_PIECES:
                yield held
                held, held_bytes = [], 0
    except Exception:
        yield held
        raise
    yield held


class _Unpacking:
    """A pack that is being taken apart, in a thread, while more of it comes."""

    def __init__(self, expected: Mapping[str, int], directory: Path, limits: Limits) -> None:
        self._incoming = _Incoming(directory)
        self._parser = PackParser(expected, self._incoming, limits=limits)
        self._running: asyncio.Task[None] | None = None

    def begin(self, load: list[bytes]) -> None:
        """Begin with the next pieces; raise what was wrong with those before."""
        self._raise_fault()
        self._running = asyncio.create_task(asyncio.to_thread(self._take, load))

    async def hand_over(self) -> list[PackedBlob]:
        """Return the blobs that have come whole, up to a fault, since the last time."""
        if self._running is not None:
            await asyncio.wait({self._running})
        return self._incoming.take()

    def finish(self) -> None:
        """Raise what was wrong with the last pieces, or that they were not the end of a pack."""
        self._raise_fault()
        self._parser.finish()

    async def discard(self) -> None:
        """Close what nobody has taken."""
        for blob in await self.hand_over():
            if not isinstance(blob.content, bytes):
                blob.content.close()
        self._incoming.discard()

    def _raise_fault(self) -> None:
        if self._running is not None:
            self._running.result()

    def _take(self, load: list[bytes]) -> None:
        for piece in load:
            self._parser.feed(piece)


class _Incoming:
    """The blobs that have come, and the one that is coming: in memory, or in a file when it is large."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._blobs: list[PackedBlob] = []
        self._digest = ""
        self._size = 0
        self._parts: list[bytes] = []
        self._file: BinaryIO | None = None

    def begin(self, digest: str, size: int) -> None:
        self._digest = digest
        self._size = size
        if size > SPOOL_BYTES:
            self._file = cast(BinaryIO, tempfile.TemporaryFile(dir=self._directory))  # noqa: SIM115

    def add(self, data: memoryview) -> None:
        if self._file is not None:
            self._file.write(data)
        else:
            self._parts.append(bytes(data))

    def end(self) -> None:
        content: bytes | BinaryIO
        if self._file is not None:
            self._file.seek(0)
            content, self._file = self._file, None
        else:
            content = b"".join(self._parts)
            self._parts.clear()
        self._blobs.append(PackedBlob(digest=self._digest, size=self._size, content=content))

    def take(self) -> list[PackedBlob]:
        """Hand the whole blobs on; the files with them, at their beginnings."""
        blobs, self._blobs = self._blobs, []
        return blobs

    def discard(self) -> None:
        if self._file is not None:
            self._file.close()
