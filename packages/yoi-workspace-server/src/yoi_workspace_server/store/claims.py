"""Claims: how replicas share the work on pairs (K-04).

A claim is a lease. Whoever lost it changes nothing any more; what it did to a Runtime meanwhile is fenced by the
generation (R-11).
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, Subquery, and_, func, null, or_, select, tuple_, update

from yoi_workspace_server.store.database.transactions import Database
from yoi_workspace_server.store.due_pairs import match_keys
from yoi_workspace_server.store.pairs import read_status, select_statuses
from yoi_workspace_server.store.tables import pairs, rejections, runtimes, workspaces
from yoi_workspace_server.sync_status import Claim, PairKey

MAX_CLAIMS = 500
"""How many pairs one call claims at most."""


class ClaimRepository:
    """Claims pairs, and gives them free."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def claim_due(
        self,
        owner: str,
        *,
        limit: int,
        lease_seconds: float,
        now: int,
        embedded: frozenset[str] = frozenset(),
        most_of_each: int = MAX_CLAIMS,
        passing_over: frozenset[str] = frozenset(),
    ) -> tuple[Claim, ...]:
        """Claim pairs that are due, the longest due first; no two callers ever have the same one.

        Args:
            owner: Who claims; for people to read.
            limit: How many at most, up to 500.
            lease_seconds: After this, others may claim them again.
            now: Milliseconds since 1970.
            embedded: Ids of the Runtimes of the caller's own process; what is embedded elsewhere only that process can ask.
            most_of_each: How many of one Runtime at most, so that one with many workspaces leaves room for others.
            passing_over: Names of Runtimes whose pairs are left.
        """
        turns = _select_turns(now, embedded, passing_over)
        chosen = select(turns.c.runtime, turns.c.workspace).where(turns.c.turn <= most_of_each)
        query = _select_free(now, embedded).where(
            pairs.c.due_at <= now, tuple_(pairs.c.runtime, pairs.c.workspace).in_(chosen)
        )
        query = query.order_by(pairs.c.due_at)
        return await self._claim(query.limit(min(limit, MAX_CLAIMS)), owner, lease_seconds, now)

    async def claim_pair(
        self,
        key: PairKey,
        owner: str,
        *,
        lease_seconds: float,
        now: int,
        embedded: frozenset[str] = frozenset(),
    ) -> Claim | None:
        """Claim one pair whether it is due or not.

        Returns:
            None when somebody works on it, its Runtime is embedded elsewhere, or there is no such pair.
        """
        claims = await self._claim(
            _select_free(now, embedded).where(match_keys([key])), owner, lease_seconds, now
        )
        return claims[0] if claims else None

    async def extend(self, claims: Sequence[Claim], *, lease_seconds: float, now: int) -> frozenset[PairKey]:
        """Lengthen leases that are still the caller's, counted from now; return the pairs of those."""
        return await self._change_held(claims, lease_expires_at=_compute_expiry(lease_seconds, now), now=now)

    async def release(self, claims: Sequence[Claim], *, now: int) -> frozenset[PairKey]:
        """Give pairs free without a word on them; they stay as due as they were."""
        return await self._change_held(claims, lease_expires_at=None, now=now)

    async def find_next_due(
        self,
        *,
        now: int,
        embedded: frozenset[str] = frozenset(),
        passing_over: frozenset[str] = frozenset(),
    ) -> int | None:
        """Return when the next pair that nobody works on is due, in milliseconds since 1970; None for never.

        The arguments are those of `claim_due`.
        """
        free = (_is_free(now), _can_be_asked(embedded), pairs.c.runtime.not_in(sorted(passing_over)))
        async with self._database.read() as connection:
            due: int | None = await connection.scalar(select(func.min(pairs.c.due_at)).where(*free))
        return due

    async def _claim(
        self, query: Select[Any], owner: str, lease_seconds: float, now: int
    ) -> tuple[Claim, ...]:
        async with self._database.write(now) as transaction:
            locked = query.with_for_update(of=pairs, skip_locked=True, key_share=True)
            rows = (await transaction.connection.execute(locked)).all()
            claims = tuple(
                Claim(status=read_status(row), lease=row.lease + 1, rejected=row.rejected) for row in rows
            )
            if claims:
                statement = (
                    update(pairs)
                    .where(match_keys([claim.status.key for claim in claims]))
                    .values(
                        lease=pairs.c.lease + 1,
                        lease_triggers=pairs.c.triggers,
                        lease_owner=owner,
                        lease_expires_at=_compute_expiry(lease_seconds, now),
                        last_attempt_at=now,
                    )
                )
                await transaction.connection.execute(statement)
        return claims

    async def _change_held(
        self, claims: Sequence[Claim], *, lease_expires_at: int | None, now: int
    ) -> frozenset[PairKey]:
        leases = {claim.status.key: claim.lease for claim in claims}
        if not leases:
            return frozenset()
        async with self._database.write(now) as transaction:
            query = select(pairs.c.runtime, pairs.c.workspace, pairs.c.lease).where(
                match_keys(list(leases)), pairs.c.lease_expires_at.is_not(None)
            )
            query = query.order_by(pairs.c.runtime, pairs.c.workspace).with_for_update(key_share=True)
            rows = (await transaction.connection.execute(query)).all()
            found = {PairKey(row.runtime, row.workspace): row.lease for row in rows}
            held = [key for key, lease in found.items() if leases[key] == lease]
            if held:
                await transaction.connection.execute(
                    update(pairs).where(match_keys(held)).values(lease_expires_at=lease_expires_at)
                )
        return frozenset(held)


def _compute_expiry(lease_seconds: float, now: int) -> int:
    return now + int(lease_seconds * 1000)


def _is_free(now: int) -> ColumnElement[bool]:
    return or_(pairs.c.lease_expires_at.is_(null()), pairs.c.lease_expires_at <= now)


def _can_be_asked(embedded: frozenset[str]) -> ColumnElement[bool]:
    elsewhere = select(runtimes.c.name).where(
        runtimes.c.kind == "embedded", runtimes.c.audience.not_in(sorted(embedded))
    )
    return pairs.c.runtime.not_in(elsewhere)


def _select_turns(now: int, embedded: frozenset[str], passing_over: frozenset[str]) -> Subquery:
    """Return the pairs that are due, and the turn of each among those of its Runtime."""
    turn = func.row_number().over(partition_by=pairs.c.runtime, order_by=pairs.c.due_at)
    due = (_is_free(now), _can_be_asked(embedded), pairs.c.due_at <= now)
    query = select(pairs.c.runtime, pairs.c.workspace, turn.label("turn")).where(*due)
    return query.where(pairs.c.runtime.not_in(sorted(passing_over))).subquery()


def _select_free(now: int, embedded: frozenset[str]) -> Select[Any]:
    """Return the query of pairs that nobody works on, with the rejection that stands in the way of the active digest."""
    in_force = and_(
        rejections.c.workspace == pairs.c.workspace,
        rejections.c.digest == workspaces.c.active_digest,
        rejections.c.runtime == pairs.c.runtime,
        rejections.c.runtime_version == runtimes.c.version,
        rejections.c.policy_generation == runtimes.c.policy_generation,
    )
    return (
        select_statuses()
        .add_columns(rejections.c.digest.label("rejected"))
        .join(runtimes, runtimes.c.name == pairs.c.runtime)
        .outerjoin(rejections, in_force)
        .where(_is_free(now), _can_be_asked(embedded))
    )
