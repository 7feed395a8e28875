"""Packs as streams: verified blobs out of one, one out of blobs, either as they are or as zstd (R-04, R-09)."""

import tempfile
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Mapping
from pathlib import Path
from typing import BinaryIO, Literal, TypeAlias, cast

from msgspec import Struct

from worker_runtime.transfer.pack_parser import (
    BlobBegin,
    BlobPiece,
    PackParser,
    compute_max_pack_bytes,
)
from worker_runtime.transfer.zstd_stream import (
    cap_stream,
    compute_max_encoded_bytes,
    decode_zstd,
    encode_zstd,
)
from yoi_bundle.limits import DEFAULT_LIMITS, Limits
from yoi_bundle.tar_entry import END_OF_ARCHIVE, compute_padding, encode_entry_header

PACK_MEDIA_TYPE = "application/x-tar"
SPOOL_BYTES = 1024 * 1024
"""Blobs above this go through a file."""

PackEncoding: TypeAlias = Literal["identity", "zstd"]

_PIECE_BYTES = 64 * 1024


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
) -> AsyncIterator[PackedBlob]:
    """Yield the blobs of a pack, each verified, in the order in which they come.

    Blobs that came before a cut or a fault have been yielded by then, so that they need not be sent again.

    Args:
        pieces: The stream; a piece may end anywhere.
        expected: Digest → size in bytes of the blobs that may come, each at most once.
        spool_directory: Where large blobs lie while they come.
        limits: Bound on a blob.

    Raises:
        RequestInvalidError, DigestMismatchError, LimitExceededError: See `PackParser`.
    """
    parser = PackParser(expected, limits=limits)
    incoming = _Incoming(spool_directory)
    try:
        async for piece in pieces:
            for event in parser.feed(piece):
                match event:
                    case BlobBegin():
                        incoming.begin(event)
                    case BlobPiece():
                        incoming.add(event.data)
                    case _:
                        yield incoming.take()
        parser.finish()
    finally:
        incoming.discard()


async def decode_pack(
    pieces: AsyncIterable[bytes], encoding: PackEncoding, *, limits: Limits = DEFAULT_LIMITS
) -> AsyncIterator[bytes]:
    """Undo a pack's content coding, for `read_pack`; a plain pack goes through as it is.

    Raises:
        LimitExceededError: Encoded or decoded it is longer than the pack of the largest bundle.
        RequestInvalidError: It is not of the encoding that it is said to be of.
    """
    if encoding == "zstd":
        most = compute_max_pack_bytes(limits)
        capped = cap_stream(pieces, max_bytes=compute_max_encoded_bytes(most), limit="encoded_bytes")
        pieces = decode_zstd(capped, max_decoded_bytes=most, limit="pack_bytes")
    async for piece in pieces:
        yield piece


async def write_pack(
    blobs: Iterable[tuple[str, bytes]] | AsyncIterable[tuple[str, bytes]],
    *,
    encoding: PackEncoding = "identity",
) -> AsyncIterator[bytes]:
    """Yield a pack of (digest, bytes), in pieces of about 64 KiB; no more than one blob is held at a time."""
    plain = _join_small(_iterate_plain(blobs))
    async for piece in encode_zstd(plain) if encoding == "zstd" else plain:
        yield piece


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


async def _iterate_plain(
    blobs: Iterable[tuple[str, bytes]] | AsyncIterable[tuple[str, bytes]],
) -> AsyncIterator[bytes]:
    async for digest, data in _iterate(blobs):
        yield encode_entry_header(f"blobs/{digest.replace(':', '/')}", len(data))
        for start in range(0, len(data), _PIECE_BYTES):
            yield data[start : start + _PIECE_BYTES]
        yield bytes(compute_padding(len(data)))
    yield END_OF_ARCHIVE


async def _iterate(
    blobs: Iterable[tuple[str, bytes]] | AsyncIterable[tuple[str, bytes]],
) -> AsyncIterator[tuple[str, bytes]]:
    if isinstance(blobs, AsyncIterable):
        async for blob in blobs:
            yield blob
    else:
        for blob in blobs:
            yield blob


async def _join_small(pieces: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    """Join pieces until they are worth a write of their own."""
    held: list[bytes] = []
    held_bytes = 0
    async for piece in pieces:
        held.append(piece)
        held_bytes += len(piece)
        if held_bytes >= _PIECE_BYTES:
            yield b"".join(held)
            held.clear()
            held_bytes = 0
    if held_bytes:
        yield b"".join(held)
