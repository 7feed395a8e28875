"""Revisions in the database (B-03)."""

from typing import Any

from sqlalchemy import Row, Select, exists, insert, select

from yoi_bundle.metadata import BundleMetadata, Provenance
from yoi_wire.clock import format_instant
from yoi_wire.errors import BundleMissingError, RequestInvalidError
from yoi_wire.paging import DEFAULT_PAGE_SIZE, Page, verify_page_size
from yoi_workspace_server.audit import AuditEntry
from yoi_workspace_server.revisions import RecordedRevision, Revision
from yoi_workspace_server.store.database.statements import build_page, parse_number_cursor
from yoi_workspace_server.store.database.transactions import Database, Transaction
from yoi_workspace_server.store.tables import bundles, revisions
from yoi_workspace_server.store.workspaces import lock_workspace


class RevisionRepository:
    """Numbers what a workspace has been."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def record_revision(
        self,
        workspace: str,
        digest: str,
        *,
        provenance: Provenance,
        publisher: str = "",
        actor: str,
        now: int,
    ) -> RecordedRevision:
        """Give a stored bundle the next revision, unless the latest one has the same digest (B-03).

        Publishers who race get one revision for one digest, and no number twice.

        Raises:
            WorkspaceNotFoundError: There is no such workspace.
            BundleMissingError: The bundle is not there, or not complete.
        """
        async with self._database.write(now) as transaction:
            await lock_workspace(transaction, workspace)
            latest = await _find_latest(transaction, workspace)
            if latest is not None and latest.digest == digest:
                return RecordedRevision(latest, created=False)
            await _verify_stored(transaction, workspace, digest)
            number = 1 if latest is None else latest.revision + 1
            metadata = BundleMetadata(
                workspace=workspace,
                digest=digest,
                revision=number,
                created_at=format_instant(now),
                provenance=provenance,
                publisher=publisher,
            )
            revision = Revision(
                workspace=workspace,
                revision=number,
                digest=digest,
                metadata=metadata,
                recorded_at=format_instant(now),
            )
            await _insert(transaction, revision)
            transaction.record(
                AuditEntry(
                    actor=actor,
                    action="bundle.published",
                    workspace=workspace,
                    subject=digest,
                    details={"revision": number, "kind": provenance.kind},
                )
            )
            return RecordedRevision(revision, created=True)

    async def find_revision(self, workspace: str, revision: int) -> Revision | None:
        query = select(revisions).where(revisions.c.workspace == workspace, revisions.c.revision == revision)
        async with self._database.read() as connection:
            row = (await connection.execute(query)).first()
        return None if row is None else read_revision(row)

    async def find_latest(self, workspace: str) -> Revision | None:
        """Return the newest revision; None before the first."""
        async with self._database.read() as connection:
            row = (await connection.execute(_select_latest(workspace))).first()
        return None if row is None else read_revision(row)

    async def get_by_digest(self, workspace: str, digest: str) -> Revision:
        """Return the newest revision with this digest.

        Raises:
            BundleMissingError: The workspace never had it.
        """
        query = _select_latest(workspace).where(revisions.c.digest == digest)
        async with self._database.read() as connection:
            row = (await connection.execute(query)).first()
        if row is None:
            raise BundleMissingError(digest)
        return read_revision(row)

    async def list_revisions(
        self, workspace: str, *, limit: int = DEFAULT_PAGE_SIZE, cursor: str | None = None
    ) -> Page[Revision]:
        """List revisions, newest first."""
        verify_page_size(limit)
        query = select(revisions).where(revisions.c.workspace == workspace)
        if cursor is not None:
            query = query.where(revisions.c.revision < parse_number_cursor(cursor))
        query = query.order_by(revisions.c.revision.desc()).limit(limit + 1)
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        return build_page(rows, limit, read=read_revision, cursor=lambda row: row.revision)


async def get_revision(transaction: Transaction, workspace: str, revision: int) -> Revision:
    """Return a revision.

    Raises:
        RequestInvalidError: The workspace has none of this number.
    """
    query = select(revisions).where(revisions.c.workspace == workspace, revisions.c.revision == revision)
    row = (await transaction.connection.execute(query)).first()
    if row is None:
        raise RequestInvalidError("the workspace has no such revision", field="revision")
    return read_revision(row)


async def verify_recorded(transaction: Transaction, workspace: str, digest: str) -> None:
    """Check that some revision has a digest.

    Raises:
        BundleMissingError: None has.
    """
    recorded = exists().where(revisions.c.workspace == workspace, revisions.c.digest == digest)
    if not await transaction.connection.scalar(select(recorded)):
        raise BundleMissingError(digest)


def read_revision(row: Row[Any]) -> Revision:
    """Read a row of the table."""
    return Revision(
        workspace=row.workspace,
        revision=row.revision,
        digest=row.digest,
        metadata=row.metadata,
        recorded_at=format_instant(row.recorded_at),
    )


def _select_latest(workspace: str) -> Select[Any]:
    return (
        select(revisions)
        .where(revisions.c.workspace == workspace)
        .order_by(revisions.c.revision.desc())
        .limit(1)
    )


async def _find_latest(transaction: Transaction, workspace: str) -> Revision | None:
    row = (await transaction.connection.execute(_select_latest(workspace))).first()
    return None if row is None else read_revision(row)


async def _verify_stored(transaction: Transaction, workspace: str, digest: str) -> None:
    stored = exists().where(bundles.c.workspace == workspace, bundles.c.digest == digest)
    if not await transaction.connection.scalar(select(stored)):
        raise BundleMissingError(digest)


async def _insert(transaction: Transaction, revision: Revision) -> None:
    row = {
        "workspace": revision.workspace,
        "revision": revision.revision,
        "digest": revision.digest,
        "metadata": revision.metadata,
        "recorded_at": transaction.now,
        "pinned": False,
    }
    await transaction.connection.execute(insert(revisions), row)
