"""Damage: found, reported, never served; the Runtime starts or says why not; a repair brings Workers back (R-03)."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.bundles.small_bundles import build_small_bundle
from support.runtime.damaged_store import flip_in, garble_pages, overwrite
from support.runtime.populated_store import TEXT, Populated
from support.runtime.runtime_under_test import (
    EmbeddedUnderTest,
    build_caller,
    create_worker,
    put_manifest,
    store_bundle,
)
from support.runtime.scrubbing import scrub_everything
from worker_runtime.contract.assignments import AssignmentRequest
from worker_runtime.contract.bundles import StagedOutcome, StoredOutcome
from worker_runtime.embedded.repair import repair_data_directory
from worker_runtime.store.files import DATABASE_NAME
from yoi_bundle.errors import YoiError
from yoi_wire.errors import (
    BundleCorruptError,
    RuntimeUnavailableError,
    StoreCorruptError,
)

pytestmark = pytest.mark.req("R-03")


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[EmbeddedUnderTest]:
    under_test = EmbeddedUnderTest(tmp_path / "data")
    yield under_test
    under_test.close()


@pytest.fixture
def store(runtime: EmbeddedUnderTest) -> Populated:
    return Populated(runtime)


def test_a_flipped_byte_in_a_manifest_is_reported_never_served_and_healed_by_the_next_put(
    store: Populated,
) -> None:
    store.damage(lambda path: _flip(path, "manifest", b'"workspace":"library"'))
    readiness = store.runtime.run(store.runtime.api.check_readiness())
    assert not readiness.ready
    assert readiness.problems[0]["code"] == "bundle.corrupt"
    with pytest.raises(BundleCorruptError) as caught:
        store.ask("get_bundle", store.bundle.digest)
    digest = store.bundle.digest
    assert caught.value.details() == {"digest": digest, "damaged": [digest]}
    assert store.ask("head_bundle", digest).state == "corrupt"
    assert not store.ask("get_bundle_status", digest).verified
    with pytest.raises(BundleCorruptError):
        create_worker(store.runtime, build_caller(), store.bundle, key="new")
    again = AssignmentRequest(digest=digest, revision=1, generation=4)
    with pytest.raises(BundleCorruptError):
        store.ask("put_assignment", "library", again)
    assert isinstance(put_manifest(store.runtime, build_caller(), store.bundle), StoredOutcome)
    assert store.ask("get_bundle", digest).manifest == store.bundle.manifest
    assert store.runtime.run(store.runtime.api.check_readiness()).ready


def test_a_flipped_byte_in_a_blob_is_found_at_its_read_and_asked_for_again(store: Populated) -> None:
    store.damage(lambda path: _flip(path, "blob", TEXT))
    (digest,) = store.bundle.blobs
    with pytest.raises(BundleCorruptError) as caught:
        store.ask("get_blob", store.bundle.digest, digest)
    assert caught.value.details()["damaged"] == [digest]
    assert store.ask("head_bundle", store.bundle.digest).state == "corrupt"
    outcome = put_manifest(store.runtime, build_caller(), store.bundle)
    assert isinstance(outcome, StagedOutcome)
    assert outcome.missing == (digest,)
    store_bundle(store.runtime, build_caller(), store.bundle)
    assert store.ask("get_blob", store.bundle.digest, digest) == TEXT
    assert store.ask("head_bundle", store.bundle.digest).state == "stored"


@pytest.mark.parametrize("table", ["manifest", "blob"])
def test_the_scrub_finds_damage_before_anybody_reads(store: Populated, table: str) -> None:
    needle = TEXT if table == "blob" else b'"workspace":"library"'
    store.runtime.api.close()
    _flip(store.runtime.directory, table, needle)
    store.runtime.api = store.runtime._open()
    assert store.ask("head_bundle", store.bundle.digest).state == "stored"
    steps = store.runtime.run(scrub_everything(store.runtime.api))
    expected = store.bundle.digest if table == "manifest" else next(iter(store.bundle.blobs))
    assert [one for step in steps for one in step.quarantined] == [expected]
    assert store.ask("head_bundle", store.bundle.digest).state == "corrupt"


def test_the_scrub_of_a_sound_store_finds_nothing_and_ends(store: Populated) -> None:
    steps = store.runtime.run(scrub_everything(store.runtime.api))
    assert steps[-1].finished
    assert not any(step.quarantined or step.damaged_records for step in steps)
    assert sum(step.checked for step in steps) > 10


RECORDS = [
    ("bundle", b'"builder":"yoi"', "bundle"),
    ("worker", b"cancelled", "worker"),
    ("worker_pins", b'"selector":"default"', "worker_pins"),
    ("worker_spec", b'"selector":"default"', "worker_spec"),
    ("assignment", b"sha256:", "assignment"),
    ("workspace", b"library", "workspace"),
]


@pytest.mark.parametrize(("table", "needle", "kind"), RECORDS)
def test_a_flipped_byte_in_a_record_leaves_the_runtime_unready(
    store: Populated, table: str, needle: bytes, kind: str
) -> None:
    store.damage(lambda path: _flip(path, table, needle))
    readiness = store.runtime.run(store.runtime.api.check_readiness())
    # A damaged name also leaves its index behind, which is noticed first.
    expected = {"code": "store.corrupt", "details": {"what": "database" if kind == "workspace" else kind}}
    assert expected in readiness.problems


@pytest.mark.parametrize(
    ("table", "needle", "kind"),
    [*RECORDS, ("event", b"spoken to", "event"), ("worker_spec", b'"decisions"', "worker_spec")],
)
def test_the_scrub_names_every_kind_of_damaged_record(
    store: Populated, table: str, needle: bytes, kind: str
) -> None:
    store.damage(lambda path: _flip(path, table, needle))
    steps = store.runtime.run(scrub_everything(store.runtime.api))
    assert kind in {one for step in steps for one in step.damaged_records}


@pytest.mark.parametrize(
    "index", ["sqlite_autoindex_event_1", "bundle_blob_by_blob", "bundle_blob", "lease_expiry"]
)
def test_the_scrub_finds_garbled_pages_of_indexes_that_the_start_does_not_read(
    store: Populated, index: str
) -> None:
    store.damage(lambda path: garble_pages(path, index))
    steps = store.runtime.run(scrub_everything(store.runtime.api))
    assert steps[-1].damaged_records == ("database",)
    report = store.repair()
    assert set(report.workers) == set(store.workers)
    assert {worker: store.look_at(worker) for worker in store.workers} == store.seen


@pytest.mark.parametrize(("table", "needle", "kind"), [*RECORDS, ("event", b"spoken to", "event")])
def test_no_damaged_record_is_ever_served(store: Populated, table: str, needle: bytes, kind: str) -> None:
    del kind
    store.damage(lambda path: _flip(path, table, needle))
    for worker, seen in store.seen.items():
        for operation, expected in zip(
            ("get_worker", "get_worker_spec", "get_worker_explanation", "list_worker_events"),
            seen,
            strict=True,
        ):
            try:
                assert store.ask(operation, worker) == expected
            except YoiError as error:
                assert error.code in {"store.corrupt", "worker.not_found"}
    for operation, argument in [
        ("get_assignment", "library"),
        ("head_bundle", store.bundle.digest),
        ("get_bundle", store.bundle.digest),
    ]:
        try:
            assert store.ask(operation, argument) is not None
        except YoiError as error:
            assert error.code in {"store.corrupt", "bundle.missing", "bundle.corrupt"}


@pytest.mark.parametrize(
    ("table", "needle"),
    [
        ("worker", b"cancelled"),
        ("worker_spec", b'"selector":"default"'),
        ("workspace", b"library"),
        ("bundle", b'"builder":"yoi"'),
        ("assignment", b"sha256:"),
        ("manifest", b'"workspace":"library"'),
        ("blob", TEXT),
    ],
)
@pytest.mark.req("W-02")
def test_a_repair_brings_every_worker_back_whose_pins_are_whole(
    store: Populated, table: str, needle: bytes
) -> None:
    store.damage(lambda path: _flip(path, table, needle))
    report = store.repair()
    assert set(report.workers) == set(store.workers)
    assert report.lost_workers == ()
    store_bundle(store.runtime, build_caller(), store.bundle)
    store.runtime.run(store.runtime.api.start())
    for worker, (record, spec, explanation, events) in store.seen.items():
        found, same_spec, same_explanation, happened = store.look_at(worker)
        assert (found.key, found.state, found.bundle_digest) == (
            record.key,
            record.state,
            record.bundle_digest,
        )
        assert (same_spec, same_explanation) == (spec, explanation)
        assert happened.events[: len(events.events)] == events.events
    assert store.runtime.run(store.runtime.api.check_readiness()).ready


def test_workers_whose_pins_are_damaged_are_named_as_lost(store: Populated) -> None:
    store.damage(
        lambda path: overwrite(
            path, "UPDATE worker_pins SET pins = X'7b7d' WHERE worker_id = ?", store.workers[1]
        )
    )
    report = store.repair()
    assert report.lost_workers == (store.workers[1],)
    assert set(report.workers) == {store.workers[0], store.workers[2]}
    assert store.look_at(store.workers[0]) == store.seen[store.workers[0]]


@pytest.mark.parametrize(
    "index", ["worker_age", "sqlite_autoindex_worker_1", "bundle_age", "sqlite_autoindex_blob_1"]
)
def test_a_garbled_index_is_noticed_and_a_repair_loses_nothing(store: Populated, index: str) -> None:
    store.damage(lambda path: garble_pages(path, index))
    problems = store.runtime.run(store.runtime.api.check_readiness()).problems
    if "blob" not in index:
        assert problems[0]["code"] == "store.corrupt"
    else:
        with pytest.raises(StoreCorruptError):
            store.ask("get_blob", store.bundle.digest, next(iter(store.bundle.blobs)))
    report = store.repair()
    assert set(report.workers) == set(store.workers)
    assert (report.bundles, report.blobs, report.damaged_bundles, report.assignments) == (1, 1, (), 1)
    assert {worker: store.look_at(worker) for worker in store.workers} == store.seen
    assert store.ask("get_assignment", "library") == store.assignment


@pytest.mark.parametrize("table", ["blob", "manifest", "event", "lease", "bundle"])
def test_a_garbled_table_beside_the_workers_leaves_the_workers_whole(store: Populated, table: str) -> None:
    store.damage(lambda path: garble_pages(path, table))
    report = store.repair()
    assert set(report.workers) == set(store.workers)
    store_bundle(store.runtime, build_caller(), store.bundle)
    for worker in store.workers:
        assert store.ask("get_worker_spec", worker) == store.seen[worker][1]


@pytest.mark.parametrize("damage", ["no database", "truncated to a page", "garbled header"])
def test_a_database_that_cannot_be_opened_leaves_the_runtime_unready_with_the_reason(
    store: Populated, damage: str
) -> None:
    def apply(path: Path) -> None:
        file = path / DATABASE_NAME
        data = file.read_bytes()
        file.write_bytes(
            {
                "no database": b"hello " * 1000,
                "truncated to a page": data[:4096],
                "garbled header": b"x" * 100 + data[100:],
            }[damage]
        )

    store.damage(apply)
    readiness = store.runtime.run(store.runtime.api.check_readiness())
    assert (readiness.ready, readiness.problems[0]["code"]) == (False, "store.corrupt")
    with pytest.raises(StoreCorruptError):
        store.ask("list_workers")
    with pytest.raises(StoreCorruptError):
        store.ask("get_worker", store.workers[0])


def test_a_truncated_file_is_noticed_at_the_start(store: Populated) -> None:
    def halve(path: Path) -> None:
        file = path / DATABASE_NAME
        data = file.read_bytes()
        file.write_bytes(data[: len(data) // 2])

    store.damage(halve)
    readiness = store.runtime.run(store.runtime.api.check_readiness())
    assert (readiness.ready, readiness.problems[0]["code"]) == (False, "store.corrupt")
    report = store.repair()
    assert set(report.workers) <= set(store.workers)
    for worker in report.workers:
        assert store.ask("get_worker_spec", worker) == store.seen[worker][1]


def test_a_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    overwrite(tmp_path, "CREATE TABLE other (x)")
    before = (tmp_path / DATABASE_NAME).read_bytes()
    under_test = EmbeddedUnderTest(tmp_path)
    assert not under_test.run(under_test.api.check_readiness()).ready
    under_test.close()
    assert (tmp_path / DATABASE_NAME).read_bytes() == before


def test_a_full_disk_refuses_writes_and_keeps_what_is_stored(store: Populated) -> None:
    database = store.runtime.api._context.database
    with database.write() as connection:
        connection.pragma("max_page_count", connection.pragma("page_count"))
    large = build_small_bundle(prompts={"p": b"x" * 100_000})
    with pytest.raises(RuntimeUnavailableError) as caught:
        store_bundle(store.runtime, build_caller(), large)
    assert caught.value.details() == {"reason": "storage_full"}
    assert {worker: store.look_at(worker) for worker in store.workers} == store.seen
    with database.write() as connection:
        connection.pragma("max_page_count", 2**31)
    store_bundle(store.runtime, build_caller(), large)
    assert store.runtime.run(store.runtime.api.check_readiness()).ready


def test_a_repair_needs_the_store_to_itself(store: Populated) -> None:
    with pytest.raises(RuntimeUnavailableError) as caught:
        repair_data_directory(store.runtime.directory)
    assert caught.value.details() == {"reason": "storage_in_use"}


def test_the_damaged_files_are_kept_beside_the_repaired_ones(store: Populated) -> None:
    store.damage(lambda path: _flip(path, "worker", b"cancelled"))
    store.repair()
    assert [path.name for path in store.runtime.directory.glob(f"{DATABASE_NAME}.damaged-*")]
    assert not list(store.runtime.directory.glob("*.building*"))


def _flip(directory: Path, table: str, needle: bytes) -> None:
    assert flip_in(directory, table, needle) > 0, f"nothing to flip in {table}"
