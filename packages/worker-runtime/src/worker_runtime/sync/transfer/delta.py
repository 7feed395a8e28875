"""A manifest as a delta against another: dictionary-compressed zstd, `dcz` (RFC 9842, section 5).

40 bytes stand before the frame: a fixed magic number, which makes them a skippable frame for a plain zstd decoder,
and the SHA-256 of the dictionary. The dictionary is the base manifest's bytes, so those 32 bytes are its digest.
"""

from worker_runtime.sync.transfer.zstd_stream import MAX_WINDOW_BYTES, ZstdDecoder, compress_against
from yoi_bundle.digest import compute_digest
from yoi_bundle.limits import MEBIBYTE
from yoi_wire.errors import RequestInvalidError

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
