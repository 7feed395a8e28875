"""Bring what is whole in a damaged database over into a new one, Workers first (R-03)."""

import re
from collections.abc import Callable, Iterator
from typing import Any, cast

from msgspec import Struct

from worker_runtime.store.checksum import compute_checksum
from worker_runtime.store.connection import Database
from worker_runtime.store.damaged_file import DamagedFile
from worker_runtime.store.salvage_workers import Salvaged, salvage_workers
from yoi_bundle.digest import compute_digest

_BATCH_ROWS = 100
_BATCH_BYTES = 4 * 1024 * 1024
_RUNTIME_ID = re.compile(r"[0-9a-f]{32}")


class SalvageReport(Struct, frozen=True, kw_only=True):
    """What was brought over.

    Attributes:
        workers: Ids, in no order.
        lost_workers: Ids of Workers whose pins are damaged.
        without_spec: Row numbers of kept Workers whose spec has to be resolved again.
        bundles: Row numbers of kept bundles; their blobs are still to be counted.
    """

    workers: tuple[str, ...]
    lost_workers: tuple[str, ...]
    without_spec: tuple[int, ...]
    events: int
    assignments: int
    bundles: tuple[int, ...]
    blobs: int


def salvage(source: DamagedFile, target: Database) -> SalvageReport:
    """Copy every record that fits its checksum and every object that hashes to its digest.

    Leases and staged manifests are left behind: their holders ask again.

    Args:
        source: The damaged database's file.
        target: A new one, empty.
    """
    _copy(source, target, _RUNTIME, lambda row: _RUNTIME_ID.fullmatch(row[1]) is not None)
    _copy(source, target, _WORKSPACE, lambda row: _fits(row[-1], "workspace", row[1:-1]))
    workers = salvage_workers(source, target)
    _copy(source, target, _BUILTIN_SET, lambda _: True)
    known = _list_workspaces(target)
    assignments = _copy_assignments(source, target, known)
    bundles = _copy_bundles(source, target, known)
    blobs = _copy(source, target, _BLOB, lambda row: row[1] in known and compute_digest(row[5]) == row[2])
    return _report(workers, assignments=assignments, bundles=bundles, blobs=blobs)


class _Table(Struct, frozen=True):
    """A table and its columns, the row's number first."""

    name: str
    columns: tuple[str, ...]


_RUNTIME = _Table("runtime", ("number", "id"))
_WORKSPACE = _Table("workspace", ("id", "issuer", "name", "checksum"))
_BUILTIN_SET = _Table("builtin_set", ("rowid", "digest", "bytes"))
_ASSIGNMENT = _Table(
    "assignment", ("workspace_id", "generation", "digest", "revision", "assigned_at", "checksum")
)
_BUNDLE = _Table(
    "bundle",
    (
        "id",
        "workspace_id",
        "digest",
        "revision",
        "stored_at",
        "size",
        "blobs",
        "profiles",
        "metadata",
        "checksum",
        "verified_at",
    ),
)
_MANIFEST = _Table("manifest", ("bundle_id", "bytes"))
_BLOB = _Table("blob", ("id", "workspace_id", "digest", "size", "json", "bytes"))


def _copy(
    source: DamagedFile, target: Database, table: _Table, is_sound: Callable[[tuple[Any, ...]], bool]
) -> int:
    return _insert(target, table, (row for row in _scan_all(source, table) if is_sound(row)))


def _scan_all(source: DamagedFile, table: "_Table") -> Iterator[tuple[Any, ...]]:
    """Yield what stands at its place before what was found astray; the first under a key stays."""
    yield from source.scan_rows(table.name, table.columns)
    yield from source.scan_strays(table.name, table.columns)


def _insert(target: Database, table: "_Table", rows: Iterator[tuple[Any, ...]]) -> int:
    """Insert rows, of several under one key the first; return how many went in."""
    columns = ", ".join(table.columns)
    places = ", ".join("?" * len(table.columns))
    query = f"INSERT OR IGNORE INTO {table.name} ({columns}) VALUES ({places})"  # noqa: S608
    copied = 0
    for batch in _take_batches(rows):
        with target.write() as connection:
            before = connection.total_changes()
            connection.executemany(query, batch)
            copied += connection.total_changes() - before
    return copied


def _copy_assignments(source: DamagedFile, target: Database, known: frozenset[int]) -> int:
    """Copy assignments; of several versions the one of the highest generation, which only grows (R-11)."""
    rows = [
        row
        for row in _scan_all(source, _ASSIGNMENT)
        if row[0] in known and _fits(row[-1], "assignment", row[:-1])
    ]
    return _insert(target, _ASSIGNMENT, iter(sorted(rows, key=lambda row: -int(row[1]))))


def _copy_bundles(source: DamagedFile, target: Database, known: frozenset[int]) -> tuple[int, ...]:
    """Copy bundles; one whose manifest is gone is kept too, so that its status says so."""
    _copy(source, target, _BUNDLE, lambda row: row[1] in known and _fits(row[9], "bundle", row[1:9]))
    with target.read() as connection:
        rows = connection.execute("SELECT id, digest FROM bundle")
        digests = {cast("int", row[0]): str(row[1]) for row in rows}
    _copy(source, target, _MANIFEST, lambda row: compute_digest(row[1]) == digests.get(row[0]))
    return tuple(sorted(digests))


def _take_batches(rows: Iterator[tuple[Any, ...]]) -> Iterator[list[tuple[Any, ...]]]:
    batch: list[tuple[Any, ...]] = []
    size = 0
    for row in rows:
        batch.append(row)
        size += sum(len(value) for value in row if isinstance(value, bytes))
        if len(batch) == _BATCH_ROWS or size >= _BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _fits(checksum: bytes, kind: str, fields: tuple[Any, ...]) -> bool:
    return bool(compute_checksum(kind, *fields) == checksum)


def _list_workspaces(target: Database) -> frozenset[int]:
    with target.read() as connection:
        return frozenset(cast("int", row[0]) for row in connection.execute("SELECT id FROM workspace"))


def _report(workers: Salvaged, *, assignments: int, bundles: tuple[int, ...], blobs: int) -> SalvageReport:
    return SalvageReport(
        workers=workers.kept,
        lost_workers=workers.lost,
        without_spec=workers.without_spec,
        events=workers.events,
        assignments=assignments,
        bundles=bundles,
        blobs=blobs,
    )
