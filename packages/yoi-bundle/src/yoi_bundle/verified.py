"""A bundle whose digest, form, references and values have been checked; only `verify_manifest` makes one."""

from collections.abc import Iterable
from itertools import chain

from msgspec import Struct

from yoi_bundle.boundary.manifest import find_boundary_faults
from yoi_bundle.closure import find_reference_faults
from yoi_bundle.decode import decode_manifest
from yoi_bundle.descriptors import find_media_type_faults, list_descriptors
from yoi_bundle.digest import verify_digest
from yoi_bundle.errors import BundleInvalidError, Fault, LimitExceededError, raise_faults
from yoi_bundle.limits import DEFAULT_LIMITS, Limits
from yoi_bundle.manifest import Descriptor, Manifest
from yoi_bundle.schema import KNOWN_FEATURES, Unsupported


class VerifiedBundle(Struct, frozen=True, kw_only=True):
    """A manifest that may be used.

    Attributes:
        blobs: Each blob once, by digest; those of unsupported items too.
        size: Manifest and blobs together, in bytes.
    """

    digest: str
    manifest: Manifest
    unsupported: Unsupported
    blobs: dict[str, Descriptor]
    size: int


def verify_manifest(
    data: bytes, claimed: str, *, limits: Limits = DEFAULT_LIMITS, features: frozenset[str] = KNOWN_FEATURES
) -> VerifiedBundle:
    """Check everything about a manifest that can be checked without its blobs (B-01, B-02, B-06 to B-11).

    Args:
        data: The manifest's bytes, as they came.
        claimed: The digest that they came under.
        limits: Bounds of the bundle.
        features: What profiles may need (B-06).

    Returns:
        The manifest, and the blobs that it names.

    Raises:
        DigestMismatchError: Before anything is parsed.
        LimitExceededError, BundleNotCanonicalError, SchemaUnsupportedError, BundleInvalidError,
        DeclarationUnsupportedError, UnresolvedReferenceError, SecretValueError, HostValueError, HiddenTextError:
            See `decode_manifest`; each with every fault of its stage.
    """
    if len(data) > limits.manifest_bytes:
        raise LimitExceededError(
            "manifest_bytes", value=len(data), allowed=limits.manifest_bytes, place="manifest"
        )
    verify_digest(data, claimed)
    decoded = decode_manifest(data, limits=limits, features=features)
    manifest = decoded.manifest
    raise_faults(
        [
            *find_reference_faults(manifest, decoded.unsupported),
            *find_media_type_faults(manifest),
            *find_boundary_faults(manifest),
        ]
    )
    blobs = _collect_blobs(manifest, decoded.unsupported_blobs)
    size = len(data) + sum(descriptor.size for descriptor in blobs.values())
    _verify_sizes(blobs, size, limits)
    return VerifiedBundle(
        digest=claimed, manifest=manifest, unsupported=decoded.unsupported, blobs=blobs, size=size
    )


def _collect_blobs(manifest: Manifest, unsupported: Iterable[Descriptor]) -> dict[str, Descriptor]:
    blobs: dict[str, Descriptor] = {}
    faults: list[Fault] = []
    for pointer, descriptor in chain(list_descriptors(manifest), (("", one) for one in unsupported)):
        held = blobs.setdefault(descriptor.digest, descriptor)
        if held.size != descriptor.size:
            message = "one digest with two sizes"
            faults.append(Fault(code="bundle.invalid", pointer=f"{pointer}/size", message=message))
    if faults:
        raise BundleInvalidError(faults)
    return blobs


def _verify_sizes(blobs: dict[str, Descriptor], size: int, limits: Limits) -> None:
    if len(blobs) > limits.blobs:
        raise LimitExceededError("blobs", value=len(blobs), allowed=limits.blobs, place="manifest")
    for descriptor in blobs.values():
        if descriptor.size > limits.blob_bytes:
            raise LimitExceededError(
                "blob_bytes", value=descriptor.size, allowed=limits.blob_bytes, place=descriptor.digest
            )
    if size > limits.bundle_bytes:
        raise LimitExceededError("bundle_bytes", value=size, allowed=limits.bundle_bytes, place="bundle")
