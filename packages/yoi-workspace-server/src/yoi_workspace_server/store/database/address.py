"""Database address from what an operator writes; a password in it is never shown."""

from pathlib import Path
from typing import Literal, TypeAlias

from msgspec import Struct
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from yoi_wire.errors import RequestInvalidError

Dialect: TypeAlias = Literal["sqlite", "postgresql"]

_FORMS = "write sqlite:///PATH or postgresql://USER:PASSWORD@HOST/DATABASE"
_DRIVERS: dict[str, Dialect] = {
    "sqlite": "sqlite",
    "sqlite+aiosqlite": "sqlite",
    "postgres": "postgresql",
    "postgresql": "postgresql",
    "postgresql+asyncpg": "postgresql",
}


class DatabaseAddress(Struct, frozen=True):
    """Where the database is.

    Attributes:
        url: For SQLAlchemy, with the driver named.
    """

    dialect: Dialect
    url: URL

    @property
    def path(self) -> Path:
        """The file of a SQLite database."""
        return Path(self.url.database or "")

    def __repr__(self) -> str:
        return f"DatabaseAddress({self.dialect})"

    __str__ = __repr__


def parse_address(text: str) -> DatabaseAddress:
    """Read a database URL.

    Raises:
        RequestInvalidError: It is of no form that is known; the text itself is not repeated.
    """
    try:
        url = make_url(text)
        dialect = _DRIVERS[url.drivername]
    except (ArgumentError, KeyError, ValueError):
        raise RequestInvalidError(_FORMS, field="database") from None
    if dialect == "sqlite":
        return DatabaseAddress(dialect, _complete_sqlite(url))
    return DatabaseAddress(dialect, _complete_postgresql(url))


def _complete_sqlite(url: URL) -> URL:
    if not url.database or url.database.startswith((":memory:", "file:")) or url.query:
        raise RequestInvalidError(f"a database of a file is needed; {_FORMS}", field="database")
    return url.set(drivername="sqlite+aiosqlite", database=str(Path(url.database).absolute()))


def _complete_postgresql(url: URL) -> URL:
    """Name the driver, and give `sslmode` of the usual form the name that the driver has for it."""
    if not url.database:
        raise RequestInvalidError(f"the database has to be named; {_FORMS}", field="database")
    query = dict(url.query)
    if "sslmode" in query:
        query["ssl"] = query.pop("sslmode")
    return url.set(drivername="postgresql+asyncpg", query=query)
