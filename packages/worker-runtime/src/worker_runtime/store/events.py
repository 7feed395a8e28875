"""Event log of a Worker: ordered, append-only (W-03)."""

from typing import Any

import apsw
import msgspec
from msgspec import Struct

from worker_runtime.store.checksum import compute_checksum, verify_checksum

NARROWED = "narrowed"
"""Kind of the event that says that a Worker's spec became another, with what it is less than it was created with."""


class EventRow(Struct, frozen=True, kw_only=True):
    """One event; `at` in milliseconds."""

    sequence: int
    at: int
    kind: str
    body: dict[str, Any]


def append_event(
    connection: apsw.Connection, worker_number: int, kind: str, body: dict[str, Any], *, now: int
) -> int:
    """Write an event after the Worker's last one; return its sequence number."""
    last = connection.execute("SELECT max(sequence) FROM event WHERE worker_number = ?", (worker_number,)).get
    return _insert_event(connection, worker_number, (last or 0) + 1, kind, body, now=now)


def append_first_event(
    connection: apsw.Connection, worker_number: int, kind: str, body: dict[str, Any], *, now: int
) -> int:
    """Write the event of a Worker that has none yet."""
    return _insert_event(connection, worker_number, 1, kind, body, now=now)


def _insert_event(
    connection: apsw.Connection,
    worker_number: int,
    sequence: int,
    kind: str,
    body: dict[str, Any],
    *,
    now: int,
) -> int:
    fields = (worker_number, sequence, now, kind, msgspec.json.encode(body, order="sorted"))
    connection.execute(
        "INSERT INTO event (worker_number, sequence, at, kind, body, checksum) VALUES (?, ?, ?, ?, ?, ?)",
        (*fields, compute_checksum("event", *fields)),
    )
    return sequence


def has_event(connection: apsw.Connection, worker_number: int, kind: str) -> bool:
    """Tell whether a thing of this kind ever happened to a Worker."""
    query = "SELECT EXISTS (SELECT 1 FROM event WHERE worker_number = ? AND kind = ?)"
    return bool(connection.execute(query, (worker_number, kind)).get)


def list_events(connection: apsw.Connection, worker_number: int, *, after: int, limit: int) -> list[EventRow]:
    """Return a Worker's events after a sequence number, at most `limit`.

    Raises:
        StoreCorruptError: One of them is damaged.
    """
    rows = connection.execute(
        "SELECT sequence, at, kind, body, checksum FROM event WHERE worker_number = ? AND sequence > ? "
        "ORDER BY sequence LIMIT ?",
        (worker_number, after, limit),
    )
    return [_read_row(worker_number, row) for row in rows]


def _read_row(worker_number: int, row: tuple[Any, ...]) -> EventRow:
    *fields, checksum = row
    verify_checksum(checksum, "event", worker_number, *fields)
    sequence, at, kind, body = fields
    return EventRow(sequence=sequence, at=at, kind=kind, body=msgspec.json.decode(body))
