"""A pack: blobs in one byte stream, each with its digest and length before it (R-04).

An entry is 32 bytes of SHA-256, 8 bytes of length (big-endian), and that many bytes. A pack has no header and no
end mark, so that what came before a cut is whole. Small blobs stay in memory; large ones go to an unnamed file, so
that memory stays flat (R-09).
"""

import hashlib
import tempfile
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from msgspec import Struct

from worker_runtime.errors import RequestInvalidError
from yoi_bundle.errors import DigestMismatchError

_HASH_BYTES = 32
_LENGTH_BYTES = 8
_HEADER_BYTES = _HASH_BYTES + _LENGTH_BYTES
SPOOL_BYTES = 1024 * 1024
"""Blobs above this go through a file."""


class PackedBlob(Struct, frozen=True, kw_only=True):
    """One blob whose bytes hash to its digest; `content` is the bytes, or a file that holds just them."""

    digest: str
    size: int
    content: bytes | BinaryIO


def encode_entry_header(digest: str, size: int) -> bytes:
    """Return the 40 bytes that stand before a blob's own."""
    return bytes.fromhex(digest.removeprefix("sha256:")) + size.to_bytes(_LENGTH_BYTES, "big")


def iterate_pack(blobs: Iterable[tuple[str, bytes]]) -> Iterator[bytes]:
    """Yield a pack of blobs, in pieces."""
    for digest, data in blobs:
        yield encode_entry_header(digest, len(data))
        if data:
            yield data


async def stream_pack(blobs: Iterable[tuple[str, bytes]]) -> AsyncIterator[bytes]:
    """Yield a pack of blobs, in pieces, as `RuntimeApi.put_pack` takes it."""
    for piece in iterate_pack(blobs):
        yield piece


async def read_pack(
    pieces: AsyncIterable[bytes], expected: dict[str, int], *, spool_directory: Path
) -> AsyncIterator[PackedBlob]:
    """Yield the blobs of a pack, each verified, in the order in which they come.

    Args:
        pieces: The stream; a piece may end anywhere.
        expected: Digest → size in bytes of the blobs that may come, each at most once.
        spool_directory: Where large blobs lie while they come.

    Raises:
        RequestInvalidError: A blob that was not asked for, of another size, or twice; or the pack ends inside one.
        DigestMismatchError: A blob's bytes hash to another digest (B-02).
    """
    reader = _Reader(pieces)
    remaining = dict(expected)
    while header := await reader.read_up_to(_HEADER_BYTES):
        if len(header) < _HEADER_BYTES:
            raise _cut()
        digest = f"sha256:{header[:_HASH_BYTES].hex()}"
        size = int.from_bytes(header[_HASH_BYTES:], "big")
        wanted = remaining.pop(digest, None)
        if wanted is None:
            raise RequestInvalidError("a blob that was not asked for, or came before", field="pack")
        if wanted != size:
            raise RequestInvalidError("a blob of another size than the manifest says", field="pack")
        yield await _read_blob(reader, digest, size, spool_directory)


async def _read_blob(reader: "_Reader", digest: str, size: int, spool_directory: Path) -> PackedBlob:
    if size <= SPOOL_BYTES:
        data = await reader.read_up_to(size)
        if len(data) < size:
            raise _cut()
        computed = f"sha256:{hashlib.sha256(data).hexdigest()}"
        content: bytes | BinaryIO = data
    else:
        content, computed = await _spool(reader, size, spool_directory)
    if computed != digest:
        raise DigestMismatchError(digest, computed)
    return PackedBlob(digest=digest, size=size, content=content)


async def _spool(reader: "_Reader", size: int, directory: Path) -> tuple[BinaryIO, str]:
    file: BinaryIO = tempfile.TemporaryFile(dir=directory)  # noqa: SIM115
    hasher = hashlib.sha256()
    left = size
    while left:
        piece = await reader.read_some(left)
        if not piece:
            raise _cut()
        hasher.update(piece)
        file.write(piece)
        left -= len(piece)
    return file, f"sha256:{hasher.hexdigest()}"


def _cut() -> RequestInvalidError:
    return RequestInvalidError("the pack ends inside a blob", field="pack")


class _Reader:
    """Takes a stream of pieces apart at other places than where the pieces end."""

    def __init__(self, pieces: AsyncIterable[bytes]) -> None:
        self._pieces = aiter(pieces)
        self._held = b""
        self._offset = 0

    async def read_some(self, most: int) -> bytes:
        """Return at least one byte and at most `most`; nothing at the stream's end."""
        while self._offset == len(self._held):
            try:
                self._held = await anext(self._pieces)
            except StopAsyncIteration:
                return b""
            self._offset = 0
        taken = self._held[self._offset : self._offset + most]
        self._offset += len(taken)
        return taken

    async def read_up_to(self, size: int) -> bytes:
        """Return `size` bytes, fewer only at the stream's end."""
        parts: list[bytes] = []
        left = size
        while left and (part := await self.read_some(left)):
            parts.append(part)
            left -= len(part)
        return b"".join(parts)
