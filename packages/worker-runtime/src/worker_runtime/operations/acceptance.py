"""What a blob has to be before its bundle is accepted, beyond hashing to its digest (B-10)."""

from typing import BinaryIO

from yoi_bundle.boundary.free_json import find_free_json_faults
from yoi_bundle.errors import raise_faults
from yoi_bundle.limits import Limits
from yoi_bundle.media_types import FREE_JSON_MEDIA_TYPE
from yoi_bundle.verified import VerifiedBundle, list_descriptors


def list_json_blobs(bundle: VerifiedBundle) -> dict[str, str]:
    """Return digest → pointer of the blobs that some descriptor of the bundle says are free JSON.

    One blob may stand under two media types; being text elsewhere does not excuse it. The blobs of items that this
    reader cannot read have no pointer and are checked too.
    """
    unread = {
        digest: ""
        for digest, descriptor in bundle.blobs.items()
        if descriptor.media_type == FREE_JSON_MEDIA_TYPE
    }
    read = {
        descriptor.digest: pointer
        for pointer, descriptor in list_descriptors(bundle.manifest)
        if descriptor.media_type == FREE_JSON_MEDIA_TYPE
    }
    return unread | read


def verify_free_json(content: bytes | BinaryIO, *, pointer: str, limits: Limits) -> None:
    """Check a free-JSON blob again, whatever its builder did (B-10).

    Args:
        content: The blob; a file is read from its beginning.
        pointer: Where the manifest refers to it.
        limits: Bound on its depth.

    Raises:
        LimitExceededError: It nests too deeply.
        BundleInvalidError, SecretValueError, HostValueError, HiddenTextError: With every fault.
    """
    raise_faults(find_free_json_faults(_read(content), place=pointer, limits=limits))


def _read(content: bytes | BinaryIO) -> bytes:
    if isinstance(content, bytes):
        return content
    content.seek(0)
    return content.read()
