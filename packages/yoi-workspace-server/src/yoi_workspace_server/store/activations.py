"""Activations, rollbacks and revocations in the database: who moved the pointer, when and why (K-01, R-11)."""

from typing import Any

from sqlalchemy import Row, exists, insert, select, update

from yoi_wire.backend.errors import BundleRevokedError
from yoi_wire.backend.workspaces import ActiveBundle
from yoi_wire.clock import format_instant
from yoi_wire.paging import DEFAULT_PAGE_SIZE, Page, verify_page_size
from yoi_workspace_server.audit import SYSTEM_ACTOR, AuditAction, AuditEntry
from yoi_workspace_server.revisions import Activation, ActivationKind, Revision
from yoi_workspace_server.store.database.statements import build_page, parse_number_cursor
from yoi_workspace_server.store.database.transactions import Database, Transaction
from yoi_workspace_server.store.due_pairs import mark_due
from yoi_workspace_server.store.revisions import get_revision
from yoi_workspace_server.store.tables import activations, revocations, workspaces
from yoi_workspace_server.store.workspaces import lock_workspace

_ACTIONS: dict[ActivationKind, AuditAction] = {
    "automatic": "bundle.activated",
    "manual": "bundle.activated",
    "rollback": "bundle.rolled_back",
}


class ActivationRepository:
    """Moves the pointer of a workspace, each time under a generation of its own."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def activate(
        self, workspace: str, revision: int, *, rollback: bool = False, actor: str, reason: str, now: int
    ) -> Activation:
        """Make a revision the active one, and every Runtime's pair of the workspace due, in one transaction.

        Args:
            workspace: Its id.
            revision: Which one; an older one than is active is fine.
            rollback: Hold automatic activation from now on, until it is released.
            actor: Who asks for it.
            reason: Why, in words.
            now: The instant.

        Raises:
            WorkspaceNotFoundError: There is no such workspace.
            RequestInvalidError: The workspace has no such revision.
            BundleRevokedError: Its digest is revoked.
        """
        async with self._database.write(now) as transaction:
            await lock_workspace(transaction, workspace)
            chosen = await get_revision(transaction, workspace, revision)
            if await _is_revoked(transaction, workspace, chosen.digest):
                raise BundleRevokedError(workspace, chosen.digest)
            kind: ActivationKind = "rollback" if rollback else "manual"
            return await _move_pointer(transaction, chosen, kind, actor, reason)

    async def activate_automatically(
        self, workspace: str, revision: int, *, emptied: bool = False, now: int
    ) -> Activation | None:
        """Make a revision active because it is new; do nothing when that is not to be.

        It is not to be when the workspace activates by hand, is held or suspended, has this or a later revision active, or has
        revoked the digest. One without any profile takes nothing away by itself: what is active stays until somebody activates
        the empty one, which is on record and shown until then.

        Args:
            workspace: Its id.
            revision: The new one.
            emptied: Whether it has no profile although the active one has some.
            now: The instant.

        Raises:
            WorkspaceNotFoundError: There is no such workspace.
            RequestInvalidError: The workspace has no such revision.
        """
        async with self._database.write(now) as transaction:
            found = await lock_workspace(transaction, workspace)
            later = found.active is not None and found.active.revision >= revision
            if found.held or found.suspended or not found.automatic or later:
                return None
            chosen = await get_revision(transaction, workspace, revision)
            if await _is_revoked(transaction, workspace, chosen.digest):
                return None
            if emptied and found.active is not None:
                if found.withheld_revision != revision:
                    await _withhold(transaction, chosen, found.active)
                return None
            return await _move_pointer(transaction, chosen, "automatic", SYSTEM_ACTOR, "")

    async def list_activations(
        self, workspace: str, *, limit: int = DEFAULT_PAGE_SIZE, cursor: str | None = None
    ) -> Page[Activation]:
        """List who moved the pointer, latest first."""
        verify_page_size(limit)
        query = select(activations).where(activations.c.workspace == workspace)
        if cursor is not None:
            query = query.where(activations.c.generation < parse_number_cursor(cursor))
        query = query.order_by(activations.c.generation.desc()).limit(limit + 1)
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        return build_page(rows, limit, read=_read_activation, cursor=lambda row: row.generation)


async def _is_revoked(transaction: Transaction, workspace: str, digest: str) -> bool:
    query = select(exists().where(revocations.c.workspace == workspace, revocations.c.digest == digest))
    return bool(await transaction.connection.scalar(query))


async def allocate_generation(transaction: Transaction, workspace: str) -> int:
    """Return the workspace's next generation: above every one that was given before (R-11).

    This counter is the Backend's own. What a Runtime says of a generation moves its own pair alone (T-02).
    """
    counter = workspaces.c.generation
    query = select(counter).where(workspaces.c.id == workspace).with_for_update(key_share=True)
    generation: int = (await transaction.connection.scalar(query) or 0) + 1
    await transaction.connection.execute(
        update(workspaces).where(workspaces.c.id == workspace).values(generation=generation)
    )
    return generation


async def _withhold(transaction: Transaction, chosen: Revision, active: ActiveBundle) -> None:
    await transaction.connection.execute(
        update(workspaces)
        .where(workspaces.c.id == chosen.workspace)
        .values(withheld_revision=chosen.revision)
    )
    details = {"revision": chosen.revision, "active": active.revision, "reason": "no_profiles"}
    transaction.record(
        AuditEntry(
            actor=SYSTEM_ACTOR,
            action="activation.withheld",
            workspace=chosen.workspace,
            subject=chosen.digest,
            details=details,
        )
    )


async def _move_pointer(
    transaction: Transaction, chosen: Revision, kind: ActivationKind, actor: str, reason: str
) -> Activation:
    generation = await allocate_generation(transaction, chosen.workspace)
    held = {"held": True} if kind == "rollback" else {}
    await transaction.connection.execute(
        update(workspaces)
        .where(workspaces.c.id == chosen.workspace)
        .values(
            active_digest=chosen.digest,
            active_revision=chosen.revision,
            active_generation=generation,
            withheld_revision=None,
            **held,
        )
    )
    row: dict[str, Any] = {
        "workspace": chosen.workspace,
        "generation": generation,
        "revision": chosen.revision,
        "digest": chosen.digest,
        "kind": kind,
        "actor": actor,
        "reason": reason,
        "activated_at": transaction.now,
    }
    await transaction.connection.execute(insert(activations), row)
    await mark_due(transaction, workspace=chosen.workspace)
    transaction.record(
        AuditEntry(
            actor=actor,
            action=_ACTIONS[kind],
            workspace=chosen.workspace,
            subject=chosen.digest,
            details={"revision": chosen.revision, "generation": generation, "kind": kind, "reason": reason},
        )
    )
    return Activation(**{**row, "activated_at": format_instant(transaction.now)})


def _read_activation(row: Row[Any]) -> Activation:
    return Activation(
        workspace=row.workspace,
        generation=row.generation,
        revision=row.revision,
        digest=row.digest,
        kind=row.kind,
        actor=row.actor,
        reason=row.reason,
        activated_at=format_instant(row.activated_at),
    )
