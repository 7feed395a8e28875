"""Statements that every repository shares: insertion, batches, instants, pages."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from sqlalchemy import Insert, Row, Table
from sqlalchemy.dialects import postgresql, sqlite

from yoi_wire.errors import RequestInvalidError
from yoi_wire.paging import Page
from yoi_workspace_server.store.database.transactions import Transaction

Member = TypeVar("Member")

STATEMENT_MEMBERS = 500
"""How many members one statement names at most; SQLite and PostgreSQL bound the values of a statement."""


def split_batches(members: Sequence[Member], size: int = STATEMENT_MEMBERS) -> Iterator[Sequence[Member]]:
    """Yield the members in order, `size` at a time."""
    for start in range(0, len(members), size):
        yield members[start : start + size]


def _build(transaction: Transaction, table: Table) -> Insert:
    if transaction.dialect == "postgresql":
        return postgresql.insert(table).on_conflict_do_nothing()
    return sqlite.insert(table).on_conflict_do_nothing()


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def parse_instant(text: str) -> int:
    """Return milliseconds since 1970-01-01T00:00:00Z.

    Raises:
        RequestInvalidError: The text is no instant with an offset.
    """
    try:
        elapsed = datetime.fromisoformat(text) - _EPOCH
    except (ValueError, TypeError):
        raise RequestInvalidError("not an instant of RFC 3339", field="instant") from None
    return (elapsed.days * 86_400 + elapsed.seconds) * 1000 + elapsed.microseconds // 1000


_MAX_NUMBER = 2**63 - 1


def build_page(
    rows: Sequence[Row[Any]],
    limit: int,
    *,
    read: Callable[[Row[Any]], Member],
    cursor: Callable[[Row[Any]], object],
) -> Page[Member]:
    """Make a page of rows, of which at most `limit + 1` were fetched."""
    shown = rows[:limit]
    further = len(rows) > limit
    return Page(
        items=tuple(read(row) for row in shown), next_cursor=str(cursor(shown[-1])) if further else None
    )


def parse_number_cursor(cursor: str) -> int:
    """Read the cursor of a list that is ordered by a number.

    Raises:
        RequestInvalidError: It is none.
    """
    if not (cursor.isascii() and cursor.isdigit()) or len(cursor) > 19 or int(cursor) > _MAX_NUMBER:
        raise RequestInvalidError("not a cursor of this list", field="cursor")
    return int(cursor)


async def insert_absent(transaction: Transaction, table: Table, row: dict[str, Any]) -> bool:
    """Insert a row unless a unique key of it is taken; return whether it was inserted."""
    result = await transaction.connection.execute(_build(transaction, table), row)
    return result.rowcount == 1


async def insert_all_absent(transaction: Transaction, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Insert those rows of which no unique key is taken."""
    if rows:
        await transaction.connection.execute(_build(transaction, table), rows)
