"""Transactions: what is written, its audit records and the word about it become true at once, or not at all."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from yoi_workspace_server.audit import CURRENT_TOKEN, SYSTEM_ACTOR, AuditEntry, compute_record_hash
from yoi_workspace_server.store.database.address import DatabaseAddress, Dialect, FileLock, create_engines
from yoi_workspace_server.store.database.failures import translate_failures
from yoi_workspace_server.store.database.wakeups import Listener, LocalWakeups, Topic
from yoi_workspace_server.store.tables import audit, audit_prefix

CHANNEL = "yoi"

_AUDIT_LOCK = 0x796F6901
"""Key of PostgreSQL's advisory lock on the end of the audit."""


class Transaction:
    """A transaction that writes.

    Attributes:
        connection: Where statements are executed.
        now: Milliseconds since 1970; the instant of everything that is written.
    """

    def __init__(self, connection: AsyncConnection, dialect: Dialect, now: int) -> None:
        self.connection = connection
        self.dialect = dialect
        self.now = now
        self._entries: list[AuditEntry] = []
        self._topics: set[Topic] = set()

    def record(self, *entries: AuditEntry) -> None:
        """Have audit records written when the transaction is about to be committed."""
        self._entries.extend(entries)
        if entries:
            self._topics.add("audit")

    def wake(self, topic: Topic) -> None:
        """Have the topic's waiters woken once the transaction is committed."""
        self._topics.add(topic)

    async def finish(self) -> frozenset[Topic]:
        """Write what was put off, and return the topics to wake.

        The audit comes last: its lock is held from here to the commit, and whoever holds it waits for no other lock.
        Sequence numbers so are in the order of the commits, and a reader who follows them misses nothing.
        """
        await self._append_audit()
        if self.dialect == "postgresql":
            for topic in sorted(self._topics):
                await self.connection.execute(select(func.pg_notify(CHANNEL, topic)))
        return frozenset(self._topics)

    async def _append_audit(self) -> None:
        if not self._entries:
            return
        if self.dialect == "postgresql":
            await self.connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _AUDIT_LOCK})
        last, previous = await find_audit_end(self.connection)
        rows = []
        for sequence, entry in enumerate(self._entries, last + 1):
            row = _build_row(entry, sequence, self.now, previous)
            previous = str(row["hash"])
            rows.append(row)
        await self.connection.execute(insert(audit), rows)


async def find_audit_end(connection: AsyncConnection) -> tuple[int, str]:
    """Return the sequence and the hash that the next record follows on; (0, "") before the first."""
    for table in (audit, audit_prefix):
        query = select(table.c.sequence, table.c.hash).order_by(table.c.sequence.desc()).limit(1)
        row = (await connection.execute(query)).first()
        if row is not None:
            return row.sequence, row.hash
    return 0, ""


def _build_row(entry: AuditEntry, sequence: int, now: int, previous: str) -> dict[str, object]:
    token = "" if entry.actor == SYSTEM_ACTOR else CURRENT_TOKEN.get()
    return {
        "token": token,
        "hash": compute_record_hash(previous, entry, sequence=sequence, recorded_at=now, token=token),
        "sequence": sequence,
        "recorded_at": now,
        "actor": entry.actor,
        "action": entry.action,
        "workspace": entry.workspace,
        "runtime": entry.runtime,
        "subject": entry.subject,
        "details": entry.details,
    }


class Database:
    """The way to the database; every repository has one."""

    def __init__(self, address: DatabaseAddress) -> None:
        self.address = address
        self.engines = create_engines(address)
        self.wakeups = LocalWakeups()
        self._lock = FileLock(address.path) if address.dialect == "sqlite" else None
        self._listener: Listener | None = None

    def lock(self) -> None:
        """Keep other processes out of a SQLite database.

        Raises:
            BackendUnavailableError: Another one has it.
        """
        if self._lock is not None:
            self._lock.acquire()

    def listen(self) -> None:
        """Pass on from now on what other processes notify."""
        if self.address.dialect == "postgresql" and self._listener is None:
            self._listener = Listener(self.engines.reading, CHANNEL, self.wakeups)
            self._listener.start()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """Give a connection in a transaction that only reads.

        Raises:
            BackendUnavailableError: The database cannot be asked.
        """
        with translate_failures():
            async with self.engines.reading.connect() as connection, connection.begin():
                yield connection

    @asynccontextmanager
    async def write(self, now: int) -> AsyncIterator[Transaction]:
        """Give a transaction that is committed at the end, and rolled back on any error.

        Raises:
            BackendUnavailableError: The database cannot be asked.
        """
        with translate_failures():
            async with self.engines.writing.connect() as connection, connection.begin():
                transaction = Transaction(connection, self.address.dialect, now)
                yield transaction
                topics = await transaction.finish()
        for topic in topics:
            self.wakeups.notify(topic)

    async def close(self) -> None:
        """Close every connection, and let other processes in."""
        if self._listener is not None:
            await self._listener.close()
            self._listener = None
        await self.engines.dispose()
        if self._lock is not None:
            self._lock.release()
