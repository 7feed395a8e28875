"""Connections to the one database file: one writer at a time in this process, several readers, all durable (R-02)."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeAlias

import apsw

from worker_runtime.store.schema import migrate, verify_ours
from yoi_wire.errors import RuntimeOverloadedError, RuntimeUnavailableError, StoreCorruptError

# Text that is not UTF-8 was never written by us: its bytes have changed on the disk.
_DAMAGE = (apsw.CorruptError, apsw.NotADBError, apsw.FormatError, UnicodeDecodeError)
_READ_ONLY = (apsw.ReadOnlyError, apsw.PermissionsError, apsw.AuthError)


@contextmanager
def typed_failures() -> Iterator[None]:
    """Turn an error of SQLite into one of ours.

    Raises:
        StoreCorruptError: The file is damaged.
        RuntimeUnavailableError: The disk is full, read-only or failing.
        RuntimeOverloadedError: Another writer held the database for longer than the busy timeout.
    """
    try:
        yield
    except _DAMAGE as error:
        raise StoreCorruptError("database") from error
    except apsw.FullError as error:
        raise RuntimeUnavailableError("storage_full") from error
    except _READ_ONLY as error:
        raise RuntimeUnavailableError("storage_read_only") from error
    except (apsw.BusyError, apsw.LockedError) as error:
        raise RuntimeOverloadedError("busy") from error
    except (apsw.IOError, apsw.CantOpenError, apsw.NoLFSError) as error:
        raise RuntimeUnavailableError("storage_failed") from error


def _make_private(path: Path) -> None:
    """Make the file for its owner alone, whatever its directory; SQLite gives the files beside it the same mode."""
    with suppress(OSError):  # SQLite meets it again, and says it in its own words
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            if os.fstat(descriptor).st_mode & 0o077:
                os.fchmod(descriptor, 0o600)
        finally:
            os.close(descriptor)


Connection: TypeAlias = apsw.Connection
"""What a transaction hands out; the rest of the program need not know whose it is."""

BUSY_TIMEOUT_MILLISECONDS = 10_000


class Database:
    """Hands out connections, one thread each at a time.

    Several processes may open the same file; SQLite's own locks keep their writers apart.

    Args:
        path: The database file; its directory exists.
        vfs: Name of a registered SQLite VFS; None for the system's.
        synchronous: `FULL` makes a commit durable. Anything less is for tests that prove the difference.
    """

    def __init__(self, path: Path, *, vfs: str | None = None, synchronous: str = "FULL") -> None:
        self._path = path
        self._vfs = vfs
        self._synchronous = synchronous
        self._readers: list[apsw.Connection] = []
        self._readers_lock = threading.Lock()
        self._write_lock = threading.Lock()
        self._closed = False
        with typed_failures():
            if vfs is None:
                _make_private(path)
            self._writer = self._open()
            try:
                migrate(self._writer)
            except BaseException:
                self._writer.close()
                raise

    @contextmanager
    def write(self) -> Iterator[apsw.Connection]:
        """Give the writer inside a transaction; commit at the end, roll back on any error.

        Never await, and never wait for anything but the disk, inside (R-02).
        """
        with self._write_lock, typed_failures():
            self._verify_open()
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield self._writer
                self._writer.execute("COMMIT")
            except BaseException:
                if self._writer.in_transaction:
                    self._writer.execute("ROLLBACK")
                raise

    @contextmanager
    def read(self) -> Iterator[apsw.Connection]:
        """Give a reader inside a transaction: everything read within is of one instant."""
        with typed_failures():
            connection = self._take_reader()
            try:
                connection.execute("BEGIN")
                yield connection
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                self._give_back(connection)

    def checkpoint(self) -> None:
        """Move everything from the write-ahead log into the database file, durably."""
        with self._write_lock, typed_failures():
            self._writer.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)

    def close(self) -> None:
        """Close every connection that is not in use; later calls of `read` and `write` are refused."""
        with self._write_lock, self._readers_lock, typed_failures():
            self._closed = True
            while self._readers:
                self._readers.pop().close()
            self._writer.close()

    def _open(self) -> apsw.Connection:
        connection = apsw.Connection(str(self._path), vfs=self._vfs)
        try:
            self._prepare(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _prepare(self, connection: apsw.Connection) -> None:
        connection.set_busy_timeout(BUSY_TIMEOUT_MILLISECONDS)
        verify_ours(connection)
        connection.pragma("journal_mode", "wal")
        connection.pragma("synchronous", self._synchronous)
        connection.pragma("foreign_keys", True)

    def _take_reader(self) -> apsw.Connection:
        with self._readers_lock:
            self._verify_open()
            if self._readers:
                return self._readers.pop()
        return self._open()

    def _give_back(self, connection: apsw.Connection) -> None:
        with self._readers_lock:
            if self._closed:
                connection.close()
            else:
                self._readers.append(connection)

    def _verify_open(self) -> None:
        if self._closed:
            raise RuntimeUnavailableError("closed")
