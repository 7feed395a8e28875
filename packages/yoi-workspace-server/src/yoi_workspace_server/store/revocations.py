"""Revocations in the database: digests that no new Worker may use (K-01)."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row, select, update

from yoi_wire.clock import format_instant
from yoi_wire.paging import (
    DEFAULT_PAGE_SIZE,
    Page,
    Position,
    format_cursor,
    parse_cursor,
    verify_page_size,
)
from yoi_workspace_server.audit import AuditEntry
from yoi_workspace_server.revisions import Revocation
from yoi_workspace_server.store.activations import allocate_generation
from yoi_workspace_server.store.database.statements import build_page, insert_absent
from yoi_workspace_server.store.database.transactions import Database, Transaction
from yoi_workspace_server.store.due_pairs import mark_due
from yoi_workspace_server.store.revisions import verify_recorded
from yoi_workspace_server.store.tables import pairs, revocations, workspaces
from yoi_workspace_server.store.workspaces import lock_workspace


class RevocationRepository:
    """Revokes digests; none is ever given back."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def revoke_bundle(
        self, workspace: str, digest: str, *, actor: str, reason: str, now: int
    ) -> Revocation:
        """Revoke a digest; an active one is active no more, and every Runtime's pair withdraws it.

        The first revocation stays; again changes nothing.

        Raises:
            WorkspaceNotFoundError: There is no such workspace.
            BundleMissingError: The workspace never had the digest.
        """
        row = {
            "workspace": workspace,
            "digest": digest,
            "actor": actor,
            "reason": reason,
            "revoked_at": now,
        }
        query = select(revocations).where(
            revocations.c.workspace == workspace, revocations.c.digest == digest
        )
        async with self._database.write(now) as transaction:
            found = await lock_workspace(transaction, workspace)
            await verify_recorded(transaction, workspace, digest)
            if await insert_absent(transaction, revocations, row):
                if found.active is not None and found.active.digest == digest:
                    await _deactivate(transaction, workspace)
                details = {"reason": reason}
                transaction.record(
                    AuditEntry(
                        actor=actor,
                        action="bundle.revoked",
                        workspace=workspace,
                        subject=digest,
                        details=details,
                    )
                )
            return _read_revocation((await transaction.connection.execute(query)).one())

    async def find_revocation(self, workspace: str, digest: str) -> Revocation | None:
        query = select(revocations).where(
            revocations.c.workspace == workspace, revocations.c.digest == digest
        )
        async with self._database.read() as connection:
            row = (await connection.execute(query)).first()
        return None if row is None else _read_revocation(row)

    async def list_digests(self, workspaces: Sequence[str]) -> Mapping[str, frozenset[str]]:
        """Return every digest that these workspaces, at most 500, have revoked, by workspace."""
        query = select(revocations.c.workspace, revocations.c.digest).where(
            revocations.c.workspace.in_(workspaces)
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        found: dict[str, set[str]] = {}
        for row in rows:
            found.setdefault(row.workspace, set()).add(row.digest)
        return {workspace: frozenset(digests) for workspace, digests in found.items()}

    async def list_revocations(
        self, workspace: str, *, limit: int = DEFAULT_PAGE_SIZE, cursor: str | None = None
    ) -> Page[Revocation]:
        """List what a workspace revoked, latest first."""
        verify_page_size(limit)
        order = (revocations.c.revoked_at.desc(), revocations.c.digest.desc())
        query = select(revocations).where(revocations.c.workspace == workspace).order_by(*order)
        last = parse_cursor(cursor)
        if last is not None:
            same = (revocations.c.revoked_at == last.at) & (revocations.c.digest < last.id)
            query = query.where((revocations.c.revoked_at < last.at) | same)
        async with self._database.read() as connection:
            rows = (await connection.execute(query.limit(limit + 1))).all()
        return build_page(
            rows,
            limit,
            read=_read_revocation,
            cursor=lambda row: format_cursor(Position(row.revoked_at, row.digest)),
        )


async def _deactivate(transaction: Transaction, workspace: str) -> None:
    """Leave nothing active; the pairs get a generation under which they withdraw what they have."""
    generation = await allocate_generation(transaction, workspace)
    nothing = {"active_digest": None, "active_revision": None, "active_generation": None}
    await transaction.connection.execute(
        update(workspaces).where(workspaces.c.id == workspace).values(**nothing)
    )
    await mark_due(transaction, workspace=workspace)
    await transaction.connection.execute(
        update(pairs).where(pairs.c.workspace == workspace).values(placement_generation=generation)
    )


def _read_revocation(row: Row[Any]) -> Revocation:
    return Revocation(
        workspace=row.workspace,
        digest=row.digest,
        actor=row.actor,
        reason=row.reason,
        revoked_at=format_instant(row.revoked_at),
    )
