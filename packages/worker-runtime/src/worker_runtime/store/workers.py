"""Worker records: what was asked, what was pinned, how it stands (W-01, W-02)."""

from collections.abc import Collection
from typing import Any, Literal, cast

import apsw
import msgspec
from msgspec import Struct

from worker_runtime.contract.lifecycle import WorkerState, is_terminal
from worker_runtime.contract.workers import StateReason
from worker_runtime.host.facts import HostFacts
from worker_runtime.host.policy import HostPolicy
from worker_runtime.store.checksum import compute_checksum, verify_checksum
from worker_runtime.store.workspaces import encode_list
from yoi_bundle.canonical import encode_canonical
from yoi_bundle.digest import compute_digest
from yoi_wire.errors import StoreCorruptError, WorkerConflictError
from yoi_wire.paging import Position
from yoi_wire.worker_requests import WorkerRequest

_COLUMNS = (
    "number, id, workspace_id, key, fingerprint, bundle_digest, state, created_at, changed_at, ended_at, reasons, "
    "checksum"
)


class WorkerRow(Struct, frozen=True, kw_only=True):
    """A Worker as stored; instants in milliseconds."""

    number: int
    id: str
    workspace_id: int
    key: str
    fingerprint: str
    bundle_digest: str | None
    state: WorkerState
    created_at: int
    changed_at: int
    ended_at: int | None
    reasons: tuple[StateReason, ...]


class NewWorker(Struct, frozen=True, kw_only=True):
    """A Worker to be; pins, spec and explanation are kept byte for byte."""

    id: str
    key: str
    fingerprint: str
    bundle_digest: str | None
    pins: bytes
    spec: bytes
    explanation: bytes


class PinnedDocuments(Struct, frozen=True, kw_only=True):
    """What a Worker was created from and as."""

    pins: bytes
    spec: bytes
    explanation: bytes


def list_live_workers(connection: apsw.Connection) -> list[tuple[str, int]]:
    """Return id and workspace row id of every Worker that has not ended, oldest first, damaged or not."""
    rows = connection.execute("SELECT id, workspace_id FROM worker WHERE ended_at IS NULL ORDER BY number")
    return [(str(row[0]), cast("int", row[1])) for row in rows]


def get_pins(connection: apsw.Connection, worker: WorkerRow) -> bytes:
    """Return what a Worker was created from.

    Raises:
        StoreCorruptError: It is damaged.
    """
    row = connection.execute(
        "SELECT worker_id, pins, checksum FROM worker_pins WHERE worker_number = ?", (worker.number,)
    ).fetchone()
    if row is None or row[0] != worker.id:
        raise StoreCorruptError("worker_pins")
    verify_checksum(row[2], "worker_pins", *row[:2])
    return bytes(row[1])


def get_salvaged_pins(connection: apsw.Connection, number: int) -> tuple[str, bytes]:
    """Return id and pins of a Worker that a repair has just written, whose checksum was verified by it."""
    query = "SELECT worker_id, pins FROM worker_pins WHERE worker_number = ?"
    row = connection.execute(query, (number,)).fetchall()[0]
    return str(row[0]), cast("bytes", row[1])


def get_documents(connection: apsw.Connection, worker: WorkerRow) -> PinnedDocuments:
    """Return a Worker's pins, spec and explanation.

    Raises:
        StoreCorruptError: They are damaged.
    """
    pins = get_pins(connection, worker)
    row = connection.execute(
        "SELECT spec, explanation, checksum FROM worker_spec WHERE worker_number = ?", (worker.number,)
    ).fetchone()
    if row is None:
        raise StoreCorruptError("worker_spec")
    verify_checksum(row[2], "worker_spec", worker.number, *row[:2])
    return PinnedDocuments(pins=pins, spec=row[0], explanation=row[1])


def put_spec(connection: apsw.Connection, worker_number: int, *, spec: bytes, explanation: bytes) -> None:
    """Write a Worker's spec, in place of the one it may have; its pins stay (W-06)."""
    fields = (worker_number, spec, explanation)
    connection.execute(
        "REPLACE INTO worker_spec (worker_number, spec, explanation, checksum) VALUES (?, ?, ?, ?)",
        (*fields, compute_checksum("worker_spec", *fields)),
    )


def delete_worker(connection: apsw.Connection, number: int) -> None:
    """Delete a Worker with its pins, events and approvals; its key is free again."""
    connection.execute("DELETE FROM worker WHERE number = ?", (number,))


def _insert_documents(connection: apsw.Connection, number: int, new: NewWorker) -> None:
    connection.execute(
        "INSERT INTO worker_pins (worker_number, worker_id, pins, checksum) VALUES (?, ?, ?, ?)",
        (number, new.id, new.pins, compute_checksum("worker_pins", new.id, new.pins)),
    )
    put_spec(connection, number, spec=new.spec, explanation=new.explanation)


def _list_fields(worker: WorkerRow, reasons: bytes) -> tuple[Any, ...]:
    return (
        worker.id,
        worker.workspace_id,
        worker.key,
        worker.fingerprint,
        worker.bundle_digest,
        worker.state,
        worker.created_at,
        worker.changed_at,
        worker.ended_at,
        reasons,
    )


def _read_row(row: tuple[Any, ...]) -> WorkerRow:
    number, *fields, reasons, checksum = row
    verify_checksum(checksum, "worker", *fields, reasons)
    names = [
        "id",
        "workspace_id",
        "key",
        "fingerprint",
        "bundle_digest",
        "state",
        "created_at",
        "changed_at",
        "ended_at",
    ]
    values = dict(zip(names, fields, strict=True))
    return WorkerRow(
        number=number, reasons=msgspec.json.decode(reasons, type=tuple[StateReason, ...]), **values
    )


class WorkerPins(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The inputs of a resolution, as they were.

    Attributes:
        key: The idempotency key the Worker was created under.
        request: Selector, bundle digest and intent.
        builtin_digest: Of the built-in set, when there is no bundle.
        resolution_digest: What resolving these inputs gave.
    """

    issuer: str
    workspace: str
    key: str
    caller_kind: Literal["local", "remote"]
    request: WorkerRequest
    policy: HostPolicy
    facts: HostFacts
    resolver_version: str
    resolution_digest: str
    builtin_digest: str | None = None


def encode_pins(pins: WorkerPins) -> bytes:
    return encode_canonical(pins)


def decode_pins(data: bytes) -> WorkerPins:
    """Read pins that `encode_pins` wrote.

    Raises:
        StoreCorruptError: They are none.
    """
    try:
        return msgspec.json.decode(data, type=WorkerPins)
    except (msgspec.MsgspecError, UnicodeError) as error:
        raise StoreCorruptError("worker_pins") from error


def compute_fingerprint(request: WorkerRequest) -> str:
    """Return what tells one request from another under one key: selector, digest and intent (W-01)."""
    return compute_digest(encode_canonical(request))


def insert_worker(connection: apsw.Connection, new: NewWorker, *, workspace_id: int, now: int) -> WorkerRow:
    """Store a Worker in state `created`; its key is not taken."""
    state: WorkerState = "created"
    fields = (new.id, workspace_id, new.key, new.fingerprint, new.bundle_digest, state, now, now, None, b"[]")
    connection.execute(
        "INSERT INTO worker (id, workspace_id, key, fingerprint, bundle_digest, state, created_at, changed_at, "
        "ended_at, reasons, checksum) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (*fields, compute_checksum("worker", *fields)),
    )
    number = connection.last_insert_rowid()
    _insert_documents(connection, number, new)
    return WorkerRow(
        number=number,
        id=new.id,
        workspace_id=workspace_id,
        key=new.key,
        fingerprint=new.fingerprint,
        bundle_digest=new.bundle_digest,
        state=state,
        created_at=now,
        changed_at=now,
        ended_at=None,
        reasons=(),
    )


def find_worker_by_key(
    connection: apsw.Connection, workspace_id: int, key: str, fingerprint: str
) -> WorkerRow | None:
    """Return the Worker that stands under a key.

    Raises:
        WorkerConflictError: It is of other content.
    """
    row = connection.execute(
        f"SELECT {_COLUMNS} FROM worker WHERE workspace_id = ? AND key = ?",  # noqa: S608
        (workspace_id, key),
    ).fetchone()
    if row is None:
        return None
    worker = _read_row(row)
    if worker.fingerprint != fingerprint:
        raise WorkerConflictError(key, worker.id)
    return worker


def find_worker(connection: apsw.Connection, workspaces: Collection[int], worker_id: str) -> WorkerRow | None:
    """Return a Worker of one of these workspaces."""
    row = connection.execute(
        f"SELECT {_COLUMNS} FROM worker WHERE id = ? AND workspace_id IN (SELECT value FROM json_each(?))",  # noqa: S608
        (worker_id, encode_list(workspaces)),
    ).fetchone()
    return None if row is None else _read_row(row)


def list_workers(
    connection: apsw.Connection, workspaces: Collection[int], *, after: Position | None, limit: int
) -> list[WorkerRow]:
    """Return Workers of these workspaces, newest first, at most `limit`, those after a position."""
    at, worker_id = (after.at, after.id) if after else (2**62, "")
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM worker WHERE workspace_id IN (SELECT value FROM json_each(?)) "  # noqa: S608
        "AND (created_at, id) < (?, ?) ORDER BY created_at DESC, id DESC LIMIT ?",
        (encode_list(workspaces), at, worker_id, limit),
    )
    return [_read_row(row) for row in rows]


def update_state(
    connection: apsw.Connection,
    worker: WorkerRow,
    state: WorkerState,
    reasons: tuple[StateReason, ...],
    *,
    now: int,
) -> WorkerRow:
    """Write a Worker's new state; a terminal one also says when it ended."""
    changed = msgspec.structs.replace(
        worker, state=state, reasons=reasons, changed_at=now, ended_at=now if is_terminal(state) else None
    )
    body = msgspec.json.encode(reasons)
    checksum = compute_checksum("worker", *_list_fields(changed, body))
    connection.execute(
        "UPDATE worker SET state = ?, changed_at = ?, ended_at = ?, reasons = ?, checksum = ? WHERE number = ?",
        (state, now, changed.ended_at, body, checksum, worker.number),
    )
    return changed
