"""The audit in the database; there is no way here to change or delete a record, and triggers refuse it (K-10)."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, select

from yoi_wire.clock import format_instant
from yoi_wire.paging import DEFAULT_PAGE_SIZE, Page, verify_page_size
from yoi_workspace_server.audit import AuditEntry, AuditRecord
from yoi_workspace_server.store.database.statements import build_page, parse_number_cursor
from yoi_workspace_server.store.database.transactions import Database, find_audit_end
from yoi_workspace_server.store.tables import audit


class AuditRepository:
    """Appends to the audit, and reads it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def append(self, entries: Sequence[AuditEntry], *, now: int) -> None:
        """Record what no other operation of the store records by itself."""
        async with self._database.write(now) as transaction:
            transaction.record(*entries)

    async def list_records(
        self,
        *,
        workspace: str | None = None,
        within: frozenset[str] | None = None,
        limit: int = DEFAULT_PAGE_SIZE,
        cursor: str | None = None,
    ) -> Page[AuditRecord]:
        """List records, latest first.

        Args:
            workspace: Only this one's.
            within: Workspaces to which the caller is confined; records of no workspace are left out then. None for all.
            limit: How many at most.
            cursor: From the page before.
        """
        verify_page_size(limit)
        query = select(audit).order_by(audit.c.sequence.desc()).limit(limit + 1)
        if workspace is not None:
            query = query.where(audit.c.workspace == workspace)
        if within is not None:
            query = query.where(audit.c.workspace.in_(sorted(within)))
        if cursor is not None:
            query = query.where(audit.c.sequence < parse_number_cursor(cursor))
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        return build_page(rows, limit, read=_read_record, cursor=lambda row: row.sequence)

    async def read_after(
        self, sequence: int, *, within: frozenset[str] | None = None, limit: int = DEFAULT_PAGE_SIZE
    ) -> tuple[AuditRecord, ...]:
        """Return the records after one, in order; nothing that is committed later comes before them.

        Args:
            sequence: Of the last record that was seen; 0 for from the start.
            within: As for `list_records`.
            limit: How many at most.
        """
        verify_page_size(limit)
        query = select(audit).where(audit.c.sequence > sequence).order_by(audit.c.sequence).limit(limit)
        if within is not None:
            query = query.where(audit.c.workspace.in_(sorted(within)))
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        return tuple(_read_record(row) for row in rows)

    async def find_last(self) -> int:
        """Return the sequence of the latest record; 0 when there is none."""
        async with self._database.read() as connection:
            return (await find_audit_end(connection))[0]


def _read_record(row: Row[Any]) -> AuditRecord:
    return AuditRecord(
        sequence=row.sequence,
        recorded_at=format_instant(row.recorded_at),
        actor=row.actor,
        token=row.token,
        hash=row.hash,
        action=row.action,
        workspace=row.workspace,
        runtime=row.runtime,
        subject=row.subject,
        details=row.details,
    )
