"""Read what can be read of a damaged table: by row number, from both ends and around the holes (R-03)."""

from collections.abc import Iterator
from typing import Any

import apsw

_MAX_ROWID = 2**62
_ERRORS = (
    apsw.CorruptError,
    apsw.IOError,
    apsw.SQLError,
    apsw.FormatError,
    apsw.NotADBError,
    UnicodeDecodeError,
)


def scan_rows(connection: apsw.Connection, table: str, columns: str) -> Iterator[tuple[Any, ...]]:
    """Yield every row of a table that SQLite can still give, each once, in no promised order.

    Indexes are not used, because they may be what is damaged. Where one row cannot be decoded, it alone is left out;
    where a page cannot be read, the search goes on behind it, in growing steps.

    Args:
        connection: To the damaged database.
        table: Its name; it has row numbers.
        columns: The row's number first.
    """
    query = f"SELECT {columns} FROM {table} NOT INDEXED WHERE rowid > ? AND rowid < ? ORDER BY rowid"  # noqa: S608
    lower, upper, step = 0, _MAX_ROWID, 1
    while lower < upper:
        rows, failed = _read(connection, query, (lower, upper))
        yield from rows
        if not failed:
            return
        if rows:
            lower, step = rows[-1][0], 1
        rows, _ = _read(connection, f"{query} DESC", (lower, upper))
        yield from rows
        upper = min([upper, *(row[0] for row in rows)])
        following = _find_next(connection, table, lower)
        lower, step = (following, 1) if following is not None else (lower + step, step * 2)


def _find_next(connection: apsw.Connection, table: str, lower: int) -> int | None:
    """Return the number of the next row, when it can be read although the row cannot."""
    query = f"SELECT rowid FROM {table} NOT INDEXED WHERE rowid > ? AND rowid < ? ORDER BY rowid LIMIT 1"  # noqa: S608
    rows, _ = _read(connection, query, (lower, _MAX_ROWID))
    return int(rows[0][0]) if rows else None


def _read(
    connection: apsw.Connection, query: str, bounds: tuple[int, int]
) -> tuple[list[tuple[Any, ...]], bool]:
    rows: list[tuple[Any, ...]] = []
    try:
        for row in connection.execute(query, bounds):
            rows.append(tuple(row))
    except _ERRORS:
        return rows, True
    return rows, False
