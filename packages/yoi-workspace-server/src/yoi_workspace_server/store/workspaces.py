"""Workspaces in the database (K-01)."""

from typing import Any

from sqlalchemy import Row, delete, exists, select, update

from yoi_wire.backend.errors import WorkspaceConflictError, WorkspaceNotFoundError
from yoi_wire.backend.workspaces import ActiveBundle, NewWorkspace, WorkspaceChange
from yoi_wire.clock import format_instant
from yoi_wire.paging import DEFAULT_PAGE_SIZE, Page, verify_page_size
from yoi_workspace_server.audit import AuditEntry
from yoi_workspace_server.store.database.statements import build_page, insert_absent
from yoi_workspace_server.store.database.transactions import Database, Transaction
from yoi_workspace_server.store.due_pairs import mark_due
from yoi_workspace_server.store.tables import pairs, workspaces
from yoi_workspace_server.workspaces import Workspace


class WorkspaceRepository:
    """Adds, changes, finds and deletes workspaces."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add_workspace(self, new: NewWorkspace, *, actor: str, now: int) -> Workspace:
        """Add a workspace; nothing is active in it yet.

        Raises:
            WorkspaceConflictError: Its id is taken.
        """
        row = {
            "id": new.id,
            "title": new.title,
            "visibility": new.visibility,
            "source": new.source,
            "automatic": new.automatic,
            "held": False,
            "suspended": False,
            "generation": 0,
            "created_at": now,
        }
        async with self._database.write(now) as transaction:
            if not await insert_absent(transaction, workspaces, row):
                raise WorkspaceConflictError(new.id, "exists")
            transaction.record(AuditEntry(actor=actor, action="workspace.added", workspace=new.id))
            return await lock_workspace(transaction, new.id)

    async def find_workspace(self, workspace: str) -> Workspace | None:
        async with self._database.read() as connection:
            row = (await connection.execute(select(workspaces).where(workspaces.c.id == workspace))).first()
        return None if row is None else read_workspace(row)

    async def get_workspace(self, workspace: str) -> Workspace:
        """Return a workspace.

        Raises:
            WorkspaceNotFoundError: There is none.
        """
        found = await self.find_workspace(workspace)
        if found is None:
            raise WorkspaceNotFoundError(workspace)
        return found

    async def list_workspaces(
        self,
        *,
        within: frozenset[str] | None = None,
        limit: int = DEFAULT_PAGE_SIZE,
        cursor: str | None = None,
    ) -> Page[Workspace]:
        """List workspaces by id.

        Args:
            within: Those that the caller may see; None for all.
            limit: How many at most.
            cursor: From the page before.
        """
        verify_page_size(limit)
        query = select(workspaces).order_by(workspaces.c.id).limit(limit + 1)
        if within is not None:
            query = query.where(workspaces.c.id.in_(sorted(within)))
        if cursor is not None:
            query = query.where(workspaces.c.id > cursor)
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        return build_page(rows, limit, read=read_workspace, cursor=lambda row: row.id)

    async def change_workspace(
        self, workspace: str, change: WorkspaceChange, *, actor: str, now: int
    ) -> Workspace:
        """Change some fields; placement has to be applied anew when the visibility was among them.

        Raises:
            WorkspaceNotFoundError: There is no such workspace.
        """
        fields = ("title", "visibility", "source", "automatic")
        values = {name: getattr(change, name) for name in fields if getattr(change, name) is not None}
        async with self._database.write(now) as transaction:
            found = await lock_workspace(transaction, workspace)
            if not values:
                return found
            await transaction.connection.execute(
                update(workspaces).where(workspaces.c.id == workspace).values(**values)
            )
            details = {"fields": sorted(values)}
            transaction.record(
                AuditEntry(actor=actor, action="workspace.changed", workspace=workspace, details=details)
            )
            return await lock_workspace(transaction, workspace)

    async def release_workspace(self, workspace: str, *, actor: str, now: int) -> Workspace:
        """Let automatic activation go on after a rollback, and everything after a restore from a backup.

        Raises:
            WorkspaceNotFoundError: There is no such workspace.
        """
        async with self._database.write(now) as transaction:
            found = await lock_workspace(transaction, workspace)
            if not found.held and not found.suspended:
                return found
            await transaction.connection.execute(
                update(workspaces).where(workspaces.c.id == workspace).values(held=False, suspended=False)
            )
            await mark_due(transaction, workspace=workspace)
            details = {"restored": True} if found.suspended else {}
            transaction.record(
                AuditEntry(actor=actor, action="activation.released", workspace=workspace, details=details)
            )
            return await lock_workspace(transaction, workspace)

    async def delete_workspace(self, workspace: str, *, actor: str, now: int, force: bool = False) -> None:
        """Delete a workspace with its revisions, bundles and Workers' records; the audit stays.

        Args:
            workspace: Its id.
            actor: Who asks for it.
            now: The instant.
            force: Also while Runtimes have its bundle assigned; nobody withdraws it there any more.

        Raises:
            WorkspaceNotFoundError: There is no such workspace.
            WorkspaceConflictError: Some Runtime has its bundle assigned.
        """
        async with self._database.write(now) as transaction:
            await lock_workspace(transaction, workspace)
            assigned = exists().where(pairs.c.workspace == workspace, pairs.c.observed_digest.is_not(None))
            if not force and await transaction.connection.scalar(select(assigned)):
                raise WorkspaceConflictError(workspace, "still_assigned")
            await transaction.connection.execute(delete(workspaces).where(workspaces.c.id == workspace))
            transaction.record(AuditEntry(actor=actor, action="workspace.deleted", workspace=workspace))


async def lock_workspace(transaction: Transaction, workspace: str) -> Workspace:
    """Return a workspace that nobody else changes until the transaction ends.

    Raises:
        WorkspaceNotFoundError: There is none.
    """
    query = select(workspaces).where(workspaces.c.id == workspace).with_for_update(key_share=True)
    row = (await transaction.connection.execute(query)).first()
    if row is None:
        raise WorkspaceNotFoundError(workspace)
    return read_workspace(row)


def read_workspace(row: Row[Any]) -> Workspace:
    """Read a row of the table."""
    return Workspace(
        id=row.id,
        title=row.title,
        visibility=row.visibility,
        source=row.source,
        automatic=row.automatic,
        held=row.held,
        suspended=row.suspended,
        generation=row.generation,
        active=read_active(row),
        withheld_revision=row.withheld_revision,
        created_at=format_instant(row.created_at),
    )


def read_active(row: Row[Any]) -> ActiveBundle | None:
    """Read what is active from a row that has the workspace's columns."""
    if row.active_digest is None:
        return None
    return ActiveBundle(
        digest=row.active_digest, revision=row.active_revision, generation=row.active_generation
    )
