"""A manifest's body, plain, as zstd or as a delta, to the bytes that are hashed; bounded while it comes (B-02, R-04)."""

from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable
from typing import TypeAlias

from worker_runtime.bundles import ManifestBody, ManifestEncoding
from worker_runtime.errors import BundleBaseMissingError
from worker_runtime.transfer.delta import (
    DELTA_HEADER_BYTES,
    build_delta_decoder,
    decode_delta_header,
    encode_delta,
)
from worker_runtime.transfer.zstd_stream import (
    ZstdDecoder,
    cap_stream,
    compress_whole,
    compute_max_encoded_bytes,
)
from yoi_bundle.errors import LimitExceededError
from yoi_bundle.limits import Limits

FindBase: TypeAlias = Callable[[str], Awaitable[bytes | None]]
"""From a digest to the manifest of that digest, if the caller's own workspaces hold it (R-07)."""

FindHeldBase: TypeAlias = Callable[[str], bytes | None]
"""The same, from a store that is asked at once."""

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


def decode_manifest_body(body: ManifestBody, *, limits: Limits, find_base: FindHeldBase) -> bytes:
    """Return the bytes of a manifest whose body is here whole; errors as in `decode_manifest_stream`."""
    allowed = limits.manifest_bytes
    content = body.content
    most = allowed if body.encoding == "identity" else compute_max_encoded_bytes(allowed)
    if len(content) > most:
        limit = _LIMIT if body.encoding == "identity" else "encoded_bytes"
        raise LimitExceededError(limit, value=len(content), allowed=most, place="body")
    match body.encoding:
        case "identity":
            return content
        case "zstd":
            return _decode_whole(ZstdDecoder(max_decoded_bytes=allowed, limit=_LIMIT), content)
        case "dcz":
            digest = decode_delta_header(content[:DELTA_HEADER_BYTES])
            base = find_base(digest)
            if base is None:
                raise BundleBaseMissingError(digest)
            decoder = build_delta_decoder(base, max_decoded_bytes=allowed, limit=_LIMIT)
            return _decode_whole(decoder, content[DELTA_HEADER_BYTES:])


async def decode_manifest_stream(
    pieces: AsyncIterable[bytes], encoding: ManifestEncoding, *, limits: Limits, find_base: FindBase
) -> bytes:
    """Return a manifest's bytes; nothing is known of them yet but their length.

    Raises:
        LimitExceededError: Encoded or decoded it is too long.
        BundleBaseMissingError: It is a delta against a manifest that the caller's workspaces do not hold.
        RequestInvalidError: It is not of the encoding that it is said to be of.
    """
    allowed = limits.manifest_bytes
    match encoding:
        case "identity":
            return b"".join([piece async for piece in cap_stream(pieces, max_bytes=allowed, limit=_LIMIT)])
        case "zstd":
            decoder = ZstdDecoder(max_decoded_bytes=allowed, limit=_LIMIT)
            return await _decode(_cap_encoded(pieces, allowed), decoder)
        case "dcz":
            return await _decode_delta(_cap_encoded(pieces, allowed), allowed, find_base)


def _decode_whole(decoder: ZstdDecoder, content: bytes) -> bytes:
    decoded = b"".join(decoder.feed(content))
    decoder.finish()
    return decoded


def _cap_encoded(pieces: AsyncIterable[bytes], allowed: int) -> AsyncIterator[bytes]:
    return cap_stream(pieces, max_bytes=compute_max_encoded_bytes(allowed), limit="encoded_bytes")


async def _decode(pieces: AsyncIterable[bytes], decoder: ZstdDecoder, first: bytes = b"") -> bytes:
    decoded = list(decoder.feed(first))
    async for piece in pieces:
        decoded.extend(decoder.feed(piece))
    decoder.finish()
    return b"".join(decoded)


async def _decode_delta(pieces: AsyncIterator[bytes], allowed: int, find_base: FindBase) -> bytes:
    begin = b""
    while len(begin) < DELTA_HEADER_BYTES and (piece := await anext(pieces, None)) is not None:
        begin += piece
    digest = decode_delta_header(begin[:DELTA_HEADER_BYTES])
    base = await find_base(digest)
    if base is None:
        raise BundleBaseMissingError(digest)
    decoder = build_delta_decoder(base, max_decoded_bytes=allowed, limit=_LIMIT)
    return await _decode(pieces, decoder, begin[DELTA_HEADER_BYTES:])
