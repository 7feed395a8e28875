"""Bodies read under caps: encoded and decoded length, then the digest, and only then anything else (B-02)."""

import hashlib
from typing import IO, Literal, Protocol, TypeAlias, cast

import zstandard

from yoi_bundle.errors import BundleInvalidError, DigestMismatchError, Fault, LimitExceededError
from yoi_bundle.limits import MEBIBYTE, Limits

Encoding: TypeAlias = Literal["identity", "zstd"]

MAX_WINDOW_BYTES = 8 * MEBIBYTE
_CHUNK_BYTES = 65_536


class ByteStream(Protocol):
    """Anything with `read(size)`: a file, a socket's file, `io.BytesIO`."""

    def read(self, size: int = -1, /) -> bytes: ...


def read_capped(
    stream: ByteStream,
    encoding: Encoding,
    limits: Limits,
    *,
    claimed: str,
    max_bytes: int | None = None,
    place: str = "body",
) -> bytes:
    """Read a body to its end and return its decoded bytes, which hash to the claimed digest.

    Decodes in steps of 64 KiB, so that a small body that grows without bound is cut off at the cap, not after it.

    Args:
        stream: The encoded bytes.
        encoding: How they are encoded.
        limits: `encoded_bytes` bounds what is read of a compressed body.
        claimed: The digest of the decoded bytes.
        max_bytes: Bound of the decoded length; absent for a manifest's.
        place: What the body is, for the error.

    Raises:
        LimitExceededError: As soon as either length passes its bound.
        BundleInvalidError: When the bytes are not of the encoding.
        DigestMismatchError: When they hash to another digest.
    """
    name, allowed = (
        ("manifest_bytes", limits.manifest_bytes) if max_bytes is None else ("blob_bytes", max_bytes)
    )
    source: ByteStream = stream
    if encoding == "zstd":
        capped = _CappedStream(stream, limits.encoded_bytes, place)
        decompressor = zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW_BYTES)
        # It only ever calls `read`.
        source = decompressor.stream_reader(
            cast("IO[bytes]", capped), read_size=_CHUNK_BYTES, read_across_frames=True
        )
    hasher = hashlib.sha256()
    decoded = bytearray()
    while chunk := _read(source, min(_CHUNK_BYTES, allowed + 1 - len(decoded)), place):
        decoded += chunk
        if len(decoded) > allowed:
            raise LimitExceededError(name, value=len(decoded), allowed=allowed, place=place)
        hasher.update(chunk)
    computed = f"sha256:{hasher.hexdigest()}"
    if computed != claimed:
        raise DigestMismatchError(claimed, computed)
    return bytes(decoded)


def read_exactly(stream: ByteStream, size: int) -> bytes:
    """Read `size` bytes, or fewer at the end; a raw stream may give them in pieces."""
    read = bytearray()
    while len(read) < size and (chunk := stream.read(min(_CHUNK_BYTES, size - len(read)))):
        read += chunk
    return bytes(read)


def _read(source: ByteStream, size: int, place: str) -> bytes:
    try:
        return source.read(size)
    except zstandard.ZstdError as error:
        if "too much memory" in str(error):
            raise LimitExceededError(
                "window_bytes", value=MAX_WINDOW_BYTES + 1, allowed=MAX_WINDOW_BYTES, place=place
            ) from error
        fault = Fault(code="bundle.invalid", pointer="", message=f"the {place} is not zstd")
        raise BundleInvalidError([fault]) from error


class _CappedStream:
    """Passes reads on until more than `allowed` bytes have come."""

    def __init__(self, stream: ByteStream, allowed: int, place: str) -> None:
        self._stream = stream
        self._allowed = allowed
        self._place = place
        self._count = 0

    def read(self, size: int = _CHUNK_BYTES, /) -> bytes:
        chunk = self._stream.read(size)
        self._count += len(chunk)
        if self._count > self._allowed:
            raise LimitExceededError(
                "encoded_bytes", value=self._count, allowed=self._allowed, place=self._place
            )
        return chunk
