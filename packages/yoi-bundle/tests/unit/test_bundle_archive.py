"""Archives: the same bytes for the same bundle, and no other bytes are taken."""

import io
import tarfile
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from support.bundles.bundle_strategies import CONTENTS, GeneratedBundle, build_bundle, bundles
from yoi_bundle.archive import ArchivedBundle, read_archive, write_archive
from yoi_bundle.digest import compute_digest
from yoi_bundle.errors import (
    BundleBlobsMissingError,
    BundleInvalidError,
    DigestMismatchError,
    LimitExceededError,
    YoiError,
)
from yoi_bundle.limits import DEFAULT_LIMITS, Limits
from yoi_bundle.manifest import Descriptor, Manifest, Prompt
from yoi_bundle.metadata import BundleMetadata, Provenance

pytestmark = pytest.mark.req("B-13")
modest = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))

BUNDLE = build_bundle(
    Manifest(
        schema_version=1,
        workspace="library",
        prompts={
            f"p{index}": Prompt(
                content=Descriptor(media_type="text/plain", digest=compute_digest(content), size=len(content))
            )
            for index, content in enumerate(CONTENTS)
        },
    )
)
METADATA = BundleMetadata(
    workspace="library",
    digest=BUNDLE.digest,
    revision=3,
    created_at="2026-01-31T12:00:00Z",
    provenance=Provenance(kind="directory", builder="yoi", builder_version="0.1.0"),
)
Entry = tuple[str, bytes]


def write(bundle: GeneratedBundle, metadata: BundleMetadata | None = None) -> bytes:
    out = io.BytesIO()
    write_archive(bundle.data, bundle.bundle, bundle.blobs.__getitem__, out, metadata=metadata)
    return out.getvalue()


def read(data: bytes, limits: Limits = DEFAULT_LIMITS) -> tuple[ArchivedBundle, dict[str, bytes]]:
    blobs: dict[str, bytes] = {}

    def put(descriptor: Descriptor, content: bytes) -> None:
        blobs[descriptor.digest] = content

    return read_archive(io.BytesIO(data), put, limits=limits), blobs


def list_entries() -> list[Entry]:
    with tarfile.open(fileobj=io.BytesIO(write(BUNDLE))) as archive:
        return [(member.name, archive.extractfile(member).read()) for member in archive]  # type: ignore[union-attr]


def pack(entries: list[Entry], change: Callable[[tarfile.TarInfo], None] = lambda entry: None) -> bytes:
    packed = b""
    for name, content in entries:
        entry = tarfile.TarInfo(name)
        entry.size, entry.mode = len(content), 0o644
        change(entry)
        packed += entry.tobuf(tarfile.USTAR_FORMAT) + content + bytes(-len(content) % 512)
    return packed + bytes(1024)


@modest
@given(bundles())
def test_a_bundle_comes_back_from_its_archive_with_the_same_digest(bundle: GeneratedBundle) -> None:
    archived, blobs = read(write(bundle))
    assert archived.bundle == bundle.bundle
    assert archived.manifest == bundle.data
    assert archived.metadata is None
    assert blobs == bundle.blobs


def test_an_archive_is_the_same_bytes_each_time_and_an_ordinary_tar() -> None:
    assert write(BUNDLE) == write(BUNDLE) == pack(list_entries())
    names = [name for name, _ in list_entries()]
    assert names[0] == "manifest.json"
    assert names[1:] == sorted(f"blobs/sha256/{digest[7:]}" for digest in BUNDLE.blobs)


def test_metadata_goes_along_and_changes_nothing_before_it() -> None:
    archived, _ = read(write(BUNDLE, METADATA))
    assert archived.metadata == METADATA
    assert write(BUNDLE, METADATA).startswith(write(BUNDLE)[:-1024])


def test_metadata_of_another_bundle_is_refused() -> None:
    with pytest.raises(DigestMismatchError):
        read(write(BUNDLE, replace(METADATA, digest=compute_digest(b"other"))))
    with pytest.raises(BundleInvalidError):
        read(write(BUNDLE, replace(METADATA, workspace="archive")))


def test_every_missing_blob_is_named() -> None:
    entries = list_entries()
    with pytest.raises(BundleBlobsMissingError) as caught:
        read(pack([entries[0], *entries[2:4], *entries[5:]]))
    missing = ["sha256:" + name.rpartition("/")[2] for name in (entries[1][0], entries[4][0])]
    assert caught.value.details() == {"digest": BUNDLE.digest, "lease": "", "missing": missing}


def test_a_damaged_blob_is_refused() -> None:
    entries = list_entries()
    name, content = entries[1]
    with pytest.raises(DigestMismatchError):
        read(pack([entries[0], (name, bytes([content[0] ^ 1]) + content[1:]), *entries[2:]]))


def test_nothing_extra_twice_or_out_of_order_is_taken() -> None:
    entries = list_entries()
    for wrong in (
        [*entries, ("extra", b"x")],
        [*entries, ("blobs/sha256/" + "0" * 64, b"x")],
        [entries[0], *entries[:1], *entries[1:]],
        [*entries[:2], entries[1], *entries[2:]],
        [entries[0], *reversed(entries[1:])],
        entries[1:],
        [("./manifest.json", entries[0][1]), *entries[1:]],
    ):
        with pytest.raises(BundleInvalidError):
            read(pack(wrong))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("mode", 0o755),
        ("uid", 1),
        ("gid", 1),
        ("mtime", 1),
        ("uname", "root"),
        ("type", tarfile.SYMTYPE),
        ("type", tarfile.LNKTYPE),
        ("linkname", "x"),
    ],
)
def test_every_header_has_one_form(field: str, value: object) -> None:
    with pytest.raises(BundleInvalidError):
        read(pack(list_entries(), lambda entry: setattr(entry, field, value)))


@modest
@given(st.data())
def test_a_cut_or_changed_archive_is_refused_with_a_typed_error(data: st.DataObject) -> None:
    whole = write(BUNDLE)
    cut = whole[: data.draw(st.integers(0, len(whole) - 1))]
    changed = bytearray(whole)
    changed[data.draw(st.integers(0, len(whole) - 1))] ^= data.draw(st.integers(1, 255))
    for wrong in (cut, bytes(changed), whole + b"\x00"):
        with pytest.raises(YoiError):
            read(wrong)


@pytest.mark.req("B-11")
def test_sizes_are_refused_before_the_bytes_are_read() -> None:
    with pytest.raises(LimitExceededError) as caught:
        read(write(BUNDLE)[:512], Limits(manifest_bytes=10))
    assert caught.value.details() == {
        "limit": "manifest_bytes",
        "value": len(BUNDLE.data),
        "allowed": 10,
        "place": "manifest.json",
    }
    with pytest.raises(LimitExceededError, match="blob_bytes"):
        read(write(BUNDLE)[: 512 + len(BUNDLE.data) + (-len(BUNDLE.data) % 512)], Limits(blob_bytes=100))


def test_a_wrong_blob_is_not_written() -> None:
    with pytest.raises(DigestMismatchError):
        write_archive(BUNDLE.data, BUNDLE.bundle, lambda digest: b"other", io.BytesIO())
    with pytest.raises(DigestMismatchError):
        write_archive(b"{}", BUNDLE.bundle, BUNDLE.blobs.__getitem__, io.BytesIO())
