"""Store, read, list and delete bundles: the same on every Runtime, for every caller."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from msgspec.structs import replace

from support.bundles.small_bundles import build_many_prompts, build_metadata, build_small_bundle
from support.runtime.contract_runtimes import ContractRuntime
from support.runtime.runtime_under_test import (
    create_worker,
    cut_after,
    put_blobs,
    put_manifest,
    store_bundle,
)
from worker_runtime.contract.assignments import AssignmentRequest
from worker_runtime.contract.bundles import ManifestBody, StagedOutcome, StoredOutcome
from worker_runtime.sync.transfer.manifest_coding import encode_manifest
from worker_runtime.sync.transfer.pack import write_pack
from yoi_bundle.digest import compute_digest
from yoi_bundle.errors import BundleInvalidError, BundleNotCanonicalError, DigestMismatchError, YoiError
from yoi_bundle.metadata import DetachedSignature
from yoi_wire.errors import (
    BundleBaseMissingError,
    BundleInUseError,
    BundleMissingError,
    LeaseExpiredError,
    RequestInvalidError,
)

pytestmark = pytest.mark.req("R-01")


@pytest.mark.req("R-04", "R-05")
def test_what_was_put_is_given_back_byte_for_byte(runtime: ContractRuntime) -> None:
    caller = runtime.build_caller()
    bundle = build_small_bundle()
    assert store_bundle(runtime, caller, bundle).created
    content = runtime.run(runtime.api.get_bundle(caller, bundle.digest))
    assert (content.manifest, content.metadata) == (bundle.manifest, bundle.metadata)
    entry = runtime.run(runtime.api.head_bundle(caller, bundle.digest))
    assert (entry.state, entry.blobs, entry.profiles, entry.workspace) == ("stored", 1, 1, "library")
    assert entry.size == len(bundle.manifest) + sum(len(blob) for blob in bundle.blobs.values())


@pytest.mark.req("R-02", "R-05")
def test_a_bundle_is_not_visible_before_its_last_blob(runtime: ContractRuntime) -> None:
    caller = runtime.build_caller()
    bundle = build_small_bundle(prompts=build_many_prompts(3))
    staged = put_manifest(runtime, caller, bundle)
    assert isinstance(staged, StagedOutcome)
    assert list(staged.missing) == sorted(bundle.blobs)
    digests = list(staged.missing)
    outcome = put_blobs(runtime, caller, staged.lease.id, [(d, bundle.blobs[d]) for d in digests[:2]])
    assert isinstance(outcome, StagedOutcome)
    assert outcome.missing == (digests[2],)
    with pytest.raises(BundleMissingError):
        runtime.run(runtime.api.get_bundle(caller, bundle.digest))
    assert runtime.run(runtime.api.list_bundles(caller)).items == ()
    status = runtime.run(runtime.api.get_bundle_status(caller, bundle.digest))
    assert (status.staged, status.stored, status.missing) == (True, False, 1)
    last = [(digests[2], bundle.blobs[digests[2]])]
    assert isinstance(put_blobs(runtime, caller, staged.lease.id, last), StoredOutcome)
    status = runtime.run(runtime.api.get_bundle_status(caller, bundle.digest))
    assert (status.staged, status.stored, status.verified, status.leased) == (False, True, True, True)


@pytest.mark.req("R-02")
def test_putting_a_bundle_again_changes_nothing(runtime: ContractRuntime) -> None:
    caller = runtime.build_caller()
    bundle = build_small_bundle()
    store_bundle(runtime, caller, bundle)
    before = runtime.run(runtime.api.list_bundles(caller))
    again = put_manifest(runtime, caller, bundle)
    assert isinstance(again, StoredOutcome)
    assert not again.created
    assert runtime.run(runtime.api.list_bundles(caller)) == before


@pytest.mark.req("B-03")
def test_a_newer_revision_of_the_same_content_is_remembered_and_an_older_one_is_not(
    runtime: ContractRuntime,
) -> None:
    caller = runtime.build_caller()
    for revision, expected in [(2, 2), (5, 5), (3, 5)]:
        bundle = build_small_bundle(revision=revision)
        store_bundle(runtime, caller, bundle)
        entry = runtime.run(runtime.api.head_bundle(caller, bundle.digest))
        assert entry.metadata.revision == expected


@pytest.mark.req("R-04")
def test_only_what_is_missing_is_asked_for(runtime: ContractRuntime) -> None:
    caller = runtime.build_caller()
    prompts = build_many_prompts(4)
    store_bundle(runtime, caller, build_small_bundle(prompts=prompts))
    edited = build_small_bundle(prompts={**prompts, "p0": b"Another text.\n"})
    outcome = put_manifest(runtime, caller, edited)
    assert isinstance(outcome, StagedOutcome)
    assert outcome.missing == (compute_digest(b"Another text.\n"),)


@pytest.mark.req("R-04")
def test_a_cut_pack_goes_on_where_it_ended(runtime: ContractRuntime) -> None:
    caller = runtime.build_caller()
    bundle = build_small_bundle(prompts=build_many_prompts(6))
    staged = put_manifest(runtime, caller, bundle)
    assert isinstance(staged, StagedOutcome)
    blobs = [(digest, bundle.blobs[digest]) for digest in staged.missing]
    pieces = cut_after(_in_small_pieces(write_pack(blobs)), 3 * 1024 + 300, ConnectionError("cut"))
    with pytest.raises(ConnectionError):
        runtime.run(runtime.api.put_pack(caller, staged.lease.id, pieces))
    again = put_manifest(runtime, caller, bundle)
    assert isinstance(again, StagedOutcome)
    assert again.lease.id == staged.lease.id
    assert set(again.missing) == {digest for digest, _ in blobs[3:]}
    rest = [(digest, bundle.blobs[digest]) for digest in again.missing]
    assert isinstance(put_blobs(runtime, caller, again.lease.id, rest), StoredOutcome)


async def _in_small_pieces(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    async for piece in pieces:
        for start in range(0, len(piece), 100):
            yield piece[start : start + 100]


@pytest.mark.req("B-02")
def test_bytes_of_another_digest_store_nothing(runtime: ContractRuntime) -> None:
    caller = runtime.build_caller()
    bundle = build_small_bundle()
    wrong = f"sha256:{'0' * 64}"
    metadata = build_metadata("library", wrong)
    with pytest.raises(DigestMismatchError) as caught:
        runtime.run(runtime.api.put_bundle(caller, wrong, metadata, ManifestBody(content=bundle.manifest)))
    assert caught.value.details() == {"claimed": wrong, "computed": bundle.digest}
    for digest in (wrong, bundle.digest):
        with pytest.raises(BundleMissingError):
            runtime.run(runtime.api.get_bundle_status(caller, digest))


@pytest.mark.req("B-02")
def test_a_blob_of_another_digest_is_refused_and_those_before_it_stay(runtime: ContractRuntime) -> None:
    caller = runtime.build_caller()
    bundle = build_small_bundle(prompts={"a": b"first text\n", "b": b"other text\n"})
    staged = put_manifest(runtime, caller, bundle)
    assert isinstance(staged, StagedOutcome)
    first, second = staged.missing
    with pytest.raises(DigestMismatchError):
        put_blobs(runtime, caller, staged.lease.id, [(first, bundle.blobs[first]), (second, b"wrong text\n")])
    again = put_manifest(runtime, caller, bundle)
    assert isinstance(again, StagedOutcome)
    assert again.missing == (second,)


@pytest.mark.req("R-04")
def test_a_blob_that_was_not_asked_for_is_refused(runtime: ContractRuntime) -> None:
    caller = runtime.build_caller()
    staged = put_manifest(runtime, caller, build_small_bundle())
    assert isinstance(staged, StagedOutcome)
    stray = b"nobody asked\n"
    with pytest.raises(RequestInvalidError):
        put_blobs(runtime, caller, staged.lease.id, [(compute_digest(stray), stray)])


@pytest.mark.req("B-01", "R-05")
def test_a_manifest_in_another_form_is_refused_and_the_refusal_is_remembered(
    runtime: ContractRuntime,
) -> None:
    caller = runtime.build_caller()
    data = build_small_bundle().manifest.replace(b",", b", ", 1)
    digest = compute_digest(data)
    with pytest.raises(BundleNotCanonicalError):
        runtime.run(
            runtime.api.put_bundle(
                caller, digest, build_metadata("library", digest), ManifestBody(content=data)
            )
        )
    status = runtime.run(runtime.api.get_bundle_status(caller, digest))
    assert status.rejected.code == "bundle.not_canonical"
    assert not (status.staged or status.stored)


@pytest.mark.req("B-10", "R-05")
def test_a_free_json_blob_that_is_not_json_rejects_the_bundle(runtime: ContractRuntime) -> None:
    caller = runtime.build_caller()
    bundle = build_small_bundle(schemas={"search": b"{not json}"})
    staged = put_manifest(runtime, caller, bundle)
    assert isinstance(staged, StagedOutcome)
    with pytest.raises(BundleInvalidError):
        put_blobs(runtime, caller, staged.lease.id, bundle.blobs.items())
    status = runtime.run(runtime.api.get_bundle_status(caller, bundle.digest))
    assert status.rejected.code == "bundle.invalid"
    with pytest.raises(LeaseExpiredError):
        put_blobs(runtime, caller, staged.lease.id, bundle.blobs.items())


@pytest.mark.req("B-10")
def test_a_blob_that_came_as_text_is_checked_when_it_becomes_free_json(runtime: ContractRuntime) -> None:
    caller = runtime.build_caller()
    text = b"{not json}"
    store_bundle(runtime, caller, build_small_bundle(prompts={"harmless": text}))
    with pytest.raises(BundleInvalidError):
        put_manifest(runtime, caller, build_small_bundle(prompts={}, schemas={"search": text}))


@pytest.mark.req("R-04")
def test_a_manifest_may_come_compressed_or_as_a_delta(runtime: ContractRuntime) -> None:
    caller = runtime.build_caller()
    prompts = build_many_prompts(20)
    base = build_small_bundle(prompts=prompts)
    runtime.run(
        runtime.api.put_bundle(caller, base.digest, base.metadata, encode_manifest(base.manifest, "zstd"))
    )
    edited = build_small_bundle(prompts={**prompts, "p1": b"Edited.\n"})
    delta = encode_manifest(edited.manifest, "dcz", base=base.manifest)
    assert len(delta.content) < len(edited.manifest) / 2
    with pytest.raises(BundleBaseMissingError) as caught:
        runtime.run(runtime.api.put_bundle(caller, edited.digest, edited.metadata, delta))
    assert caught.value.details() == {"base": base.digest}
    store_bundle(runtime, caller, base)
    outcome = runtime.run(runtime.api.put_bundle(caller, edited.digest, edited.metadata, delta))
    assert isinstance(outcome, StagedOutcome)


@pytest.mark.req("B-03")
@pytest.mark.parametrize(
    ("pointer", "change"),
    [
        ("/revision", {"revision": 0}),
        ("/revision", {"revision": 2**53}),
        ("/created_at", {"created_at": "yesterday"}),
        ("/created_at", {"created_at": "2026-02-30T12:00:00Z"}),
        ("/publisher", {"publisher": "p" * 257}),
        ("/signature", {"signature": DetachedSignature(key="nobody", value="garbage")}),
        ("/provenance/source", {"provenance": {"source": "https://sam:word@example.com/library"}}),
        ("/provenance/source", {"provenance": {"source": "s" * 1025}}),
        ("/provenance/commit", {"provenance": {"commit": "main"}}),
    ],
)
def test_metadata_out_of_range_is_refused_whoever_made_it(
    runtime: ContractRuntime, pointer: str, change: dict[str, Any]
) -> None:
    """An embedded caller makes it from values, of which no decoder has seen the range."""
    bundle = build_small_bundle()
    changes = {
        name: replace(bundle.metadata.provenance, **value) if name == "provenance" else value
        for name, value in change.items()
    }
    metadata = replace(bundle.metadata, **changes)
    body = ManifestBody(content=bundle.manifest)
    caller = runtime.build_caller()
    with pytest.raises(BundleInvalidError) as caught:
        runtime.run(runtime.api.put_bundle(caller, bundle.digest, metadata, body))
    assert [fault.pointer for fault in caught.value.faults] == [pointer]
    with pytest.raises(BundleMissingError):
        runtime.run(runtime.api.get_bundle_status(caller, bundle.digest))


@pytest.mark.req("B-03")
@pytest.mark.parametrize("field", ["digest", "workspace"])
def test_metadata_of_another_bundle_is_refused(runtime: ContractRuntime, field: str) -> None:
    caller = runtime.build_caller("library", "museum")
    bundle = build_small_bundle()
    wrong = (
        build_metadata("library", f"sha256:{'1' * 64}")
        if field == "digest"
        else build_metadata("museum", bundle.digest)
    )
    with pytest.raises(RequestInvalidError) as caught:
        runtime.run(
            runtime.api.put_bundle(caller, bundle.digest, wrong, ManifestBody(content=bundle.manifest))
        )
    assert caught.value.details()["field"] == f"metadata/{field}"


@pytest.mark.req("R-05")
def test_a_list_in_pages_has_every_bundle_once_newest_first(runtime: ContractRuntime) -> None:
    caller = runtime.build_caller("library", "museum")
    stored: list[str] = []
    for number in range(5):
        workspace = "library" if number % 2 else "museum"
        bundle = build_small_bundle(workspace, prompts={"p": f"{number}\n".encode()})
        store_bundle(runtime, caller, bundle)
        runtime.clock.advance(milliseconds=number % 2)
        stored.append(bundle.digest)
    listed: list[str] = []
    cursor = None
    while True:
        page = runtime.run(runtime.api.list_bundles(caller, cursor=cursor, limit=2))
        assert len(page.items) <= 2
        listed += [entry.digest for entry in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert sorted(listed) == sorted(stored)
    entries = runtime.run(runtime.api.list_bundles(caller)).items
    assert [entry.digest for entry in entries] == listed
    instants = [entry.stored_at for entry in entries]
    assert instants == sorted(instants, reverse=True)
    only = runtime.run(runtime.api.list_bundles(caller, workspace="museum")).items
    assert {entry.workspace for entry in only} == {"museum"}


@pytest.mark.parametrize("limit", [0, 501])
def test_a_page_of_impossible_size_is_refused(runtime: ContractRuntime, limit: int) -> None:
    with pytest.raises(RequestInvalidError):
        runtime.run(runtime.api.list_bundles(runtime.build_caller(), limit=limit))


@pytest.mark.parametrize("cursor", ["", "1", "x-y", "1-\n", "1-" + "a" * 200])
def test_a_cursor_of_no_list_is_refused(runtime: ContractRuntime, cursor: str) -> None:
    with pytest.raises(RequestInvalidError):
        runtime.run(runtime.api.list_bundles(runtime.build_caller(), cursor=cursor))


@pytest.mark.req("R-05", "R-06")
def test_a_deleted_bundle_is_gone_and_deleting_it_again_is_no_error(runtime: ContractRuntime) -> None:
    caller = runtime.build_caller()
    bundle = build_small_bundle()
    store_bundle(runtime, caller, bundle)
    for _ in range(2):
        runtime.run(runtime.api.delete_bundle(caller, bundle.digest))
    with pytest.raises(BundleMissingError):
        runtime.run(runtime.api.head_bundle(caller, bundle.digest))
    assert isinstance(put_manifest(runtime, caller, bundle), StoredOutcome | StagedOutcome)


@pytest.mark.req("R-06")
def test_an_assigned_or_pinned_bundle_cannot_be_deleted(runtime: ContractRuntime) -> None:
    caller = runtime.build_caller()
    bundle = build_small_bundle()
    store_bundle(runtime, caller, bundle)
    assign = AssignmentRequest(digest=bundle.digest, revision=1, generation=1)
    runtime.run(runtime.api.put_assignment(caller, "library", assign))
    with pytest.raises(BundleInUseError) as caught:
        runtime.run(runtime.api.delete_bundle(caller, bundle.digest))
    assert caught.value.details() == {"digest": bundle.digest, "assigned": True, "workers": []}
    worker = create_worker(runtime, caller, bundle)
    runtime.run(runtime.api.delete_assignment(caller, "library", 2))
    for end in (None, runtime.api.stop_worker):
        if end is not None:
            runtime.run(end(caller, worker.id))
        with pytest.raises(BundleInUseError) as caught:
            runtime.run(runtime.api.delete_bundle(caller, bundle.digest))
        assert caught.value.details()["workers"] == [worker.id]
    runtime.clock.advance(days=30)
    runtime.run(runtime.api.delete_bundle(caller, bundle.digest))


@pytest.mark.req("R-01")
def test_every_refusal_has_a_code_and_details_that_can_be_sent(runtime: ContractRuntime) -> None:
    caller = runtime.build_caller()
    with pytest.raises(YoiError) as caught:
        runtime.run(runtime.api.get_bundle(caller, f"sha256:{'2' * 64}"))
    assert caught.value.code == "bundle.missing"
    assert caught.value.details() == {"digest": f"sha256:{'2' * 64}"}
    assert caught.value.retryable is False


@pytest.mark.req("R-05", "R-07")
def test_a_blob_is_read_where_the_worker_is_by_those_who_see_its_bundle(runtime: ContractRuntime) -> None:
    caller = runtime.build_caller()
    bundle, other = build_small_bundle(), build_small_bundle(prompts={"p": b"another text\n"})
    store_bundle(runtime, caller, bundle)
    store_bundle(runtime, caller, other)
    for digest, content in bundle.blobs.items():
        assert runtime.run(runtime.api.get_blob(caller, bundle.digest, digest)) == content
    stranger = next(iter(set(other.blobs) - set(bundle.blobs)))
    for asked, holder, named in (
        (caller, bundle.digest, stranger),
        (runtime.build_caller("museum"), other.digest, other.digest),
    ):
        with pytest.raises(BundleMissingError) as caught:
            runtime.run(runtime.api.get_blob(asked, holder, stranger))
        assert caught.value.details() == {"digest": named}
