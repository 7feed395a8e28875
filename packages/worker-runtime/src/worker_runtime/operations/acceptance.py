"""What a blob has to be before its bytes are kept, beyond hashing to its digest (B-10)."""

from typing import BinaryIO

import msgspec

from yoi_bundle.canonical import verify_depth
from yoi_bundle.errors import BundleInvalidError, Fault
from yoi_bundle.limits import Limits
from yoi_bundle.media_types import FREE_JSON_MEDIA_TYPE
from yoi_bundle.verified import VerifiedBundle, list_descriptors


def list_json_blobs(bundle: VerifiedBundle) -> dict[str, str]:
    """Return digest → pointer of the blobs that some descriptor of the bundle says are free JSON.

    One blob may stand under two media types; being text elsewhere does not excuse it.
    """
    return {
        descriptor.digest: pointer
        for pointer, descriptor in list_descriptors(bundle.manifest)
        if descriptor.media_type == FREE_JSON_MEDIA_TYPE
    }


def verify_free_json(content: bytes | BinaryIO, *, pointer: str, limits: Limits) -> None:
    """Check a free-JSON blob again, whatever its builder did (B-10).

    Args:
        content: The blob; a file is read from its beginning.
        pointer: Where the manifest refers to it.
        limits: Bound on its depth.

    Raises:
        LimitExceededError: It nests too deeply.
        BundleInvalidError: It is not JSON.
    """
    data = _read(content)
    verify_depth(data, allowed=limits.depth, place=pointer)
    try:
        data.decode("utf-8")
        msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        message = "the blob is not JSON"
        raise BundleInvalidError([Fault(code="bundle.invalid", pointer=pointer, message=message)]) from None


def _read(content: bytes | BinaryIO) -> bytes:
    if isinstance(content, bytes):
        return content
    content.seek(0)
    return content.read()
