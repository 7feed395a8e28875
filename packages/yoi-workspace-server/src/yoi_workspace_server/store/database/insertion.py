"""Insert-if-absent in one statement, without an error that ends the transaction."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Insert, Table
from sqlalchemy.dialects import postgresql, sqlite

from yoi_workspace_server.store.database.transactions import Transaction


async def insert_absent(transaction: Transaction, table: Table, row: dict[str, Any]) -> bool:
    """Insert a row unless a unique key of it is taken; return whether it was inserted."""
    result = await transaction.connection.execute(_build(transaction, table), row)
    return result.rowcount == 1


async def insert_all_absent(transaction: Transaction, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Insert those rows of which no unique key is taken."""
    if rows:
        await transaction.connection.execute(_build(transaction, table), rows)


def _build(transaction: Transaction, table: Table) -> Insert:
    if transaction.dialect == "postgresql":
        return postgresql.insert(table).on_conflict_do_nothing()
    return sqlite.insert(table).on_conflict_do_nothing()
