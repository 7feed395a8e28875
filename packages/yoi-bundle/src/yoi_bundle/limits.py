"""How large a bundle may be (B-11); every reader and builder counts against the same values."""

from msgspec import Struct

MEBIBYTE = 1024 * 1024


class Limits(Struct, frozen=True, kw_only=True):
    """Upper bounds, counted after decompression.

    Attributes:
        manifest_bytes: Canonical manifest.
        blob_bytes: One blob.
        bundle_bytes: Manifest and all blobs together.
        blobs: Number of distinct blobs.
        profiles: Number of profiles.
        depth: Nesting of arrays and objects in the manifest and in free JSON.
        encoded_bytes: One compressed body, before decompression.
        source_files: Number of files that a workspace directory may hold for the builder.
        frontmatter_bytes: One file's frontmatter.
    """

    manifest_bytes: int = 8 * MEBIBYTE
    blob_bytes: int = 64 * MEBIBYTE
    bundle_bytes: int = 512 * MEBIBYTE
    blobs: int = 20_000
    profiles: int = 2_000
    depth: int = 32
    encoded_bytes: int = 64 * MEBIBYTE
    source_files: int = 25_000
    frontmatter_bytes: int = 256 * 1024


DEFAULT_LIMITS = Limits()
"""Bounds where nobody sets others (B-11)."""
