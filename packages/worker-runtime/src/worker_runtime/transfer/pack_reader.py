"""Verified blobs out of a pack: hashed outside of the event loop, never more held than a little (R-04, R-09)."""

import asyncio
import tempfile
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Mapping
from pathlib import Path
from typing import BinaryIO, cast

from msgspec import Struct

from worker_runtime.transfer.pack_parser import BlobBegin, BlobPiece, PackParser
from yoi_bundle.errors import YoiError
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
) -> AsyncIterator[list[PackedBlob]]:
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
    unpacking = _Unpacking(PackParser(expected, limits=limits), spool_directory)
    try:
        async for load in _gather(pieces):
            await _run_to_its_end(unpacking, load)
            yield unpacking.hand_over()
            if unpacking.failure is not None:
                raise unpacking.failure
        unpacking.finish()
    finally:
        unpacking.discard()


class _Unpacking:
    """A pack that is being taken apart, by one thread at a time."""

    def __init__(self, parser: PackParser, directory: Path) -> None:
        self.failure: YoiError | None = None
        self._parser = parser
        self._incoming = _Incoming(directory)
        self._blobs: list[PackedBlob] = []

    def take(self, load: Iterable[bytes]) -> None:
        """Take some pieces apart, up to a fault."""
        incoming = self._incoming
        try:
            for piece in load:
                for event in self._parser.feed(piece):
                    match event:
                        case BlobPiece():
                            incoming.add(event.data)
                        case BlobBegin():
                            incoming.begin(event)
                        case _:
                            self._blobs.append(incoming.take())
        except YoiError as error:
            self.failure = error

    def hand_over(self) -> list[PackedBlob]:
        """Return the blobs that have come whole since the last time."""
        blobs, self._blobs = self._blobs, []
        return blobs

    def finish(self) -> None:
        """Check that the pack came to its end."""
        self._parser.finish()

    def discard(self) -> None:
        """Close what nobody has taken."""
        self._incoming.discard()
        for blob in self._blobs:
            if not isinstance(blob.content, bytes):
                blob.content.close()


async def _run_to_its_end(unpacking: _Unpacking, load: list[bytes]) -> None:
    """Take pieces apart in a thread; wait for it even when cancelled, for it uses what is closed afterwards."""
    running = asyncio.ensure_future(asyncio.to_thread(unpacking.take, load))
    try:
        await asyncio.shield(running)
    finally:
        if not running.done():
            await asyncio.wait({running})


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


class _Incoming:
    """The one blob that is coming: in memory, or in a file when it is large."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._blob = BlobBegin("", 0)
        self._parts: list[bytes] = []
        self._file: BinaryIO | None = None

    def begin(self, blob: BlobBegin) -> None:
        self._blob = blob
        if blob.size > SPOOL_BYTES:
            self._file = cast(BinaryIO, tempfile.TemporaryFile(dir=self._directory))  # noqa: SIM115

    def add(self, data: memoryview) -> None:
        if self._file is not None:
            self._file.write(data)
        else:
            self._parts.append(bytes(data))

    def take(self) -> PackedBlob:
        """Hand the whole blob on; the file with it, at its beginning."""
        content: bytes | BinaryIO
        if self._file is not None:
            self._file.seek(0)
            content, self._file = self._file, None
        else:
            content = b"".join(self._parts)
            self._parts.clear()
        return PackedBlob(digest=self._blob.digest, size=self._blob.size, content=content)

    def discard(self) -> None:
        if self._file is not None:
            self._file.close()
