"""The audit in the database: append-only but for an exported prefix; triggers refuse everything else (K-10)."""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy import ColumnElement, Row, delete, insert, select

from yoi_wire.clock import format_instant
from yoi_wire.errors import RequestInvalidError
from yoi_wire.paging import DEFAULT_PAGE_SIZE, Page, verify_page_size
from yoi_workspace_server.audit import AuditEntry, AuditRecord
from yoi_workspace_server.store.database.statements import build_page, parse_number_cursor
from yoi_workspace_server.store.database.transactions import Database, find_audit_end
from yoi_workspace_server.store.tables import audit, audit_prefix


class AuditFilter(Struct, frozen=True, kw_only=True):
    """Which records are meant; None leaves a condition out.

    Attributes:
        workspace: Only this one's.
        actor: Only what this principal did.
        action: Only this action; with a `*` at its end all that begin so.
        since: Recorded then or later, in milliseconds since 1970.
        until: Recorded before.
    """

    workspace: str | None = None
    actor: str | None = None
    action: str | None = None
    since: int | None = None
    until: int | None = None

    def build_conditions(self) -> list[ColumnElement[bool]]:
        conditions = [
            column == value
            for column, value in ((audit.c.workspace, self.workspace), (audit.c.actor, self.actor))
            if value is not None
        ]
        if self.action is not None and self.action.endswith("*"):
            conditions.append(audit.c.action.startswith(self.action[:-1], autoescape=True))
        elif self.action is not None:
            conditions.append(audit.c.action == self.action)
        if self.since is not None:
            conditions.append(audit.c.recorded_at >= self.since)
        if self.until is not None:
            conditions.append(audit.c.recorded_at < self.until)
        return conditions


EVERY_RECORD = AuditFilter()


class AuditRepository:
    """Appends to the audit, and reads it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def append(self, entries: Sequence[AuditEntry], *, now: int) -> None:
        """Record what no other operation of the store records by itself."""
        async with self._database.write(now) as transaction:
            transaction.record(*entries)

    async def prune(self, through: int, *, record_hash: str, actor: str, now: int) -> AuditRecord:
        """Take out all records up to one, whose hash the caller knows from its export; the chain goes on from that hash.

        The one way in which the audit grows shorter (K-10): in one transaction, and on record itself.

        Args:
            through: Sequence of the last record to take out.
            record_hash: Its hash, which follows from that record and all before it.
            actor: Who asks for it.
            now: The instant.

        Raises:
            RequestInvalidError: There is no such record, or it has another hash.
        """
        async with self._database.write(now) as transaction:
            query = select(audit.c.hash).where(audit.c.sequence == through)
            if await transaction.connection.scalar(query) != record_hash or not record_hash:
                raise RequestInvalidError("not the hash of this record; export the audit first", field="hash")
            await transaction.connection.execute(delete(audit_prefix))
            row = {"id": 1, "sequence": through, "hash": record_hash, "removed_at": now}
            await transaction.connection.execute(insert(audit_prefix), row)
            await transaction.connection.execute(delete(audit).where(audit.c.sequence <= through))
            details = {"through": through, "hash": record_hash}
            transaction.record(AuditEntry(actor=actor, action="audit.pruned", details=details))
        return (await self.list_records(limit=1)).items[0]

    async def list_records(
        self,
        wanted: AuditFilter = EVERY_RECORD,
        *,
        within: frozenset[str] | None = None,
        limit: int = DEFAULT_PAGE_SIZE,
        cursor: str | None = None,
    ) -> Page[AuditRecord]:
        """List records, latest first.

        Args:
            wanted: Which.
            within: Workspaces to which the caller is confined; records of no workspace are left out then. None for all.
            limit: How many at most.
            cursor: From the page before.
        """
        verify_page_size(limit)
        query = select(audit).order_by(audit.c.sequence.desc()).limit(limit + 1)
        query = query.where(*wanted.build_conditions())
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
