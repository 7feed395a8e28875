"""Audit records of refused tokens: at most one a minute, which says how many there were since the one before (K-10)."""

from yoi_wire.clock import MINUTE
from yoi_workspace_server.audit import SYSTEM_ACTOR, AuditEntry
from yoi_workspace_server.store.store import Store


class RefusedTokens:
    """Counts refused tokens; who guesses cannot fill the audit with it.

    Args:
        store: Where the audit is.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._count = 0
        self._recorded_at: int | None = None

    async def record(self, secret_hash: str, *, now: int) -> None:
        """Count a refusal, and record it when none was recorded within the minute.

        Args:
            secret_hash: Of what was sent; the record names the token when it once was one.
            now: Milliseconds since 1970.
        """
        self._count += 1
        if self._recorded_at is not None and now - self._recorded_at < MINUTE:
            return
        count, self._count, self._recorded_at = self._count, 0, now
        known = await self._store.tokens.find_out_of_force(secret_hash)
        entry = AuditEntry(
            actor=SYSTEM_ACTOR, action="token.refused", subject=known or "", details={"count": count}
        )
        await self._store.audit.append([entry], now=now)
