"""Restore from a backup: what the database says is old, and nothing of it is in force before an admin has said so (K-08)."""

from msgspec import Struct
from sqlalchemy import update

from yoi_workspace_server.audit import SYSTEM_ACTOR, AuditEntry
from yoi_workspace_server.store.database.transactions import Database
from yoi_workspace_server.store.due_pairs import mark_due
from yoi_workspace_server.store.tables import tokens, workspaces


class Suspended(Struct, frozen=True, kw_only=True):
    """What a restore put out of force.

    Attributes:
        workspaces: How many; nothing of theirs is sent, activated or given to Workers before they are released.
        tokens: How many.
    """

    workspaces: int
    tokens: int


class RestoreRepository:
    """Puts out of force what came out of a backup."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def suspend_all(self, *, now: int) -> Suspended:
        """Suspend every workspace, and put every token out of force, in one transaction.

        Revocations of digests and tokens that came after the backup are not in it; so nobody is taken at its old word.
        """
        async with self._database.write(now) as transaction:
            connection = transaction.connection
            held = await connection.execute(update(workspaces).values(suspended=True))
            revoked = await connection.execute(
                update(tokens).where(tokens.c.revoked_at.is_(None)).values(revoked_at=now)
            )
            await mark_due(transaction)
            found = Suspended(workspaces=held.rowcount, tokens=revoked.rowcount)
            details = {"workspaces": found.workspaces, "tokens": found.tokens}
            transaction.record(AuditEntry(actor=SYSTEM_ACTOR, action="backend.restored", details=details))
        return found
