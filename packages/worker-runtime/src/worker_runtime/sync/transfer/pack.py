"""Packs as streams: one out of blobs, and its content coding, as it is or zstd (R-04, R-09)."""

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from typing import Literal, TypeAlias

from worker_runtime.sync.transfer.pack_parser import compute_max_pack_bytes
from worker_runtime.sync.transfer.zstd_stream import (
    cap_stream,
    compute_max_encoded_bytes,
    decode_zstd,
    encode_zstd,
)
from yoi_bundle.limits import DEFAULT_LIMITS, Limits
from yoi_bundle.tar_entry import BLOCK_BYTES, END_OF_ARCHIVE, compute_padding, encode_entry_header

PackEncoding: TypeAlias = Literal["identity", "zstd"]

_PIECE_BYTES = 256 * 1024


async def decode_pack(
    pieces: AsyncIterable[bytes], encoding: PackEncoding, *, limits: Limits = DEFAULT_LIMITS
) -> AsyncIterator[bytes]:
    """Undo a pack's content coding, for `worker_runtime.sync.transfer.pack_reader.read_pack`; a plain pack goes through as it is.

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
    """Write a pack, the blobs that a Runtime is missing; not much more than one blob is held (R-04).

    Args:
        blobs: Digest and bytes of each.
        encoding: Of the pack as a whole.

    Yields:
        The bytes, in pieces worth a write of their own.
    """
    plain = _iterate_plain(blobs)
    async for piece in encode_zstd(plain) if encoding == "zstd" else plain:
        yield piece


async def _iterate_plain(
    blobs: Iterable[tuple[str, bytes]] | AsyncIterable[tuple[str, bytes]],
) -> AsyncIterator[bytes]:
    held: list[bytes] = []
    held_bytes = 0
    async for digest, data in _iterate(blobs):
        held += (
            encode_entry_header(f"blobs/{digest.replace(':', '/')}", len(data)),
            data,
            bytes(compute_padding(len(data))),
        )
        held_bytes += BLOCK_BYTES + len(data)
        if held_bytes >= _PIECE_BYTES:
            for piece in _cut(b"".join(held)):
                yield piece
            held.clear()
            held_bytes = 0
    yield b"".join((*held, END_OF_ARCHIVE))


def _cut(data: bytes) -> Iterator[bytes]:
    """Yield what is longer than two pieces piece by piece, so that no copy of it waits to be sent."""
    if len(data) < 2 * _PIECE_BYTES:
        yield data
        return
    for start in range(0, len(data), _PIECE_BYTES):
        yield data[start : start + _PIECE_BYTES]


async def _iterate(
    blobs: Iterable[tuple[str, bytes]] | AsyncIterable[tuple[str, bytes]],
) -> AsyncIterator[tuple[str, bytes]]:
    if isinstance(blobs, AsyncIterable):
        async for blob in blobs:
            yield blob
    else:
        for blob in blobs:
            yield blob
