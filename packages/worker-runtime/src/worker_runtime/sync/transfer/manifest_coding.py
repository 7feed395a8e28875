"""Content codings of a manifest: plain, zstd or a delta; bounded all the way (B-02, R-04)."""

from collections.abc import AsyncIterable, Callable
from typing import TypeAlias

from worker_runtime.contract.bundles import ManifestBody, ManifestEncoding
from worker_runtime.sync.transfer.zstd_stream import (
    DELTA_HEADER_BYTES,
    ZstdDecoder,
    build_delta_decoder,
    cap_stream,
    compress_whole,
    compute_max_encoded_bytes,
    decode_delta_header,
    encode_delta,
)
from yoi_bundle.errors import LimitExceededError
from yoi_bundle.limits import Limits
from yoi_wire.errors import BundleBaseMissingError

FindBase: TypeAlias = Callable[[str], bytes | None]
"""From a digest to the manifest of that digest, if the caller's own workspaces hold it (R-07)."""

_LIMIT = "manifest_bytes"


def encode_manifest(
    manifest: bytes, encoding: ManifestEncoding, *, base: bytes | None = None
) -> ManifestBody:
    """Return a manifest as the body of a request.

    Args:
        manifest: Canonical bytes.
        encoding: The content coding to use.
        base: For `dcz`, a manifest that the Runtime is thought to hold.

    Raises:
        ValueError: `dcz` without a base.
    """
    match encoding:
        case "identity":
            content = manifest
        case "zstd":
            content = compress_whole(manifest)
        case "dcz":
            if base is None:
                raise ValueError("a delta needs a base")
            content = encode_delta(manifest, base)
    return ManifestBody(content=content, encoding=encoding)


async def read_manifest_body(
    pieces: AsyncIterable[bytes], encoding: ManifestEncoding, *, limits: Limits
) -> ManifestBody:
    """Take a manifest's body from the network, still encoded; cut it off when it is longer than any honest one.

    Raises:
        LimitExceededError: It is.
    """
    limit, allowed = _find_encoded_limit(encoding, limits)
    capped = cap_stream(pieces, max_bytes=allowed, limit=limit)
    return ManifestBody(content=b"".join([piece async for piece in capped]), encoding=encoding)


def decode_manifest_body(body: ManifestBody, *, limits: Limits, find_base: FindBase) -> bytes:
    """Return a manifest's bytes; nothing is known of them yet but their length.

    Raises:
        LimitExceededError: Encoded or decoded it is too long.
        BundleBaseMissingError: It is a delta against a manifest that the caller's workspaces do not hold.
        RequestInvalidError: It is not of the encoding that it is said to be of.
    """
    content = body.content
    limit, allowed = _find_encoded_limit(body.encoding, limits)
    if len(content) > allowed:
        raise LimitExceededError(limit, value=len(content), allowed=allowed, place="body")
    match body.encoding:
        case "identity":
            return content
        case "zstd":
            return _decode(ZstdDecoder(max_decoded_bytes=limits.manifest_bytes, limit=_LIMIT), content)
        case "dcz":
            digest = decode_delta_header(content[:DELTA_HEADER_BYTES])
            base = find_base(digest)
            if base is None:
                raise BundleBaseMissingError(digest)
            decoder = build_delta_decoder(base, max_decoded_bytes=limits.manifest_bytes, limit=_LIMIT)
            return _decode(decoder, content[DELTA_HEADER_BYTES:])


def _find_encoded_limit(encoding: ManifestEncoding, limits: Limits) -> tuple[str, int]:
    """Return the name and the value of the bound on the body as it travels."""
    if encoding == "identity":
        return _LIMIT, limits.manifest_bytes
    return "encoded_bytes", compute_max_encoded_bytes(limits.manifest_bytes)


def _decode(decoder: ZstdDecoder, content: bytes) -> bytes:
    decoded = b"".join(decoder.feed(content))
    decoder.finish()
    return decoded
