"""Pages of rows: one row more than asked for tells whether there are further ones."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from sqlalchemy import Row

from yoi_wire.errors import RequestInvalidError
from yoi_wire.paging import Page

Member = TypeVar("Member")

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
