"""Triggers of the reconciler: pairs become due, and whoever waits for work is woken (K-04)."""

from collections.abc import Sequence

from sqlalchemy import (
    ColumnElement,
    case,
    select,
    tuple_,
    update,
)

from yoi_workspace_server.store.database.transactions import Transaction
from yoi_workspace_server.store.tables import pairs
from yoi_workspace_server.sync_status import PairKey


async def mark_due(
    transaction: Transaction, *, workspace: str | None = None, runtimes: Sequence[str] | None = None
) -> int:
    """Make pairs due now, whatever their back-off; return how many.

    A pair that somebody works on meanwhile becomes due again when that is settled.

    Args:
        transaction: Of what triggers it.
        workspace: Only this one's pairs; None for those of all.
        runtimes: Only the pairs of these, at most 500; None for those of all.
    """
    conditions: list[ColumnElement[bool]] = []
    if workspace is not None:
        conditions.append(pairs.c.workspace == workspace)
    if runtimes is not None:
        conditions.append(pairs.c.runtime.in_(runtimes))
    await lock_pairs(transaction, conditions)
    sooner = case((pairs.c.due_at <= transaction.now, pairs.c.due_at), else_=transaction.now)
    result = await transaction.connection.execute(
        update(pairs).where(*conditions).values(triggers=pairs.c.triggers + 1, due_at=sooner)
    )
    transaction.wake("pairs")
    return result.rowcount


async def lock_pairs(transaction: Transaction, conditions: Sequence[ColumnElement[bool]]) -> None:
    """Lock pairs in the one order in which everybody locks several, so that no two wait for each other."""
    if transaction.dialect == "postgresql":
        query = select(pairs.c.lease).where(*conditions).order_by(pairs.c.runtime, pairs.c.workspace)
        await transaction.connection.execute(query.with_for_update())


def match_keys(keys: Sequence[PairKey]) -> ColumnElement[bool]:
    """Return the condition that a row is one of these pairs."""
    return tuple_(pairs.c.runtime, pairs.c.workspace).in_([(key.runtime, key.workspace) for key in keys])
