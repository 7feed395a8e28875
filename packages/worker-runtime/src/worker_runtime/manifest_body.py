"""A manifest on its way, back to the bytes that are hashed; capped while it is decoded (B-02, R-04)."""

from collections.abc import Callable
from io import BytesIO

import zstandard

from worker_runtime.bundles import ManifestBody
from worker_runtime.errors import BundleBaseMissingError, RequestInvalidError
from yoi_bundle.digest import compute_digest
from yoi_bundle.errors import LimitExceededError
from yoi_bundle.limits import Limits

_DCZ_MAGIC = bytes.fromhex("5e2a4d1820000000")
_DCZ_HEADER_BYTES = len(_DCZ_MAGIC) + 32
MAX_WINDOW_BYTES = 32 * 1024 * 1024

FindManifest = Callable[[str], bytes | None]
"""From a digest to the manifest that the caller's workspaces hold, if they do."""


def decode_manifest_body(body: ManifestBody, *, limits: Limits, find_base: FindManifest) -> bytes:
    """Return the manifest's bytes; nothing is known of them yet but their length.

    Raises:
        LimitExceededError: Encoded or decoded it is too long.
        BundleBaseMissingError: It is a delta against a manifest that is not held.
        RequestInvalidError: It is not of the encoding that it is said to be of.
    """
    if len(body.content) > limits.encoded_bytes:
        raise _too_long("encoded_bytes", len(body.content), limits.encoded_bytes)
    match body.encoding:
        case "identity":
            if len(body.content) > limits.manifest_bytes:
                raise _too_long("manifest_bytes", len(body.content), limits.manifest_bytes)
            return body.content
        case "zstd":
            return _decompress(body.content, None, limits)
        case "dcz":
            return _decode_delta(body.content, limits, find_base)


def encode_delta(manifest: bytes, base: bytes) -> ManifestBody:
    """Write a manifest as a delta against another one (RFC 9842, section 4)."""
    dictionary = zstandard.ZstdCompressionDict(base, dict_type=zstandard.DICT_TYPE_RAWCONTENT)
    parameters = zstandard.ZstdCompressionParameters.from_level(
        9, enable_ldm=True, window_log=max(10, (len(manifest) + len(base)).bit_length())
    )
    compressor = zstandard.ZstdCompressor(dict_data=dictionary, compression_params=parameters)
    header = _DCZ_MAGIC + bytes.fromhex(compute_digest(base).removeprefix("sha256:"))
    return ManifestBody(encoding="dcz", content=header + compressor.compress(manifest))


def encode_compressed(manifest: bytes) -> ManifestBody:
    """Write a manifest compressed by itself."""
    return ManifestBody(encoding="zstd", content=zstandard.ZstdCompressor(level=3).compress(manifest))


def _decode_delta(content: bytes, limits: Limits, find_base: FindManifest) -> bytes:
    if len(content) < _DCZ_HEADER_BYTES or not content.startswith(_DCZ_MAGIC):
        raise RequestInvalidError("not a delta of RFC 9842", field="body")
    base_digest = f"sha256:{content[len(_DCZ_MAGIC) : _DCZ_HEADER_BYTES].hex()}"
    base = find_base(base_digest)
    if base is None:
        raise BundleBaseMissingError(base_digest)
    dictionary = zstandard.ZstdCompressionDict(base, dict_type=zstandard.DICT_TYPE_RAWCONTENT)
    return _decompress(content[_DCZ_HEADER_BYTES:], dictionary, limits)


def _decompress(content: bytes, dictionary: zstandard.ZstdCompressionDict | None, limits: Limits) -> bytes:
    decompressor = zstandard.ZstdDecompressor(dict_data=dictionary, max_window_size=MAX_WINDOW_BYTES)
    try:
        with decompressor.stream_reader(BytesIO(content), read_across_frames=False) as reader:
            data = reader.read(limits.manifest_bytes + 1)
    except zstandard.ZstdError as error:
        raise RequestInvalidError("not zstd, or of a larger window than is taken", field="body") from error
    if len(data) > limits.manifest_bytes:
        raise _too_long("manifest_bytes", len(data), limits.manifest_bytes)
    return data


def _too_long(limit: str, value: int, allowed: int) -> LimitExceededError:
    return LimitExceededError(limit, value=value, allowed=allowed, place="body")
