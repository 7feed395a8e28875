"""Content of a bundle's blobs against the rules of the boundary, for receivers that check what a builder does (B-07, B-09, B-10)."""

import io
from collections.abc import Callable

from yoi_bundle.boundary.free_json import find_free_json_faults
from yoi_bundle.boundary.scanner import SecretScanner
from yoi_bundle.boundary.text_blob import find_text_blob_faults
from yoi_bundle.descriptors import list_descriptors
from yoi_bundle.errors import raise_faults
from yoi_bundle.limits import Limits
from yoi_bundle.manifest import Manifest
from yoi_bundle.media_types import FREE_JSON_MEDIA_TYPE, PLUGIN_PACKAGE_MEDIA_TYPE, TEXT_MEDIA_TYPES


def verify_blob_contents(
    manifest: Manifest, read_blob: Callable[[str], bytes], *, scanner: SecretScanner, limits: Limits
) -> None:
    """Check every blob but packages as a build does; what a build only warns of is not looked for.

    Raises:
        FaultyBundleError, LimitExceededError: With every fault of the first blob that has one.
    """
    # One blob may stand under two media types; being text elsewhere excuses no free JSON.
    placed = {(one.digest, one.media_type): (pointer, one) for pointer, one in list_descriptors(manifest)}
    for pointer, descriptor in placed.values():
        if descriptor.media_type == PLUGIN_PACKAGE_MEDIA_TYPE:
            continue
        content = read_blob(descriptor.digest)
        if descriptor.media_type == FREE_JSON_MEDIA_TYPE:
            raise_faults(find_free_json_faults(content, place=pointer, limits=limits))
            continue
        faults = find_text_blob_faults(
            io.BytesIO(content),
            place=pointer,
            scanner=scanner,
            declared_text=descriptor.media_type in TEXT_MEDIA_TYPES,
        )
        raise_faults(faults)
