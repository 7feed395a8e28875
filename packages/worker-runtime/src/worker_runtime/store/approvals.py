"""Approvals: calls of a Worker that wait for a person's decision."""

from typing import Any

import apsw
import msgspec
from msgspec import Struct

from worker_runtime.store.checksum import compute_checksum, verify_checksum
from yoi_wire.worker_requests import ApprovalVerdict

_COLUMNS = "number, worker_number, id, requested_at, body, decision, decided_at, checksum"


class ApprovalBody(Struct, frozen=True, kw_only=True):
    tool: str
    summary: str


class ApprovalRow(Struct, frozen=True, kw_only=True):
    """One call that waits or waited; instants in milliseconds."""

    number: int
    worker_number: int
    id: str
    requested_at: int
    body: ApprovalBody
    verdict: ApprovalVerdict | None
    decided_at: int | None


def insert_approval(
    connection: apsw.Connection, worker_number: int, approval_id: str, body: ApprovalBody, *, now: int
) -> None:
    """Record that a call waits."""
    fields = (worker_number, approval_id, now, msgspec.json.encode(body), None, None)
    connection.execute(
        "INSERT INTO approval (worker_number, id, requested_at, body, decision, decided_at, checksum) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        (*fields, compute_checksum("approval", *fields)),
    )


def list_approvals(connection: apsw.Connection, worker_number: int) -> list[ApprovalRow]:
    """Return a Worker's approvals, oldest first."""
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM approval WHERE worker_number = ? ORDER BY number",  # noqa: S608
        (worker_number,),
    )
    return [_read_row(row) for row in rows]


def decide_approval(
    connection: apsw.Connection, approval: ApprovalRow, verdict: ApprovalVerdict, *, now: int
) -> ApprovalRow:
    """Write the word down; the caller has seen that there was none yet."""
    fields = (
        approval.worker_number,
        approval.id,
        approval.requested_at,
        msgspec.json.encode(approval.body),
        verdict,
        now,
    )
    connection.execute(
        "UPDATE approval SET decision = ?, decided_at = ?, checksum = ? WHERE number = ?",
        (verdict, now, compute_checksum("approval", *fields), approval.number),
    )
    return msgspec.structs.replace(approval, verdict=verdict, decided_at=now)


def _read_row(row: tuple[Any, ...]) -> ApprovalRow:
    number, *fields, checksum = row
    verify_checksum(checksum, "approval", *fields)
    worker_number, approval_id, requested_at, body, decision, decided_at = fields
    return ApprovalRow(
        number=number,
        worker_number=worker_number,
        id=approval_id,
        requested_at=requested_at,
        body=msgspec.json.decode(body, type=ApprovalBody),
        verdict=decision,
        decided_at=decided_at,
    )
