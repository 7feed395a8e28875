"""Digests: `sha256:` and 64 lower-case hexadecimal digits, of exactly the bytes that are sent and kept."""

import hashlib
from typing import Annotated, TypeAlias

from msgspec import Meta

from yoi_bundle.errors import DigestMismatchError

Digest: TypeAlias = Annotated[str, Meta(pattern=r"^sha256:[0-9a-f]{64}$", min_length=71, max_length=71)]
"""SHA-256 of exactly the bytes that are sent and kept (B-02)."""


def compute_digest(data: bytes | memoryview) -> str:
    """Return the digest of bytes (B-02).

    Args:
        data: Exactly what is sent and kept.
    """
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def verify_digest(data: bytes | memoryview, claimed: str) -> None:
    """Compare the bytes with the digest they were sent under (B-02).

    Args:
        data: The bytes, decoded if they were encoded on their way.
        claimed: The digest, as `compute_digest` writes it.

    Raises:
        DigestMismatchError: When they hash to another one.
    """
    computed = compute_digest(data)
    if computed != claimed:
        raise DigestMismatchError(claimed, computed)
