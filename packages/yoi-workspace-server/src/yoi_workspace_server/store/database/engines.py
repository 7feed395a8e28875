"""Engines for each database: how its connections are set up, and how a transaction begins.

SQLite has one connection that writes, and others that only read and never checkpoint. Versions before 3.51.3 may
corrupt a database when one connection checkpoints while another one writes; with one writer that cannot happen.
"""

from typing import Any

from msgspec import Struct
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool

from yoi_workspace_server.store.database.address import DatabaseAddress

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
