"""Settling: what came of attempts is written down in one transaction a batch (K-04, K-05)."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row, bindparam, update

from yoi_workspace_server.store.database.statements import parse_instant
from yoi_workspace_server.store.database.transactions import Database, Transaction
from yoi_workspace_server.store.due_pairs import match_keys
from yoi_workspace_server.store.pairs import read_status, select_statuses
from yoi_workspace_server.store.rejections import insert_rejections
from yoi_workspace_server.store.tables import pairs
from yoi_workspace_server.sync_plan import Observed
from yoi_workspace_server.sync_status import MAX_RAISES, PairKey, PairStatus, Settlement

_EAGER_RAISES = 2
"""So many in a row are tried again at once; a restore from a backup needs one."""

_UPDATE = (
    update(pairs)
    .where(pairs.c.runtime == bindparam("key_runtime"), pairs.c.workspace == bindparam("key_workspace"))
    .values(
        {
            name: bindparam(f"new_{name}")
            for name in (
                "observed_at",
                "observed_generation",
                "observed_digest",
                "observed_revision",
                "holdings",
                "attempts",
                "problem",
                "last_success_at",
                "generation_offset",
                "raises",
                "due_at",
                "lease_expires_at",
            )
        }
    )
)


class SettlingRepository:
    """Settles claims."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def settle(self, settlements: Sequence[Settlement], *, now: int) -> frozenset[PairKey]:
        """Write down how attempts ended, in one transaction, and give their pairs free.

        A pair that was triggered meanwhile is due at once. When a Runtime turns out to have a generation that this
        Backend never gave it, as after a restore from a backup, this pair's generations go on above that one. That happens
        at once at first, then after the ordinary back-off; a Runtime that keeps doing it, or that is ahead beyond
        all bounds, is left alone until an operator resets the pair (T-02).

        Args:
            settlements: At most 500, one for a pair.
            now: Milliseconds since 1970.

        Returns:
            The pairs of which the lease still was the caller's; of the others nothing was changed.
        """
        if not settlements:
            return frozenset()
        async with self._database.write(now) as transaction:
            held = await _lock_held(transaction, settlements)
            kept = [one for one in settlements if one.key in held]
            if not kept:
                return frozenset()
            rows = [_build_values(one, held[one.key], now) for one in kept]
            await transaction.connection.execute(_UPDATE, rows)
            await insert_rejections(transaction, [one.rejection for one in kept if one.rejection is not None])
            transaction.record(*(entry for one in kept for entry in one.audit))
            if any(row.triggers != row.lease_triggers for row in held.values()):
                transaction.wake("pairs")
        return frozenset(held)


async def _lock_held(
    transaction: Transaction, settlements: Sequence[Settlement]
) -> Mapping[PairKey, Row[Any]]:
    leases = {one.key: one.lease for one in settlements}
    query = select_statuses().where(match_keys(list(leases)), pairs.c.lease_expires_at.is_not(None))
    query = query.order_by(pairs.c.runtime, pairs.c.workspace).with_for_update(of=pairs, key_share=True)
    rows = (await transaction.connection.execute(query)).all()
    found = {PairKey(row.runtime, row.workspace): row for row in rows}
    return {key: row for key, row in found.items() if leases[key] == row.lease}


def _build_values(one: Settlement, row: Row[Any], now: int) -> dict[str, Any]:
    observed = one.observed
    succeeded = one.problem is None
    values = {
        "key_runtime": one.key.runtime,
        "key_workspace": one.key.workspace,
        "new_observed_at": row.observed_at if observed is None else parse_instant(observed.observed_at),
        "new_observed_generation": row.observed_generation if observed is None else observed.generation,
        "new_observed_digest": row.observed_digest if observed is None else observed.digest,
        "new_observed_revision": row.observed_revision if observed is None else observed.revision,
        "new_holdings": row.holdings if one.holdings is None else one.holdings,
        "new_attempts": row.attempts if not one.asked else 0 if succeeded else row.attempts + 1,
        "new_problem": one.problem,
        "new_last_success_at": now if succeeded and one.asked else row.last_success_at,
        "new_generation_offset": row.generation_offset,
        "new_raises": 0 if succeeded and one.asked else row.raises,
        "new_due_at": one.due_at if row.triggers == row.lease_triggers else now,
        "new_lease_expires_at": None,
    }
    status = read_status(row)
    if observed is not None and _is_ahead(status, observed):
        triggered = row.triggers != row.lease_triggers
        values |= _raise_offset(status, observed, due_at=values["new_due_at"], now=now, triggered=triggered)
    return values


def _raise_offset(
    status: PairStatus, observed: Observed, *, due_at: int, now: int, triggered: bool
) -> dict[str, Any]:
    """Put a pair's generations above one that its Runtime holds, so that its desired state can be set again."""
    if observed.generation >= status.refused_generation or status.raises >= MAX_RAISES:
        return {} if triggered else {"new_due_at": None}
    desired = status.desired if status.placed else None
    own = status.withdrawal_generation if desired is None else desired.generation
    return {
        "new_generation_offset": status.generation_offset + observed.generation + 1 - own,
        "new_raises": status.raises + 1,
        "new_due_at": now if status.raises < _EAGER_RAISES else due_at,
    }


def _is_ahead(status: PairStatus, observed: Observed) -> bool:
    """Tell whether the Runtime holds a generation by which the desired state would be refused (R-11)."""
    desired = status.desired if status.placed else None
    if desired is None:
        return observed.digest is not None and observed.generation >= max(status.withdrawal_generation, 1)
    same = observed.digest == desired.digest
    return observed.generation > desired.generation or (
        observed.generation == desired.generation and not same
    )
