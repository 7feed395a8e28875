"""How workspaces stand on Runtimes, in the database (K-05)."""

from sqlalchemy import tuple_

from yoi_wire.errors import RequestInvalidError
from yoi_wire.paging import DEFAULT_PAGE_SIZE, Page, verify_page_size
from yoi_workspace_server.store.database.paging import build_page
from yoi_workspace_server.store.database.transactions import Database
from yoi_workspace_server.store.due_pairs import mark_due
from yoi_workspace_server.store.pair_rows import read_status, select_statuses
from yoi_workspace_server.store.tables import pairs
from yoi_workspace_server.sync_status import PairKey, PairStatus


class PairRepository:
    """Reads pairs, and makes them due."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find_pair(self, key: PairKey) -> PairStatus | None:
        """Return what is known of a pair; None when the Runtime never was to have the workspace's bundle."""
        query = select_statuses().where(pairs.c.runtime == key.runtime, pairs.c.workspace == key.workspace)
        async with self._database.read() as connection:
            row = (await connection.execute(query)).first()
        return None if row is None else read_status(row)

    async def list_pairs(
        self,
        *,
        runtime: str | None = None,
        workspace: str | None = None,
        within: frozenset[str] | None = None,
        limit: int = DEFAULT_PAGE_SIZE,
        cursor: str | None = None,
    ) -> Page[PairStatus]:
        """List pairs by Runtime and workspace.

        Args:
            runtime: Only this one's.
            workspace: Only this one's.
            within: The workspaces that the caller may see; None for all.
            limit: How many at most.
            cursor: From the page before.
        """
        verify_page_size(limit)
        query = select_statuses().order_by(pairs.c.runtime, pairs.c.workspace).limit(limit + 1)
        if runtime is not None:
            query = query.where(pairs.c.runtime == runtime)
        if workspace is not None:
            query = query.where(pairs.c.workspace == workspace)
        if within is not None:
            query = query.where(pairs.c.workspace.in_(sorted(within)))
        if cursor is not None:
            query = query.where(tuple_(pairs.c.runtime, pairs.c.workspace) > _parse_cursor(cursor))
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        return build_page(rows, limit, read=read_status, cursor=lambda row: f"{row.runtime}/{row.workspace}")

    async def mark_due(self, *, runtime: str | None = None, workspace: str | None = None, now: int) -> int:
        """Make pairs due now, whatever their back-off, and wake the reconcilers; return how many.

        Args:
            runtime: Only this one's; None for those of all.
            workspace: Only this one's; None for those of all.
            now: The instant.
        """
        async with self._database.write(now) as transaction:
            return await mark_due(
                transaction, runtimes=None if runtime is None else [runtime], workspace=workspace
            )


def _parse_cursor(cursor: str) -> tuple[str, str]:
    runtime, slash, workspace = cursor.partition("/")
    if not slash:
        raise RequestInvalidError("not a cursor of this list", field="cursor")
    return runtime, workspace
