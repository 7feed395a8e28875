"""Zstandard (RFC 8878) one piece at a time, in bounded memory and with bounded output (B-02, R-09), and deltas in it.

A manifest's delta against another is dictionary-compressed zstd, `dcz` (RFC 9842, section 5). 40 bytes stand before the
frame: a fixed magic number, which makes them a skippable frame for a plain zstd decoder, and the SHA-256 of the
dictionary. The dictionary is the base manifest's bytes, so those 32 bytes are its digest.
"""

from collections.abc import AsyncIterable, AsyncIterator, Iterator

import zstandard

from yoi_bundle.digest import compute_digest
from yoi_bundle.errors import LimitExceededError
from yoi_bundle.limits import MEBIBYTE
from yoi_wire.errors import RequestInvalidError

MAX_WINDOW_BYTES = 8 * MEBIBYTE
"""What RFC 9659 bounds the window of `Content-Encoding: zstd` to."""

_LEVEL = 3
# A block is at least 4 bytes and decodes to at most 128 KiB, so a slice yields at most 4 MiB at a time.
_SLICE_BYTES = 128
# Incompressible data comes out as it goes in, so slices are joined again until they are worth passing on.
_PIECE_BYTES = 64 * 1024


class ZstdDecoder:
    """Decodes exactly one frame.

    Args:
        max_decoded_bytes: The most that may come out.
        limit: The name of that limit, for the error.
        dictionary: Raw content that the frame refers back to; for a delta only.
        max_window_bytes: Frames that ask for more memory are refused.
    """

    def __init__(
        self,
        *,
        max_decoded_bytes: int,
        limit: str,
        dictionary: bytes | None = None,
        max_window_bytes: int = MAX_WINDOW_BYTES,
    ) -> None:
        raw = _build_dictionary(dictionary) if dictionary is not None else None
        decompressor = zstandard.ZstdDecompressor(dict_data=raw, max_window_size=max_window_bytes)
        self._frame = decompressor.decompressobj()
        self._max_decoded_bytes = max_decoded_bytes
        self._limit = limit
        self._max_window_bytes = max_window_bytes
        self._decoded_bytes = 0

    def feed(self, piece: bytes) -> Iterator[bytes]:
        """Yield what a piece decodes to; run it to its end before the next piece.

        Raises:
            LimitExceededError: More came out than allowed, or the frame asks for too large a window.
            RequestInvalidError: Not zstd, damaged, or bytes after the frame.
        """
        view = memoryview(piece)
        held: list[bytes] = []
        held_bytes = 0
        for start in range(0, len(view), _SLICE_BYTES):
            decoded = self._decode(view[start : start + _SLICE_BYTES])
            self._count(len(decoded))
            held.append(decoded)
            held_bytes += len(decoded)
            if held_bytes >= _PIECE_BYTES:
                yield b"".join(held)
                held.clear()
                held_bytes = 0
        if held_bytes:
            yield b"".join(held)

    def finish(self) -> None:
        """Check that the frame came to its end.

        Raises:
            RequestInvalidError: It did not.
        """
        if not self._frame.eof:
            raise RequestInvalidError("the zstd frame is cut", field="body")

    def _count(self, decoded_bytes: int) -> None:
        self._decoded_bytes += decoded_bytes
        if self._decoded_bytes > self._max_decoded_bytes:
            raise LimitExceededError(
                self._limit, value=self._decoded_bytes, allowed=self._max_decoded_bytes, place="body"
            )

    def _decode(self, data: memoryview) -> bytes:
        if self._frame.eof:
            raise RequestInvalidError("bytes after the zstd frame", field="body")
        try:
            decoded: bytes = self._frame.decompress(data)
        except zstandard.ZstdError as error:
            if "too much memory" in str(error):
                allowed = self._max_window_bytes
                raise LimitExceededError(
                    "window_bytes", value=allowed + 1, allowed=allowed, place="body"
                ) from None
            raise RequestInvalidError("not zstd, or of another dictionary", field="body") from None
        if self._frame.unused_data:
            raise RequestInvalidError("bytes after the zstd frame", field="body")
        return decoded


async def cap_stream(pieces: AsyncIterable[bytes], *, max_bytes: int, limit: str) -> AsyncIterator[bytes]:
    """Yield the pieces of a body until it is longer than allowed.

    Raises:
        LimitExceededError: With the least that the length can be.
    """
    received = 0
    async for piece in pieces:
        received += len(piece)
        if received > max_bytes:
            raise LimitExceededError(limit, value=received, allowed=max_bytes, place="body")
        yield piece


async def decode_zstd(
    pieces: AsyncIterable[bytes], *, max_decoded_bytes: int, limit: str
) -> AsyncIterator[bytes]:
    """Yield what a body of one frame decodes to; errors as in `ZstdDecoder`."""
    decoder = ZstdDecoder(max_decoded_bytes=max_decoded_bytes, limit=limit)
    async for piece in pieces:
        for decoded in decoder.feed(piece):
            yield decoded
    decoder.finish()


async def encode_zstd(pieces: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    """Yield the pieces as one frame."""
    frame = zstandard.ZstdCompressor(level=_LEVEL).compressobj()
    async for piece in pieces:
        encoded = frame.compress(piece)
        if encoded:
            yield encoded
    yield frame.flush()


def compute_max_encoded_bytes(decoded_bytes: int) -> int:
    """Return a bound on the length of an honest frame: what does not compress grows by less than 1/128 and 1 KiB."""
    return decoded_bytes + decoded_bytes // 128 + 1024


def compress_whole(data: bytes) -> bytes:
    """Return a frame that holds the data."""
    return zstandard.ZstdCompressor(level=_LEVEL).compress(data)


def compress_against(data: bytes, dictionary: bytes) -> bytes:
    """Return a frame that refers back to a raw-content dictionary.

    Level 9 with long-distance matching finds the unchanged parts of a large manifest wherever they have moved.
    """
    size = max(len(data), len(dictionary))
    parameters = zstandard.ZstdCompressionParameters.from_level(
        9, source_size=len(data), dict_size=len(dictionary), enable_ldm=True, window_log=_window_log(size)
    )
    raw = _build_dictionary(dictionary)
    return zstandard.ZstdCompressor(dict_data=raw, compression_params=parameters).compress(data)


def _window_log(size: int) -> int:
    return min(max(size.bit_length() + 1, 10), 24)


def _build_dictionary(content: bytes) -> zstandard.ZstdCompressionDict:
    return zstandard.ZstdCompressionDict(content, dict_type=zstandard.DICT_TYPE_RAWCONTENT)


DELTA_MAGIC = bytes.fromhex("5e2a4d1820000000")
DELTA_HEADER_BYTES = len(DELTA_MAGIC) + 32
_MAX_DELTA_WINDOW_BYTES = 128 * MEBIBYTE


def encode_delta(manifest: bytes, base: bytes) -> bytes:
    """Return `manifest` as a delta against `base`."""
    base_digest = bytes.fromhex(compute_digest(base).removeprefix("sha256:"))
    return DELTA_MAGIC + base_digest + compress_against(manifest, base)


def decode_delta_header(header: bytes) -> str:
    """Return the digest of the base that a delta needs.

    Args:
        header: The first 40 bytes of the body, fewer if it has no more.

    Raises:
        RequestInvalidError: They are not the beginning of a delta.
    """
    if len(header) != DELTA_HEADER_BYTES or not header.startswith(DELTA_MAGIC):
        raise RequestInvalidError("not a delta of RFC 9842", field="body")
    return f"sha256:{header[len(DELTA_MAGIC) :].hex()}"


def build_delta_decoder(base: bytes, *, max_decoded_bytes: int, limit: str) -> ZstdDecoder:
    """Return a decoder for the frame that follows the header."""
    return ZstdDecoder(
        max_decoded_bytes=max_decoded_bytes,
        limit=limit,
        dictionary=base,
        max_window_bytes=compute_max_window_bytes(len(base)),
    )


def compute_max_window_bytes(base_bytes: int) -> int:
    """Return the window to allow: 8 MiB, or 1.25 times the base, up to 128 MiB (RFC 9842, section 5)."""
    return min(max(MAX_WINDOW_BYTES, base_bytes * 5 // 4), _MAX_DELTA_WINDOW_BYTES)
