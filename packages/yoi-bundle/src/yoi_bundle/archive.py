"""A bundle as one file: a deterministic uncompressed tar, the same bytes for the same bundle everywhere (B-13).

`manifest.json`, then each blob once as `blobs/sha256/HEX` in digest order, then, only when given, `metadata.json`.
Metadata is known about a bundle and is no part of it: without it the archive depends on the digest alone.
Every header has one possible form, so that a reader compares instead of interpreting.
"""

from collections.abc import Callable
from typing import BinaryIO, NoReturn, Protocol

from msgspec import Struct

from yoi_bundle.canonical import encode_canonical
from yoi_bundle.digest import compute_digest, verify_digest
from yoi_bundle.errors import (
    BundleBlobsMissingError,
    BundleInvalidError,
    DigestMismatchError,
    Fault,
    LimitExceededError,
)
from yoi_bundle.limits import DEFAULT_LIMITS, Limits
from yoi_bundle.manifest import Descriptor
from yoi_bundle.metadata import MAX_METADATA_BYTES, BundleMetadata, decode_metadata
from yoi_bundle.schema import KNOWN_FEATURES
from yoi_bundle.tar_entry import BLOCK_BYTES, END_OF_ARCHIVE, compute_padding, encode_entry_header
from yoi_bundle.verified import VerifiedBundle, verify_manifest

MANIFEST_NAME = "manifest.json"
METADATA_NAME = "metadata.json"
_BLOB_FOLDER = "blobs/sha256/"


class ArchivedBundle(Struct, frozen=True, kw_only=True):
    """What an archive held, its blobs apart.

    Attributes:
        manifest: The exact bytes.
    """

    bundle: VerifiedBundle
    manifest: bytes
    metadata: BundleMetadata | None


def format_blob_name(digest: str) -> str:
    """Return the name of a blob's entry."""
    return _BLOB_FOLDER + digest.removeprefix("sha256:")


def _write_entry(out: BinaryIO, name: str, content: bytes) -> None:
    out.write(encode_entry_header(name, len(content)))
    out.write(content)
    out.write(bytes(compute_padding(len(content))))


def _read_name(header: bytes) -> str:
    return header[:100].rstrip(b"\x00").decode("ascii", errors="replace")


def _refuse(message: str) -> NoReturn:
    raise BundleInvalidError(
        [Fault(code="bundle.invalid", pointer="", message=message, remedy="export the bundle again")]
    )


_CHUNK_BYTES = 65_536


class ByteStream(Protocol):
    """Anything with `read(size)`: a file, a socket's file, `io.BytesIO`."""

    def read(self, size: int = -1, /) -> bytes: ...


def read_exactly(stream: ByteStream, size: int) -> bytes:
    """Read `size` bytes, or fewer at the end; a raw stream may give them in pieces."""
    read = bytearray()
    while len(read) < size and (chunk := stream.read(min(_CHUNK_BYTES, size - len(read)))):
        read += chunk
    return bytes(read)


def write_archive(
    manifest: bytes,
    bundle: VerifiedBundle,
    read_blob: Callable[[str], bytes],
    out: BinaryIO,
    *,
    metadata: BundleMetadata | None = None,
) -> None:
    """Write a bundle; holds one blob at a time.

    Args:
        manifest: The exact bytes of the bundle's manifest.
        bundle: Names the blobs.
        read_blob: Gives a blob's bytes by digest.
        out: Where to.
        metadata: Goes along when given.

    Raises:
        DigestMismatchError: When the manifest or a blob is not what its digest says.
    """
    verify_digest(manifest, bundle.digest)
    _write_entry(out, MANIFEST_NAME, manifest)
    for digest in sorted(bundle.blobs):
        content = read_blob(digest)
        verify_digest(content, digest)
        _write_entry(out, format_blob_name(digest), content)
    if metadata is not None:
        _write_entry(out, METADATA_NAME, encode_canonical(metadata))
    out.write(END_OF_ARCHIVE)


def _read_header(stream: ByteStream) -> bytes:
    header = read_exactly(stream, BLOCK_BYTES)
    if len(header) < BLOCK_BYTES:
        _refuse("the archive ends early")
    return header


def _read_size(header: bytes, name: str) -> int:
    digits = header[124:135]
    size = int(digits, 8) if digits.isdigit() and not set(digits) & set(b"89") else -1
    if size < 0 or header != encode_entry_header(name, size):
        _refuse(f"{name} is not next, or its header is not of the one accepted form")
    return size


def _read_content(stream: ByteStream, size: int) -> bytes:
    content = read_exactly(stream, size)
    padding = read_exactly(stream, compute_padding(size))
    if len(content) < size or len(padding) != compute_padding(size):
        _refuse("the archive ends early")
    if any(padding):
        _refuse("bytes between two entries")
    return content


def _read_manifest(stream: ByteStream, limits: Limits) -> bytes:
    size = _read_size(_read_header(stream), MANIFEST_NAME)
    if size > limits.manifest_bytes:
        raise LimitExceededError(
            "manifest_bytes", value=size, allowed=limits.manifest_bytes, place=MANIFEST_NAME
        )
    return _read_content(stream, size)


def _read_metadata(stream: ByteStream, header: bytes, bundle: VerifiedBundle) -> BundleMetadata:
    size = _read_size(header, METADATA_NAME)
    if size > MAX_METADATA_BYTES:
        raise LimitExceededError(
            "metadata_bytes", value=size, allowed=MAX_METADATA_BYTES, place=METADATA_NAME
        )
    content = _read_content(stream, size)
    metadata = decode_metadata(content)
    if encode_canonical(metadata) != content:
        _refuse("metadata that are not in canonical form")
    if metadata.digest != bundle.digest:
        raise DigestMismatchError(metadata.digest, bundle.digest)
    if metadata.workspace != bundle.manifest.workspace:
        _refuse("metadata of another workspace")
    return metadata


def read_archive(
    stream: ByteStream,
    put_blob: Callable[[Descriptor, bytes], None],
    *,
    limits: Limits = DEFAULT_LIMITS,
    features: frozenset[str] = KNOWN_FEATURES,
) -> ArchivedBundle:
    """Read an archive from a stream; nothing of it may be used before this returns.

    Holds the manifest and one blob at a time. Blobs' own contents are for the caller to check (B-07, B-09).

    Args:
        stream: The tar, read once and to its end.
        put_blob: Takes each blob, verified against digest and size, in digest order.
        limits: Bounds, as for any bundle.
        features: What this reader knows.

    Raises:
        LimitExceededError: From headers and descriptors, before the bytes are read.
        DigestMismatchError: When a blob is damaged, or the metadata are those of another bundle.
        BundleBlobsMissingError: With every blob that the manifest names and the archive lacks.
        BundleInvalidError: When it is no archive in the one accepted form; for the rest see `verify_manifest`.
    """
    manifest = _read_manifest(stream, limits)
    bundle = verify_manifest(manifest, compute_digest(manifest), limits=limits, features=features)
    header = _read_header(stream)
    missing: list[str] = []
    for digest in sorted(bundle.blobs):
        descriptor = bundle.blobs[digest]
        if header == encode_entry_header(format_blob_name(digest), descriptor.size):
            content = _read_content(stream, descriptor.size)
            verify_digest(content, digest)
            put_blob(descriptor, content)
            header = _read_header(stream)
        elif _read_name(header) == format_blob_name(digest):
            _refuse(f"{format_blob_name(digest)}: another size than the manifest says, or another header")
        else:
            missing.append(digest)
    metadata = None
    if _read_name(header) == METADATA_NAME:
        metadata = _read_metadata(stream, header, bundle)
        header = _read_header(stream)
    if header + read_exactly(stream, BLOCK_BYTES) != END_OF_ARCHIVE or stream.read(1):
        _refuse("an entry that the manifest does not name, out of order or twice, or bytes after the end")
    if missing:
        raise BundleBlobsMissingError(bundle.digest, "", missing)
    return ArchivedBundle(bundle=bundle, manifest=manifest, metadata=metadata)
