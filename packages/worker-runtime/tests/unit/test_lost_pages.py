"""Pages of the file are lost, the first one too: a repair reads what SQLite no longer can (R-03)."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest

from support.bundles.small_bundles import build_many_prompts, build_small_bundle
from support.runtime.damaged_store import find_pages, list_interior_pages, overwrite_pages
from support.runtime.manual_clock import START, ManualClock
from support.runtime.populated_store import Populated
from support.runtime.runtime_under_test import EmbeddedUnderTest, build_caller, create_worker, store_bundle
from worker_runtime.embedded.repair import repair_data_directory
from worker_runtime.store.checksum import compute_checksum
from worker_runtime.store.connection import Database
from worker_runtime.store.damaged_file import DamagedFile
from worker_runtime.store.files import DATABASE_NAME
from worker_runtime.store.page_image import open_page_image
from worker_runtime.store.salvage import salvage
from yoi_wire.errors import RuntimeIncompatibleError, RuntimeUnavailableError, StoreCorruptError

pytestmark = pytest.mark.req("R-03")

PAGE = 4096
TABLES = {
    "runtime": "number, id",
    "workspace": "id, issuer, name, checksum",
    "bundle": "id, workspace_id, digest, revision, stored_at, size, blobs, profiles, metadata, checksum, verified_at",
    "manifest": "bundle_id, bytes",
    "blob": "id, workspace_id, digest, size, json, bytes",
    "assignment": "workspace_id, generation, digest, revision, assigned_at, checksum",
    "worker_pins": "worker_number, worker_id, pins, checksum",
    "worker_spec": "worker_number, spec, explanation, checksum",
    "event": "id, worker_number, sequence, at, kind, body, checksum",
    "builtin_set": "rowid, digest, bytes",
    "rejection": "rowid, workspace_id, digest, rejected_at, body",
}


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[EmbeddedUnderTest]:
    under_test = EmbeddedUnderTest(tmp_path / "data")
    yield under_test
    under_test.close()


@pytest.fixture
def small(runtime: EmbeddedUnderTest) -> Populated:
    return Populated(runtime)


@pytest.fixture
def large(runtime: EmbeddedUnderTest) -> Populated:
    """Tables of several levels, and blobs that fill chains of pages."""
    prompts = {**build_many_prompts(60), "long": b"A long line.\n" * 2_000}
    return Populated(runtime, keys=[f"key {number}" for number in range(60)], prompts=prompts)


def _read_all(directory: Path) -> dict[str, list[tuple[object, ...]]]:
    with open_page_image(directory / DATABASE_NAME) as image:
        file = DamagedFile(image)
        assert not any(list(file.scan_strays(table, ("rowid",))) for table in TABLES)
        return {
            table: sorted(file.scan_rows(table, tuple(columns.split(", "))))
            for table, columns in TABLES.items()
        }


def _query_all(directory: Path) -> dict[str, list[tuple[object, ...]]]:
    connection = apsw.Connection(str(directory / DATABASE_NAME))
    try:
        return {
            table: sorted(tuple(row) for row in connection.execute(f"SELECT {columns} FROM {table}"))
            for table, columns in TABLES.items()
        }
    finally:
        connection.close()


@pytest.mark.parametrize("where", ["log", "file"])
def test_a_sound_file_is_read_just_as_sqlite_reads_it(large: Populated, where: str) -> None:
    for worker in large.workers[10:50]:
        large.ask("cancel_worker", worker)
        large.ask("delete_worker", worker)
    if where == "file":
        large.runtime.api.close()
    else:
        assert (large.runtime.directory / f"{DATABASE_NAME}-wal").stat().st_size > 100 * PAGE
    found = _read_all(large.runtime.directory)
    assert len(found["worker_pins"]) == 20
    assert len(found["blob"]) == 61
    assert found == _query_all(large.runtime.directory)


@pytest.mark.req("W-02")
def test_whichever_one_page_is_lost_every_worker_comes_back_whose_pins_stand_elsewhere(
    small: Populated,
) -> None:
    directory = small.runtime.directory
    small.runtime.api.close()
    pins = {offset // PAGE + 1 for offset, _ in find_pages(directory, "worker_pins")}
    sound = (directory / DATABASE_NAME).read_bytes()
    for page in range(1, len(sound) // PAGE + 1):
        (directory / DATABASE_NAME).write_bytes(sound)
        overwrite_pages(directory, [page])
        report = repair_data_directory(directory, host=small.runtime.host, clock=ManualClock())
        back = set(report.workers) == set(small.workers)
        assert back or page in pins, f"page {page}"
        small.runtime.restart()
        for worker in report.workers:
            assert small.look_at(worker)[1:3] == small.seen[worker][1:3]
        small.runtime.api.close()
        for kept in directory.glob("*.damaged-*"):
            kept.unlink()


@pytest.mark.req("W-02")
def test_everything_comes_back_without_the_first_page_and_all_pages_above_rows(large: Populated) -> None:
    interior = []

    def destroy(directory: Path) -> None:
        interior.extend(list_interior_pages(directory))
        overwrite_pages(directory, [1, *interior])

    large.damage(destroy)
    assert len(interior) >= 5
    assert not large.runtime.run(large.runtime.api.check_readiness()).ready
    report = large.repair()
    assert set(report.workers) == set(large.workers)
    assert (report.lost_workers, report.damaged_bundles, report.bundles) == ((), (), 1)
    assert {worker: large.look_at(worker) for worker in large.workers} == large.seen
    assert large.ask("get_bundle", large.bundle.digest).manifest == large.bundle.manifest
    for digest, data in large.bundle.blobs.items():
        assert large.ask("get_blob", large.bundle.digest, digest) == data
    assert large.ask("get_assignment", "library") == large.assignment


def test_what_stands_only_in_the_log_comes_back_too(large: Populated, tmp_path: Path) -> None:
    copied = _copy_open_store(large, tmp_path)
    overwrite_pages(copied, [1])
    report = repair_data_directory(copied, host=large.runtime.host)
    assert set(report.workers) == set(large.workers)
    assert report.damaged_bundles == ()


def test_a_log_that_is_damaged_in_its_middle_is_read_on_behind_it(
    runtime: EmbeddedUnderTest, tmp_path: Path
) -> None:
    store = Populated(runtime, keys=[f"key {number}" for number in range(12)])
    copied = _copy_open_store(store, tmp_path)
    log = copied / f"{DATABASE_NAME}-wal"
    data = bytearray(log.read_bytes())
    for part in (0.5, 0.6, 0.7):
        frame = 32 + (24 + PAGE) * int(len(data) // (24 + PAGE) * part)
        data[frame + 24 + 100] ^= 0xFF
    log.write_bytes(data)
    report = repair_data_directory(copied, host=runtime.host)
    assert len(report.workers) >= len(store.workers) - 1


def test_a_transaction_that_was_cut_in_the_log_is_left_out(small: Populated, tmp_path: Path) -> None:
    before = _copy_open_store(small, tmp_path)
    create_worker(small.runtime, build_caller(), small.bundle, key="unacknowledged")
    after = _copy_open_store(small, tmp_path)
    size = (before / f"{DATABASE_NAME}-wal").stat().st_size
    log = after / f"{DATABASE_NAME}-wal"
    data = bytearray(log.read_bytes())
    assert len(data) > size
    data[size + 24 + 100] ^= 0xFF
    log.write_bytes(data)
    report = repair_data_directory(after, host=small.runtime.host)
    assert set(report.workers) == set(small.workers)


@pytest.mark.parametrize("left", [0.9, 0.6, 0.3])
def test_of_a_truncated_file_every_worker_comes_back_whose_pins_are_left(
    large: Populated, left: float
) -> None:
    whole = set()

    def truncate(directory: Path) -> None:
        file = directory / DATABASE_NAME
        data = file.read_bytes()[: int(len(file.read_bytes()) * left)]
        file.write_bytes(data)
        for worker in large.workers:
            # A row of pins fits into its page, and begins with the Worker's id.
            if worker.encode() + b"{" in data:
                whole.add(worker)

    large.damage(truncate)
    report = large.repair()
    assert whole
    assert set(report.workers) == whole
    for worker in report.workers:
        assert large.look_at(worker)[1] == large.seen[worker][1]


def test_deleted_workers_stay_deleted_without_the_first_page(large: Populated) -> None:
    for worker in large.workers[5:]:
        large.ask("cancel_worker", worker)
        large.ask("delete_worker", worker)
    large.damage(lambda directory: overwrite_pages(directory, [1]))
    assert set(large.repair().workers) == set(large.workers[:5])


@pytest.mark.req("W-01", "W-02")
@pytest.mark.parametrize("count", [12, 40])
def test_workers_that_took_deleted_ones_numbers_and_keys_are_not_mixed_up_with_them(
    large: Populated, count: int
) -> None:
    """Pages that were given up still hold what was deleted, and without the first page nothing says so."""
    for worker in large.workers[5:]:
        large.ask("cancel_worker", worker)
        large.ask("delete_worker", worker)
    large.runtime.clock.advance(minutes=1)
    other = build_small_bundle(prompts={"p": b"Another text.\n"})
    store_bundle(large.runtime, build_caller(), other)
    new = [
        create_worker(large.runtime, build_caller(), other, key=f"key {59 - number}").id
        for number in range(count)
    ]
    kept = [*large.workers[:5], *new]
    seen = {worker: large.look_at(worker) for worker in kept}

    def destroy(directory: Path) -> None:
        roots = [find_pages(directory, table)[0][0] // PAGE + 1 for table in ("event", "worker_spec")]
        overwrite_pages(directory, {1, *list_interior_pages(directory), *roots})

    large.damage(destroy)
    report = large.repair()
    assert set(kept) <= set(report.workers)
    for worker in kept:
        found, spec, explanation, events = large.look_at(worker)
        record, same_spec, same_explanation, happened = seen[worker]
        assert (found.key, spec, explanation) == (record.key, same_spec, same_explanation)
        assert set(map(repr, events.events)) <= set(map(repr, happened.events))


class _FileWithAStrayEvent(DamagedFile):
    """A file that also gives an event of a Worker that had the first one's number before."""

    def scan_strays(self, table: str, columns: tuple[str, ...]) -> Iterator[Any]:
        yield from super().scan_strays(table, columns)
        if table == "event":
            fields = (1, 7, START - 1, "input", b'{"text":"of old"}')
            yield (9_999, *fields, compute_checksum("event", *fields))


def test_an_event_older_than_its_worker_is_not_its_own(small: Populated, tmp_path: Path) -> None:
    small.runtime.api.close()
    target = Database(tmp_path / "target")
    with open_page_image(small.runtime.directory / DATABASE_NAME) as image:
        report = salvage(_FileWithAStrayEvent(image), target)
    target.close()
    assert report.events == sum(len(events.events) for *_, events in small.seen.values())


@pytest.mark.parametrize("what", ["noise", "nothing", "another program", "a newer program"])
def test_what_is_no_store_is_left_as_it_is(tmp_path: Path, what: str) -> None:
    file = tmp_path / DATABASE_NAME
    if "program" in what:
        connection = apsw.Connection(str(file))
        connection.execute("CREATE TABLE other (x)")
        connection.pragma("application_id", 7 if what == "another program" else 0x796F6931)
        connection.pragma("user_version", 1 if what == "another program" else 999)
        connection.close()
    else:
        file.write_bytes(b"\x0d noise" * 5_000 if what == "noise" else b"")
    before = file.read_bytes()
    expected = RuntimeIncompatibleError if what == "a newer program" else StoreCorruptError
    with pytest.raises(expected):
        repair_data_directory(tmp_path)
    assert file.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["runtime.lock", DATABASE_NAME]


def test_a_directory_without_a_store_cannot_be_repaired(tmp_path: Path) -> None:
    with pytest.raises(RuntimeUnavailableError):
        repair_data_directory(tmp_path)


def test_the_damaged_files_are_kept_byte_for_byte(small: Populated, tmp_path: Path) -> None:
    copied = _copy_open_store(small, tmp_path)
    overwrite_pages(copied, [1])
    names = (DATABASE_NAME, f"{DATABASE_NAME}-wal")
    before = [(copied / name).read_bytes() for name in names]
    repair_data_directory(copied, host=small.runtime.host, clock=ManualClock())
    suffixes = ("", "-wal")
    kept = [next(copied.glob(f"{DATABASE_NAME}.damaged-*[0-9]{suffix}")) for suffix in suffixes]
    assert [path.read_bytes() for path in kept] == before


def _copy_open_store(store: Populated, tmp_path: Path) -> Path:
    """Copy a store whose Runtime has not moved its log into the file yet, as after a power cut."""
    copied = tmp_path / f"copy {len(list(tmp_path.iterdir()))}"
    copied.mkdir()
    for name in (DATABASE_NAME, f"{DATABASE_NAME}-wal"):
        shutil.copy(store.runtime.directory / name, copied / name)
    return copied


def test_large_blobs_and_their_bundles_come_back_without_the_first_page(runtime: EmbeddedUnderTest) -> None:
    bundle = build_small_bundle(prompts={"p": bytes(range(256)) * 8_000, "q": b"x" * 4_060})
    store_bundle(runtime, build_caller(), bundle)
    runtime.api.close()
    overwrite_pages(runtime.directory, [1])
    report = repair_data_directory(runtime.directory)
    assert (report.bundles, report.blobs, report.damaged_bundles) == (1, 2, ())
