"""Build records in the database; the latest 200 of each workspace (K-01)."""

from collections.abc import Sequence
from typing import Any

from msgspec.json import encode
from sqlalchemy import Row, delete, func, insert, select, update

from yoi_wire.clock import format_instant
from yoi_wire.paging import DEFAULT_PAGE_SIZE, Page, verify_page_size
from yoi_workspace_server.audit import SYSTEM_ACTOR, AuditEntry
from yoi_workspace_server.revisions import MAX_DIAGNOSTICS, BuildRecord, NewBuild
from yoi_workspace_server.store.database.statements import build_page, parse_number_cursor
from yoi_workspace_server.store.database.transactions import Database, Transaction
from yoi_workspace_server.store.tables import builds
from yoi_workspace_server.store.workspaces import lock_workspace

KEPT_BUILDS = 200
"""Of each workspace; a directory that is watched builds on every save."""


class BuildRepository:
    """Records builds."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def record_build(self, new: NewBuild, *, actor: str = SYSTEM_ACTOR, now: int) -> BuildRecord:
        """Write down how a build ended.

        One that nobody asked for and that failed just as the one before did is that one again, at a later instant: what stays
        broken neither fills the audit nor pushes other builds out.

        Raises:
            WorkspaceNotFoundError: There is no such workspace.
        """
        row = {
            "workspace": new.workspace,
            "outcome": new.outcome,
            "digest": new.digest,
            "revision": new.revision,
            "diagnostics": new.diagnostics[:MAX_DIAGNOSTICS],
            "diagnostic_count": max(new.diagnostic_count, len(new.diagnostics)),
            "problem": new.problem,
            "built_at": now,
        }
        async with self._database.write(now) as transaction:
            await lock_workspace(transaction, new.workspace)
            same = await _find_same_failure(transaction, new) if actor == SYSTEM_ACTOR else None
            if same is not None:
                again = update(builds).where(builds.c.id == same).values(built_at=now).returning(builds)
                return _read_build((await transaction.connection.execute(again)).one())
            result = await transaction.connection.execute(insert(builds).values(row).returning(builds))
            recorded = _read_build(result.one())
            await _delete_old(transaction, new.workspace)
            if new.problem is not None:
                details = {"code": new.problem.code}
                transaction.record(
                    AuditEntry(actor=actor, action="build.failed", workspace=new.workspace, details=details)
                )
        return recorded

    async def find_latest(self, workspace: str) -> BuildRecord | None:
        """Return the last build; None before the first."""
        page = await self.list_builds(workspace, limit=1)
        return page.items[0] if page.items else None

    async def list_failures(self, workspaces: Sequence[str]) -> dict[str, BuildRecord]:
        """Return the last build of each of these workspaces of which it failed."""
        latest = (
            select(func.max(builds.c.id))
            .where(builds.c.workspace.in_(workspaces))
            .group_by(builds.c.workspace)
        )
        query = select(builds).where(builds.c.id.in_(latest), builds.c.outcome == "failed")
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        return {row.workspace: _read_build(row) for row in rows}

    async def list_builds(
        self, workspace: str, *, limit: int = DEFAULT_PAGE_SIZE, cursor: str | None = None
    ) -> Page[BuildRecord]:
        """List builds, latest first."""
        verify_page_size(limit)
        query = select(builds).where(builds.c.workspace == workspace)
        if cursor is not None:
            query = query.where(builds.c.id < parse_number_cursor(cursor))
        async with self._database.read() as connection:
            rows = (await connection.execute(query.order_by(builds.c.id.desc()).limit(limit + 1))).all()
        return build_page(rows, limit, read=_read_build, cursor=lambda row: row.id)


async def _find_same_failure(transaction: Transaction, new: NewBuild) -> int | None:
    """Return the id of the workspace's last build, when it failed and this one failed in the same way."""
    if new.problem is None:
        return None
    query = select(builds).where(builds.c.workspace == new.workspace).order_by(builds.c.id.desc()).limit(1)
    row = (await transaction.connection.execute(query)).first()
    if row is None or row.diagnostics != new.diagnostics[:MAX_DIAGNOSTICS] or row.problem is None:
        return None
    return int(row.id) if encode(row.problem) == encode(new.problem) else None


async def _delete_old(transaction: Transaction, workspace: str) -> None:
    newest = select(builds.c.id).where(builds.c.workspace == workspace).order_by(builds.c.id.desc())
    first_gone = newest.offset(KEPT_BUILDS).limit(1).scalar_subquery()
    await transaction.connection.execute(
        delete(builds).where(builds.c.workspace == workspace, builds.c.id <= first_gone)
    )


def _read_build(row: Row[Any]) -> BuildRecord:
    return BuildRecord(
        id=row.id,
        workspace=row.workspace,
        outcome=row.outcome,
        digest=row.digest,
        revision=row.revision,
        diagnostics=row.diagnostics,
        diagnostic_count=row.diagnostic_count,
        problem=row.problem,
        built_at=format_instant(row.built_at),
    )
