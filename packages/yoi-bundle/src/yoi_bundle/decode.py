"""From bytes to a manifest: canonical form, schema version, features, types; all faults at once (B-01, B-06)."""

from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Struct

from yoi_bundle.canonical import (
    decode_canonical,
    encode_canonical,
    find_difference,
    verify_depth,
    verify_values,
)
from yoi_bundle.errors import (
    BundleInvalidError,
    BundleNotCanonicalError,
    Fault,
    LimitExceededError,
    SchemaUnsupportedError,
    raise_faults,
)
from yoi_bundle.faults import find_type_faults
from yoi_bundle.limits import Limits
from yoi_bundle.manifest import Descriptor, Manifest
from yoi_bundle.schema import (
    BUILTIN_SECTION,
    ITEM_SECTIONS,
    KNOWN_FEATURES,
    READABLE_SCHEMA_VERSIONS,
    Unsupported,
)

_DESCRIPTOR_FIELDS = frozenset({"media_type", "digest", "size"})


class DecodedManifest(Struct, frozen=True, kw_only=True):
    """A manifest of the right shape; its references and values are not checked yet.

    Attributes:
        unsupported: Items that need features this reader lacks. They are in the bytes and not in `manifest`.
        unsupported_blobs: What those items name as blobs, so that the bundle is kept and passed on whole.
    """

    manifest: Manifest
    unsupported: Unsupported
    unsupported_blobs: tuple[Descriptor, ...]


def decode_manifest(
    data: bytes, *, limits: Limits, features: frozenset[str] = KNOWN_FEATURES
) -> DecodedManifest:
    """Decode canonical bytes whose digest the caller has already compared (B-02).

    Args:
        data: The manifest's bytes.
        limits: Bounds on its size, depth and counts.
        features: What this reader knows; items that need more are set apart, not decoded.

    Raises:
        LimitExceededError: Too long, too deep, or too many profiles.
        BundleNotCanonicalError: Not the one accepted form.
        SchemaUnsupportedError: Of a schema version that cannot be read here.
        BundleInvalidError: Of the wrong shape; carries every fault.
        DeclarationUnsupportedError: Shaped right but for declarations of unknown kind.
    """
    if len(data) > limits.manifest_bytes:
        raise LimitExceededError(
            "manifest_bytes", value=len(data), allowed=limits.manifest_bytes, place="manifest"
        )
    verify_depth(data, allowed=limits.depth, place="manifest")
    document = decode_canonical(data)
    if not isinstance(document, dict):
        raise BundleInvalidError([Fault(code="bundle.invalid", pointer="", message="expected an object")])
    _verify_schema_version(document)
    known, unsupported = _set_unsupported_apart(document, features)
    manifest = _convert(known)
    again = encode_canonical(manifest)
    reduced = data if not unsupported else encode_canonical(known)
    if again != reduced:
        offset = find_difference(again, reduced) if not unsupported else 0
        raise BundleNotCanonicalError("a field is written although it holds its default", offset)
    profiles = len(manifest.profiles) + len(unsupported.get("profiles", {}))
    profiles += len(manifest.builtin.profiles) if manifest.builtin else 0
    profiles += len(unsupported.get(BUILTIN_SECTION, {}))
    if profiles > limits.profiles:
        raise LimitExceededError("profiles", value=profiles, allowed=limits.profiles, place="/profiles")
    blobs = tuple(
        descriptor
        for section, items in unsupported.items()
        for name in items
        for descriptor in find_descriptors(_find_section(document, section)[name])
    )
    return DecodedManifest(manifest=manifest, unsupported=unsupported, unsupported_blobs=blobs)


def _find_section(document: dict[str, Any], section: str) -> dict[str, Any]:
    for step in section.split("/"):
        document = document[step]
    return document


def find_descriptors(value: Any) -> Iterator[Descriptor]:
    """Yield whatever has a descriptor's form in decoded JSON of a schema that is not known here.

    A media type that is not known either is taken for plain bytes.
    """
    if isinstance(value, dict):
        if value.keys() == _DESCRIPTOR_FIELDS:
            try:
                yield msgspec.convert({**value, "media_type": "application/octet-stream"}, Descriptor)
            except msgspec.ValidationError:
                return
        else:
            for member in value.values():
                yield from find_descriptors(member)
    elif isinstance(value, list):
        for member in value:
            yield from find_descriptors(member)


def _verify_schema_version(document: dict[str, Any]) -> None:
    if "schema_version" not in document:
        fault = Fault(code="bundle.invalid", pointer="/schema_version", message="the field is missing")
        raise BundleInvalidError([fault])
    version = document["schema_version"]
    if type(version) is not int or version not in READABLE_SCHEMA_VERSIONS:
        found = version if isinstance(version, int) else str(version)[:40]
        raise SchemaUnsupportedError(found, READABLE_SCHEMA_VERSIONS)


def _set_unsupported_apart(
    document: dict[str, Any], features: frozenset[str]
) -> tuple[dict[str, Any], Unsupported]:
    unsupported: Unsupported = {}
    known = dict(document)
    for section in ITEM_SECTIONS:
        _take_apart(known, section, section, features, unsupported)
    if isinstance(known.get("builtin"), dict):
        known["builtin"] = dict(known["builtin"])
        _take_apart(known["builtin"], "profiles", BUILTIN_SECTION, features, unsupported)
    return known, unsupported


def _take_apart(
    owner: dict[str, Any], field: str, section: str, features: frozenset[str], unsupported: Unsupported
) -> None:
    items = owner.get(field)
    if not isinstance(items, dict):
        return
    lacking = {name: missing for name, item in items.items() if (missing := _find_lacking(item, features))}
    if not lacking:
        return
    verify_values([items[name] for name in lacking])
    unsupported[section] = lacking
    rest = {name: item for name, item in items.items() if name not in lacking}
    if rest:
        owner[field] = rest
    else:
        del owner[field]


def _find_lacking(item: Any, features: frozenset[str]) -> frozenset[str]:
    if not isinstance(item, dict):
        return frozenset()
    needs = item.get("features")
    return frozenset(needs) - features if isinstance(needs, dict) else frozenset()


def _convert(document: dict[str, Any]) -> Manifest:
    try:
        return msgspec.convert(document, Manifest, strict=True)
    except (msgspec.ValidationError, ValueError):
        # msgspec repeats unknown fields, which may be credentials in the wrong place: its error is neither shown
        # nor kept as the context of ours (B-07).
        pass
    raise_faults(find_type_faults(document, Manifest))
    fault = Fault(code="bundle.invalid", pointer="", message="not of the shape that the schema asks for")
    raise BundleInvalidError([fault])
