"""Everything about a bundle that can be checked from its own bytes (B-02, B-06 to B-11)."""

from yoi.bundles.source import OpenBundle
from yoi_bundle.boundary.free_json import find_free_json_faults
from yoi_bundle.descriptors import list_descriptors
from yoi_bundle.digest import verify_digest
from yoi_bundle.errors import raise_faults
from yoi_bundle.limits import DEFAULT_LIMITS
from yoi_bundle.media_types import FREE_JSON_MEDIA_TYPE
from yoi_bundle.verified import verify_manifest


def verify_contents(opened: OpenBundle) -> None:
    """Check manifest and every blob again.

    Raises:
        DigestMismatchError: A blob is not what its digest says.
        YoiError: See `verify_manifest`; for free JSON the faults of the boundary.
    """
    bundle = verify_manifest(opened.data, opened.bundle.digest)
    for digest in sorted(bundle.blobs):
        verify_digest(opened.read_blob(digest), digest)
    for pointer, descriptor in list_descriptors(bundle.manifest):
        if descriptor.media_type == FREE_JSON_MEDIA_TYPE:
            content = opened.read_blob(descriptor.digest)
            raise_faults(find_free_json_faults(content, place=pointer, limits=DEFAULT_LIMITS))
