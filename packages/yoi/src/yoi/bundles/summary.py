"""What is in a bundle, said shortly: for `show`, and beside other answers."""

from collections.abc import Iterator, Mapping
from typing import Any

from yoi.bundles.source import OpenBundle
from yoi.render.table import format_bytes
from yoi_bundle.boundary.contents import verify_blob_contents
from yoi_bundle.boundary.free_json import find_free_json_faults
from yoi_bundle.boundary.scanner import SecretScanner
from yoi_bundle.descriptors import list_descriptors
from yoi_bundle.digest import verify_digest
from yoi_bundle.errors import raise_faults
from yoi_bundle.identifiers import decode_path
from yoi_bundle.limits import DEFAULT_LIMITS
from yoi_bundle.manifest import Item, Manifest
from yoi_bundle.media_types import FREE_JSON_MEDIA_TYPE
from yoi_bundle.schema import ITEM_SECTIONS
from yoi_bundle.verified import verify_manifest

_PROVENANCE_FIELDS = ("kind", "source", "commit", "builder", "builder_version")


def describe_contents(opened: OpenBundle) -> list[tuple[str, str]]:
    """Return names and values for people."""
    bundle, manifest = opened.bundle, opened.bundle.manifest
    facts = [
        ("bundle", bundle.digest),
        ("workspace", manifest.workspace),
        ("project", manifest.project.title),
        ("default profile", decode_path(manifest.default_profile or "none")),
        ("reply language", manifest.language.reply or "not said"),
        ("size", f"{len(bundle.blobs)} blobs, {format_bytes(bundle.size)}"),
    ]
    if opened.metadata is not None:
        provenance = opened.metadata.provenance
        said = (str(getattr(provenance, name)) for name in _PROVENANCE_FIELDS)
        facts += [
            ("revision", f"{opened.metadata.revision}, {opened.metadata.created_at}"),
            (
                "provenance",
                " ".join(text for text in said if text) + (" (dirty)" if provenance.dirty else ""),
            ),
        ]
    return facts


def list_sections(manifest: Manifest) -> list[tuple[str, Mapping[str, Item]]]:
    return [(section, getattr(manifest, section)) for section in ITEM_SECTIONS]


def verify_contents(opened: OpenBundle, *, scanner: SecretScanner | None) -> None:
    """Check manifest and every blob again.

    Args:
        opened: The bundle.
        scanner: For what others built: its texts are checked as a build checks them (B-07, B-09). None for what this
            Runtime holds, whose reviewed false alarms are in no bundle.

    Raises:
        DigestMismatchError: A blob is not what its digest says.
        YoiError: See `verify_manifest`; for texts and free JSON the faults of the boundary.
    """
    bundle = verify_manifest(opened.data, opened.bundle.digest)
    for digest in sorted(bundle.blobs):
        verify_digest(opened.read_blob(digest), digest)
    if scanner is not None:
        verify_blob_contents(bundle.manifest, opened.read_blob, scanner=scanner, limits=DEFAULT_LIMITS)
        return
    for pointer, descriptor in list_descriptors(bundle.manifest):
        if descriptor.media_type == FREE_JSON_MEDIA_TYPE:
            content = opened.read_blob(descriptor.digest)
            raise_faults(find_free_json_faults(content, place=pointer, limits=DEFAULT_LIMITS))


def describe_bundle(opened: OpenBundle) -> dict[str, Any]:
    """Return the stable short form of a bundle; `docs/cli.md` says its fields."""
    bundle = opened.bundle
    return {
        "digest": bundle.digest,
        "workspace": bundle.manifest.workspace,
        "counts": {section: len(items) for section, items in list_sections(bundle.manifest)},
        "blobs": len(bundle.blobs),
        "bytes": bundle.size,
        "metadata": opened.metadata,
    }


def list_rows(manifest: Manifest) -> Iterator[tuple[str, list[tuple[str, str, str]]]]:
    """Yield each kind that has items, with id, title and file of each."""
    for section, items in list_sections(manifest):
        rows = [
            (decode_path(name), item.title, decode_path(item.origin.path) if item.origin else "")
            for name, item in items.items()
        ]
        if rows:
            yield section, rows
