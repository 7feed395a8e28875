"""Bring Workers over from a damaged database: from their record, or from their pins and events (R-03, W-02)."""

from typing import Any

import apsw
import msgspec
from msgspec import Struct

from worker_runtime.errors import StoreCorruptError
from worker_runtime.lifecycle import STATES, WorkerState, is_terminal
from worker_runtime.pins import WorkerPins, compute_fingerprint, decode_pins
from worker_runtime.store.checksum import compute_checksum
from worker_runtime.store.connection import Database
from worker_runtime.store.row_scan import scan_rows
from worker_runtime.store.workspaces import find_workspace

_WORKER = (
    "number, id, workspace_id, key, fingerprint, bundle_digest, state, created_at, changed_at, ended_at, reasons, "
    "checksum"
)
_EVENT = "id, worker_number, sequence, at, kind, body, checksum"
_APPROVAL = "number, worker_number, id, requested_at, body, decision, decided_at, checksum"


_FRESH_NUMBER = 2**40
"""Numbers above this are never given to a workspace otherwise."""
_INSERT_WORKER = f"INSERT INTO worker ({_WORKER}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608


class Salvaged(Struct, frozen=True, kw_only=True):
    """Workers brought over and not; `without_spec` are row numbers."""

    kept: tuple[str, ...]
    lost: tuple[str, ...]
    without_spec: tuple[int, ...]
    events: int


class _Found(Struct, frozen=True, kw_only=True):
    """Everything sound that was found about Workers, by row number."""

    records: dict[int, tuple[Any, ...]]
    seen: dict[int, str]
    pins: dict[int, tuple[Any, ...]]
    specs: dict[int, tuple[Any, ...]]
    events: dict[int, list[tuple[Any, ...]]]


def salvage_workers(source: apsw.Connection, target: Database) -> Salvaged:
    """Copy every Worker whose pins are whole; its record is made anew from pins and events where it is not."""
    found = _find_all(source)
    kept: dict[int, str] = {}
    lost: list[str] = [name for number, name in found.seen.items() if number not in found.pins]
    without_spec: list[int] = []
    events = 0
    for number, (_, worker_id, data, checksum) in sorted(found.pins.items()):
        try:
            pins = decode_pins(data)
        except StoreCorruptError:
            lost.append(worker_id)
            continue
        own = _take_unbroken(found.events.get(number, []))
        with target.write() as connection:
            record = found.records.get(number) or _rebuild(number, worker_id, pins, own)
            record = _move(connection, record, pins)
            connection.execute(_INSERT_WORKER, record)
            connection.execute(
                "INSERT INTO worker_pins VALUES (?, ?, ?, ?)", (number, worker_id, data, checksum)
            )
            if number in found.specs:
                connection.execute("INSERT INTO worker_spec VALUES (?, ?, ?, ?)", found.specs[number])
            else:
                without_spec.append(number)
            connection.executemany(f"INSERT INTO event ({_EVENT}) VALUES (?, ?, ?, ?, ?, ?, ?)", own)  # noqa: S608
        kept[number] = worker_id
        events += len(own)
    _copy_approvals(source, target, kept)
    return Salvaged(
        kept=tuple(kept.values()), lost=tuple(lost), without_spec=tuple(without_spec), events=events
    )


def _find_all(source: apsw.Connection) -> _Found:
    records: dict[int, tuple[Any, ...]] = {}
    seen: dict[int, str] = {}
    for row in scan_rows(source, "worker", _WORKER):
        seen[row[0]] = str(row[1])
        if _fits(row, "worker", row[1:-1]):
            records[row[0]] = row
    pins = {
        row[0]: row
        for row in scan_rows(source, "worker_pins", "worker_number, worker_id, pins, checksum")
        if _fits(row, "worker_pins", row[1:-1])
    }
    specs = {
        row[0]: row
        for row in scan_rows(source, "worker_spec", "worker_number, spec, explanation, checksum")
        if _fits(row, "worker_spec", row[:-1])
    }
    events: dict[int, list[tuple[Any, ...]]] = {}
    for row in scan_rows(source, "event", _EVENT):
        if _fits(row, "event", row[1:-1]):
            events.setdefault(row[1], []).append(row)
    return _Found(records=records, seen=seen, pins=pins, specs=specs, events=events)


def _take_unbroken(events: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Return events in order, each sequence number once."""
    by_sequence = {row[2]: row for row in events}
    return [by_sequence[sequence] for sequence in sorted(by_sequence)]


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


def _copy_approvals(source: apsw.Connection, target: Database, kept: dict[int, str]) -> None:
    rows = [
        row
        for row in scan_rows(source, "approval", _APPROVAL)
        if row[1] in kept and _fits(row, "approval", row[1:-1])
    ]
    with target.write() as connection:
        connection.executemany(
            f"INSERT INTO approval ({_APPROVAL}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
            rows,
        )


def _fits(row: tuple[Any, ...], kind: str, fields: tuple[Any, ...]) -> bool:
    return bool(compute_checksum(kind, *fields) == row[-1])
