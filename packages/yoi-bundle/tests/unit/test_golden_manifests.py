"""Manifests that were written once and must stay readable, byte for byte, for as long as their schema version is."""

import inspect
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from yoi_bundle import manifest as manifest_types
from yoi_bundle.canonical import encode_canonical
from yoi_bundle.diff import compute_diff
from yoi_bundle.schema import READABLE_SCHEMA_VERSIONS
from yoi_bundle.verified import VerifiedBundle, verify_manifest

GOLDEN = Path(__file__).parents[1] / "golden"
ABSTRACT = {"Item"}


def list_golden() -> list[tuple[Path, str]]:
    """Return each file with the digest that was written down for it."""
    found = []
    for listing in sorted(GOLDEN.glob("*/digests.txt")):
        for line in listing.read_text().splitlines():
            digest, name = line.split("  ")
            found.append((listing.parent / name, digest))
    return found


def verify(path: Path, digest: str) -> VerifiedBundle:
    return verify_manifest(path.read_bytes(), digest)


@pytest.mark.req("B-01", "B-06")
@pytest.mark.parametrize(("path", "digest"), list_golden(), ids=lambda value: getattr(value, "stem", ""))
def test_a_golden_manifest_is_read_and_written_as_ever(path: Path, digest: str) -> None:
    bundle = verify(path, digest)
    assert bundle.unsupported == {}
    assert encode_canonical(bundle.manifest) == path.read_bytes()
    assert compute_diff(bundle, bundle, lambda _: b"").changes == ()


@pytest.mark.req("B-06")
def test_every_readable_schema_version_has_golden_manifests() -> None:
    folders = {path.name for path in GOLDEN.iterdir()}
    assert folders == {f"schema-{version}" for version in READABLE_SCHEMA_VERSIONS}
    for folder in folders:
        listed = {path.name for path, _ in list_golden() if path.parent.name == folder}
        assert listed == {path.name for path in (GOLDEN / folder).glob("*.json")}
        assert listed


def walk(value: object) -> Iterator[msgspec.Struct]:
    if isinstance(value, msgspec.Struct):
        yield value
        for field in value.__struct_fields__:
            yield from walk(getattr(value, field))
    elif isinstance(value, dict):
        for member in value.values():
            yield from walk(member)
    elif isinstance(value, tuple):
        for member in value:
            yield from walk(member)


@pytest.mark.req("B-04")
def test_every_struct_and_every_field_of_the_manifest_occurs_in_a_golden_one() -> None:
    used: dict[str, set[str]] = {}
    for path, digest in list_golden():
        for value in walk(verify(path, digest).manifest):
            name = type(value).__name__
            written = msgspec.json.decode(encode_canonical(value))
            used.setdefault(name, set()).update(written.keys() - {type(value).__struct_config__.tag_field})
    for name in manifest_types.__all__:
        found = getattr(manifest_types, name)
        if inspect.isclass(found) and issubclass(found, msgspec.Struct) and name not in ABSTRACT:
            assert name in used
            labels = (
                {"title", "description", "origin", "features"}
                if issubclass(found, manifest_types.Item)
                else set()
            )
            assert set(found.__struct_fields__) - used[name] - labels == set(), name
