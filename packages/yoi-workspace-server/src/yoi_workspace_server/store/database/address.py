"""Address of the database, the engines that it gives, and the lock of SQLite's file."""

import fcntl
import os
from pathlib import Path
from typing import Any, Literal, TypeAlias

from msgspec import Struct
from sqlalchemy import URL, event, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool

from yoi_wire.backend.errors import BackendUnavailableError
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


_BUSY_TIMEOUT_MILLISECONDS = 10_000
_READERS = 4
_POSTGRESQL_POOL = 10
_CONNECT_SECONDS = 10

_COMMAND_SECONDS = 120
"""A database that says nothing for so long is not there, whatever the network thinks."""


class Engines(Struct, frozen=True):
    """Where to read and where to write; the same engine on PostgreSQL."""

    reading: AsyncEngine
    writing: AsyncEngine

    async def dispose(self) -> None:
        """Close every connection; the writer's last, since the last one to close checkpoints."""
        await self.reading.dispose()
        if self.writing is not self.reading:
            await self.writing.dispose()


def _create_sqlite(address: DatabaseAddress, *, writes: bool) -> AsyncEngine:
    engine = create_async_engine(
        address.url,
        hide_parameters=True,
        poolclass=AsyncAdaptedQueuePool,
        pool_size=1 if writes else _READERS,
        max_overflow=0,
        pool_timeout=_BUSY_TIMEOUT_MILLISECONDS / 1000 * 6,
    )
    pragmas = ["synchronous=FULL", "foreign_keys=ON", f"busy_timeout={_BUSY_TIMEOUT_MILLISECONDS}"]
    pragmas += ["journal_mode=WAL"] if writes else ["query_only=ON", "wal_autocheckpoint=0"]

    @event.listens_for(engine.sync_engine, "connect")
    def set_up(connection: Any, record: Any) -> None:
        connection.isolation_level = None  # the driver begins no transaction of its own
        cursor = connection.cursor()
        for pragma in pragmas:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Any) -> None:
        # A deferred transaction that writes after it has read can be refused for good; an immediate one waits.
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


class FileLock:
    """A lock beside the database's file; the operating system gives it free when the process ends."""

    def __init__(self, database: Path) -> None:
        self._path = database.with_name(database.name + ".lock")
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Take the lock, or keep it.

        Raises:
            BackendUnavailableError: Another one has it, or the directory cannot be written.
        """
        if self._descriptor is not None:
            return
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise BackendUnavailableError("database_unreachable") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(descriptor)
            raise BackendUnavailableError("database_in_use") from error
        self._descriptor = descriptor

    def release(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


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


def create_engines(address: DatabaseAddress) -> Engines:
    """Set the engines up; nothing is connected yet."""
    if address.dialect == "postgresql":
        engine = create_async_engine(
            address.url,
            hide_parameters=True,
            pool_pre_ping=True,
            pool_size=_POSTGRESQL_POOL,
            max_overflow=_POSTGRESQL_POOL,
            connect_args={"timeout": _CONNECT_SECONDS, "command_timeout": _COMMAND_SECONDS},
        )
        return Engines(engine, engine)
    return Engines(_create_sqlite(address, writes=False), _create_sqlite(address, writes=True))
