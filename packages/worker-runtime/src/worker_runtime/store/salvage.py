"""Salvage: bring what is whole in a damaged database over into a new one, Workers first (R-03, W-02)."""

import re
from collections.abc import Callable, Iterator
from typing import Any, cast

import apsw
import msgspec
from msgspec import Struct

from worker_runtime.contract.lifecycle import STATES, WorkerState, is_terminal
from worker_runtime.store.checksum import compute_checksum
from worker_runtime.store.connection import Database
from worker_runtime.store.damaged_file import DamagedFile
from worker_runtime.store.workers import WorkerPins, compute_fingerprint, decode_pins
from worker_runtime.store.workspaces import find_workspace
from yoi_bundle.digest import compute_digest
from yoi_wire.errors import StoreCorruptError

_WORKER = (
    "number",
    "id",
    "workspace_id",
    "key",
    "fingerprint",
    "bundle_digest",
    "state",
    "created_at",
    "changed_at",
    "ended_at",
    "reasons",
    "checksum",
)
_PINS = ("worker_number", "worker_id", "pins", "checksum")
_SPEC = ("worker_number", "spec", "explanation", "checksum")
_EVENT = ("id", "worker_number", "sequence", "at", "kind", "body", "checksum")
_APPROVAL = ("number", "worker_number", "id", "requested_at", "body", "decision", "decided_at", "checksum")

_FRESH_NUMBER = 2**40
"""Numbers above this are never given to a workspace otherwise."""


class Salvaged(Struct, frozen=True, kw_only=True):
    """Workers brought over and not; `without_spec` are row numbers."""

    kept: tuple[str, ...]
    lost: tuple[str, ...]
    without_spec: tuple[int, ...]
    events: int


class _Found(Struct, frozen=True, kw_only=True):
    """Everything sound that was found about Workers.

    A number is given again once its Worker is deleted, so it alone does not say whose a row is.

    Attributes:
        records: The newest record of each Worker, by number and id.
        seen: Ids of Workers of which there is anything, sound or not.
        pins: By number; several only where all were found astray.
        placed: Numbers whose pins stand at their place.
        specs: By number.
        events: By the Worker's number and their own.
    """

    records: dict[tuple[int, str], tuple[Any, ...]]
    seen: set[str]
    pins: dict[int, list[tuple[Any, ...]]]
    placed: set[int]
    specs: dict[int, tuple[Any, ...]]
    events: dict[int, dict[int, tuple[Any, ...]]]

    def choose_pins(self, number: int) -> tuple[Any, ...]:
        """Return the pins of the Worker that had a number last."""
        return max(self.pins[number], key=lambda row: self.get_created_at(number, row[1]))

    def get_created_at(self, number: int, worker_id: str) -> int:
        """Return the instant in milliseconds that the record or else the first event tells; 0 where both are lost."""
        record = self.records.get((number, worker_id))
        if record is not None:
            return int(record[7])
        first = self.events.get(number, {}).get(1)
        return int(first[3]) if first is not None else 0

    def list_events(self, number: int) -> list[tuple[Any, ...]]:
        events = self.events.get(number, {})
        return [events[sequence] for sequence in sorted(events)]


def salvage_workers(source: DamagedFile, target: Database) -> Salvaged:
    """Copy every Worker whose pins are whole; its record is made anew from pins and events where it is not."""
    found = _find_all(source)
    chosen = [found.choose_pins(number) for number in found.pins]
    # Of two Workers under one key one was deleted: that which is only found astray, or else the older.
    chosen.sort(key=lambda row: (row[0] not in found.placed, -found.get_created_at(row[0], row[1])))
    kept: dict[int, str] = {}
    without_spec: list[int] = []
    events = 0
    for row in chosen:
        own = found.list_events(row[0])
        if not _bring_over(target, found, row, own):
            continue
        kept[row[0]] = row[1]
        events += len(own)
        if row[0] not in found.specs:
            without_spec.append(row[0])
    _copy_approvals(
        source, target, {number: found.get_created_at(number, name) for number, name in kept.items()}
    )
    lost = found.seen - set(kept.values())
    return Salvaged(
        kept=tuple(kept[number] for number in sorted(kept)),
        lost=tuple(sorted(lost)),
        without_spec=tuple(without_spec),
        events=events,
    )


def _bring_over(target: Database, found: _Found, row: tuple[Any, ...], events: list[tuple[Any, ...]]) -> bool:
    """Write one Worker with all that belongs to it; tell whether its pins can be read and its key is free."""
    number, worker_id, data, _ = row
    try:
        pins = decode_pins(data)
    except StoreCorruptError:
        return False
    with target.write() as connection:
        record = found.records.get((number, worker_id)) or _rebuild(number, worker_id, pins, events)
        _insert_rows(connection, "worker", [_move(connection, record, pins)])
        if not connection.changes():
            return False
        _insert_rows(connection, "worker_pins", [row])
        if number in found.specs:
            _insert_rows(connection, "worker_spec", [found.specs[number]])
        _insert_rows(connection, "event", events)
    return True


def _insert_rows(connection: apsw.Connection, table: str, rows: list[tuple[Any, ...]]) -> None:
    """Insert whole rows; the first under a key stays."""
    for row in rows:
        places = ", ".join("?" * len(row))
        connection.execute(f"INSERT OR IGNORE INTO {table} VALUES ({places})", row)  # noqa: S608


def _find_all(source: DamagedFile) -> _Found:
    found = _Found(records={}, seen=set(), pins={}, placed=set(), specs={}, events={})
    _take_workers(found, source.scan_rows("worker", _WORKER), source.scan_rows("worker_pins", _PINS))
    found.placed.update(found.pins)
    for row in source.scan_rows("worker_spec", _SPEC):
        if _row_fits(row, "worker_spec", row[:-1]):
            found.specs[row[0]] = row
    _take_events(found, source.scan_rows("event", _EVENT))
    # A stray spec may be that of a Worker that had the number before; a lost one is resolved again instead.
    strays = sorted(source.scan_strays("worker", _WORKER), key=lambda row: -int(row[8]))
    _take_workers(found, iter(strays), source.scan_strays("worker_pins", _PINS))
    owners = {number: found.get_created_at(number, found.choose_pins(number)[1]) for number in found.pins}
    _take_events(
        found, (row for row in source.scan_strays("event", _EVENT) if row[3] >= owners.get(row[1], 0))
    )
    return found


def _take_workers(found: _Found, records: Iterator[tuple[Any, ...]], pins: Iterator[tuple[Any, ...]]) -> None:
    for row in records:
        found.seen.add(row[1])
        if _row_fits(row, "worker", row[1:-1]):
            found.records.setdefault(row[:2], row)
    for row in pins:
        found.seen.add(row[1])
        if row[0] not in found.placed and _row_fits(row, "worker_pins", row[1:-1]):
            found.pins.setdefault(row[0], []).append(row)


def _take_events(found: _Found, rows: Iterator[tuple[Any, ...]]) -> None:
    """Keep of each Worker's events the first that is found under a sequence number."""
    for row in rows:
        if _row_fits(row, "event", row[1:-1]):
            found.events.setdefault(row[1], {}).setdefault(row[2], row)


def _rebuild(number: int, worker_id: str, pins: WorkerPins, events: list[tuple[Any, ...]]) -> tuple[Any, ...]:
    """Make a Worker's record from its pins and the states that its events tell of."""
    state: WorkerState = "created"
    reasons: Any = []
    changed_at = events[0][3] if events else 0
    for _, _, _, at, kind, body, _ in events:
        told = msgspec.json.decode(body)
        if kind == "state" and told.get("to") in STATES:
            state, reasons, changed_at = told["to"], told.get("reasons", []), at
    fields = (
        worker_id,
        0,
        pins.key,
        compute_fingerprint(pins.request),
        pins.request.bundle_digest,
        state,
        events[0][3] if events else 0,
        changed_at,
        changed_at if is_terminal(state) else None,
        msgspec.json.encode(reasons),
    )
    return (number, *fields, b"")


def _move(connection: apsw.Connection, record: tuple[Any, ...], pins: WorkerPins) -> tuple[Any, ...]:
    """Give a record the row of its workspace; where that is lost, the pins know issuer and name.

    A lost workspace keeps its number when the record knows it, so that its bundles stay its own. Otherwise the
    number is one that no bundle can already stand under.
    """
    workspace_id = find_workspace(connection, pins.issuer, pins.workspace)
    if workspace_id is None:
        workspace_id = record[2] or _FRESH_NUMBER + record[0]
        checksum = compute_checksum("workspace", pins.issuer, pins.workspace)
        connection.execute(
            "INSERT INTO workspace (id, issuer, name, checksum) VALUES (?, ?, ?, ?)",
            (workspace_id, pins.issuer, pins.workspace, checksum),
        )
    fields = (record[1], workspace_id, *record[3:-1])
    return (record[0], *fields, compute_checksum("worker", *fields))


def _copy_approvals(source: DamagedFile, target: Database, created_at: dict[int, int]) -> None:
    """Copy the approvals of kept Workers, given as number → instant; a decided one goes before one still open."""
    strays = source.scan_strays("approval", _APPROVAL)
    later = [row for row in strays if row[3] >= created_at.get(row[1], 0)]
    rows = [*source.scan_rows("approval", _APPROVAL), *sorted(later, key=lambda row: row[5] is None)]
    sound = [row for row in rows if row[1] in created_at and _row_fits(row, "approval", row[1:-1])]
    with target.write() as connection:
        _insert_rows(connection, "approval", sound)


def _row_fits(row: tuple[Any, ...], kind: str, fields: tuple[Any, ...]) -> bool:
    return bool(compute_checksum(kind, *fields) == row[-1])


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
