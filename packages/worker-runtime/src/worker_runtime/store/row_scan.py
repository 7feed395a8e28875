"""Read what can be read of a damaged table: by row number, from both ends and around the holes (R-03)."""

from collections.abc import Iterator
from typing import Any

import apsw

_MAX_ROWID = 2**62
_ERRORS = (apsw.CorruptError, apsw.IOError, apsw.SQLError, apsw.FormatError, apsw.NotADBError)


def scan_rows(connection: apsw.Connection, table: str, columns: str) -> Iterator[tuple[Any, ...]]:
    """Yield every row of a table that SQLite can still give, each once, in no promised order.

    Indexes are not used, because they may be what is damaged.

    Args:
        connection: To the damaged database.
        table: Its name; it has row numbers.
        columns: The row's number first.
    """
    lower = 0
    upper = _MAX_ROWID
    step = 1
    while lower < upper:
        query = f"SELECT {columns} FROM {table} NOT INDEXED WHERE rowid > ? AND rowid < ? ORDER BY rowid"  # noqa: S608
        rows, failed = _read(connection, query, (lower, upper))
        yield from rows
        if not failed:
            return
        if rows:
            lower, step = rows[-1][0], 1
        rows, _ = _read(connection, f"{query} DESC", (lower, upper))
        yield from rows
        upper = min([upper, *(row[0] for row in rows)])
        lower, step = lower + step, step * 2


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
