"""Bring Workers over from a damaged database: from their record, or from their pins and events (R-03, W-02)."""

from collections.abc import Iterator
from typing import Any

import apsw
import msgspec
from msgspec import Struct

from worker_runtime.contract.lifecycle import STATES, WorkerState, is_terminal
from worker_runtime.store.checksum import compute_checksum
from worker_runtime.store.connection import Database
from worker_runtime.store.damaged_file import DamagedFile
from worker_runtime.store.pins import WorkerPins, compute_fingerprint, decode_pins
from worker_runtime.store.workspaces import find_workspace
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
        _insert(connection, "worker", [_move(connection, record, pins)])
        if not connection.changes():
            return False
        _insert(connection, "worker_pins", [row])
        if number in found.specs:
            _insert(connection, "worker_spec", [found.specs[number]])
        _insert(connection, "event", events)
    return True


def _insert(connection: apsw.Connection, table: str, rows: list[tuple[Any, ...]]) -> None:
    """Insert whole rows; the first under a key stays."""
    for row in rows:
        places = ", ".join("?" * len(row))
        connection.execute(f"INSERT OR IGNORE INTO {table} VALUES ({places})", row)  # noqa: S608


def _find_all(source: DamagedFile) -> _Found:
    found = _Found(records={}, seen=set(), pins={}, placed=set(), specs={}, events={})
    _take_workers(found, source.scan_rows("worker", _WORKER), source.scan_rows("worker_pins", _PINS))
    found.placed.update(found.pins)
    for row in source.scan_rows("worker_spec", _SPEC):
        if _fits(row, "worker_spec", row[:-1]):
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
        if _fits(row, "worker", row[1:-1]):
            found.records.setdefault(row[:2], row)
    for row in pins:
        found.seen.add(row[1])
        if row[0] not in found.placed and _fits(row, "worker_pins", row[1:-1]):
            found.pins.setdefault(row[0], []).append(row)


def _take_events(found: _Found, rows: Iterator[tuple[Any, ...]]) -> None:
    """Keep of each Worker's events the first that is found under a sequence number."""
    for row in rows:
        if _fits(row, "event", row[1:-1]):
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
    sound = [row for row in rows if row[1] in created_at and _fits(row, "approval", row[1:-1])]
    with target.write() as connection:
        _insert(connection, "approval", sound)


def _fits(row: tuple[Any, ...], kind: str, fields: tuple[Any, ...]) -> bool:
    return bool(compute_checksum(kind, *fields) == row[-1])
