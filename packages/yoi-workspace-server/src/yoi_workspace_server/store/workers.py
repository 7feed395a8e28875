"""Workers that were created through the Backend, in the database (K-06)."""

from typing import Any

from sqlalchemy import Row, and_, delete, func, or_, select, update

from yoi_bundle.errors import LimitExceededError
from yoi_wire.clock import format_instant
from yoi_wire.errors import WorkerConflictError, WorkerNotFoundError
from yoi_wire.paging import (
    DEFAULT_PAGE_SIZE,
    Page,
    Position,
    format_cursor,
    parse_cursor,
    verify_page_size,
)
from yoi_workspace_server.audit import AuditEntry
from yoi_workspace_server.placed_workers import PlacedWorker, WorkerReservation
from yoi_workspace_server.store.database.statements import build_page, insert_absent
from yoi_workspace_server.store.database.transactions import Database, Transaction
from yoi_workspace_server.store.tables import workers
from yoi_workspace_server.store.workspaces import lock_workspace

MAX_WORKERS = 10_000
"""Of one workspace; a record goes when its Worker is deleted."""


class WorkerRepository:
    """Remembers under which key, on which Runtime and with which digest a Worker was asked for."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def reserve_worker(self, new: WorkerReservation, *, now: int) -> PlacedWorker:
        """Keep key → digest and Runtime before anything is sent; the same key again gives what was kept.

        Raises:
            WorkspaceNotFoundError: There is no such workspace.
            WorkerConflictError: The key stands for another request.
            LimitExceededError: The workspace has as many Workers as it may have; delete some that have ended.
        """
        row = {
            "id": new.id,
            "workspace": new.workspace,
            "key": new.key,
            "fingerprint": new.fingerprint,
            "runtime": new.runtime,
            "audience": new.audience,
            "request": new.request,
            "created_at": now,
            "last_accepted": new.last_accepted,
        }
        by_key = select(workers).where(workers.c.workspace == new.workspace, workers.c.key == new.key)
        async with self._database.write(now) as transaction:
            await lock_workspace(transaction, new.workspace)
            if await insert_absent(transaction, workers, row):
                await _verify_count(transaction, new.workspace)
            kept = read_worker((await transaction.connection.execute(by_key)).one())
        if kept.fingerprint != new.fingerprint:
            raise WorkerConflictError(new.key, kept.id)
        return kept

    async def find_by_key(self, workspace: str, key: str) -> PlacedWorker | None:
        query = select(workers).where(workers.c.workspace == workspace, workers.c.key == key)
        async with self._database.read() as connection:
            row = (await connection.execute(query)).first()
        return None if row is None else read_worker(row)

    async def get_worker(self, worker: str) -> PlacedWorker:
        """Return a Worker's record; that the caller may see its workspace is for the caller to check.

        Raises:
            WorkerNotFoundError: There is none of this id.
        """
        async with self._database.read() as connection:
            row = (await connection.execute(select(workers).where(workers.c.id == worker))).first()
        if row is None:
            raise WorkerNotFoundError(worker)
        return read_worker(row)

    async def confirm_worker(self, worker: str, runtime_worker: str, *, actor: str, now: int) -> PlacedWorker:
        """Write down that the Runtime made the Worker, and under which id of its own; again changes nothing.

        Raises:
            WorkerNotFoundError: There is none of this id.
        """
        query = select(workers).where(workers.c.id == worker)
        async with self._database.write(now) as transaction:
            statement = update(workers).where(workers.c.id == worker, workers.c.runtime_worker.is_(None))
            result = await transaction.connection.execute(statement.values(runtime_worker=runtime_worker))
            row = (await transaction.connection.execute(query)).first()
            if row is None:
                raise WorkerNotFoundError(worker)
            kept = read_worker(row)
            if result.rowcount:
                transaction.record(_build_entry(kept, actor))
        return kept

    async def forget_worker(self, worker: str, *, entry: AuditEntry, now: int) -> None:
        """Take a record out, because its Runtime has deleted the Worker; its key is free again.

        Args:
            worker: Its id; one that is not there changes nothing but the audit.
            entry: The audit record of the deletion.
            now: The instant.
        """
        async with self._database.write(now) as transaction:
            await transaction.connection.execute(delete(workers).where(workers.c.id == worker))
            transaction.record(entry)

    async def forget_refused(self, worker: str, *, entry: AuditEntry, now: int) -> None:
        """Take a record out, because the Runtime refused the Worker, unless it has been made by another call since.

        Args:
            worker: Its id.
            entry: The audit record of the refusal.
            now: The instant.
        """
        unmade = (workers.c.id == worker) & workers.c.runtime_worker.is_(None)
        async with self._database.write(now) as transaction:
            await transaction.connection.execute(delete(workers).where(unmade))
            transaction.record(entry)

    async def list_workers(
        self,
        *,
        workspace: str | None = None,
        runtime: str | None = None,
        within: frozenset[str] | None = None,
        limit: int = DEFAULT_PAGE_SIZE,
        cursor: str | None = None,
    ) -> Page[PlacedWorker]:
        """List Workers' records, newest first.

        Args:
            workspace: Only this one's.
            runtime: Only those on this one.
            within: The workspaces that the caller may see; None for all.
            limit: How many at most.
            cursor: From the page before.
        """
        verify_page_size(limit)
        query = select(workers).order_by(workers.c.created_at.desc(), workers.c.id.desc()).limit(limit + 1)
        if workspace is not None:
            query = query.where(workers.c.workspace == workspace)
        if runtime is not None:
            query = query.where(workers.c.runtime == runtime)
        if within is not None:
            query = query.where(workers.c.workspace.in_(sorted(within)))
        last = parse_cursor(cursor)
        if last is not None:
            older = and_(workers.c.created_at == last.at, workers.c.id < last.id)
            query = query.where(or_(workers.c.created_at < last.at, older))
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        return build_page(rows, limit, read=read_worker, cursor=_format_position)


def read_worker(row: Row[Any]) -> PlacedWorker:
    """Read a row of the table."""
    return PlacedWorker(
        id=row.id,
        workspace=row.workspace,
        key=row.key,
        fingerprint=row.fingerprint,
        runtime=row.runtime,
        audience=row.audience,
        request=row.request,
        runtime_worker=row.runtime_worker,
        created_at=format_instant(row.created_at),
        last_accepted=row.last_accepted,
    )


def _format_position(row: Row[Any]) -> str:
    return format_cursor(Position(row.created_at, row.id))


def _build_entry(worker: PlacedWorker, actor: str) -> AuditEntry:
    details: dict[str, object] = {
        "digest": worker.request.bundle_digest,
        "selector": worker.request.selector,
    }
    accepted = worker.last_accepted
    if accepted is not None:
        details |= {
            "revision": accepted.revision,
            "rejected_revision": accepted.rejected_revision,
            "rejected_for": accepted.code,
        }
    return AuditEntry(
        actor=actor,
        action="worker.created",
        workspace=worker.workspace,
        runtime=worker.runtime,
        subject=worker.id,
        details=details,
    )


async def _verify_count(transaction: Transaction, workspace: str) -> None:
    query = select(func.count()).select_from(workers).where(workers.c.workspace == workspace)
    count = int(await transaction.connection.scalar(query) or 0)
    if count > MAX_WORKERS:
        raise LimitExceededError("workers", value=count, allowed=MAX_WORKERS, place="/workspace")
