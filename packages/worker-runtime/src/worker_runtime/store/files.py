"""Data directory of a Runtime: its files, its lock, and the swap to a repaired database (R-03)."""

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from yoi_wire.errors import RuntimeUnavailableError

DATABASE_NAME = "runtime.sqlite"
_REPAIRED_NAME = "runtime.sqlite.repaired"
_BUILDING_NAME = "runtime.sqlite.building"
_LOCK_NAME = "runtime.lock"
_SUFFIXES = ("", "-wal", "-shm")


class DataDirectory:
    """The directory of one Runtime."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def database(self) -> Path:
        return self.path / DATABASE_NAME

    @property
    def building(self) -> Path:
        """Where a repair writes, until what it wrote is complete."""
        return self.path / _BUILDING_NAME

    @contextmanager
    def hold_shared(self) -> Iterator[None]:
        """Use the database beside others; waits for no repair.

        Raises:
            RuntimeUnavailableError: A repair is under way, or directory or database cannot be written.
        """
        with self._hold(fcntl.LOCK_SH):
            # SQLite would open it and then say only that something failed.
            if self.database.exists() and not os.access(self.database, os.W_OK):
                raise RuntimeUnavailableError("storage_read_only")
            yield

    @contextmanager
    def hold_alone(self) -> Iterator[None]:
        """Use the database alone, for a repair.

        Raises:
            RuntimeUnavailableError: Some Runtime has it open.
        """
        with self._hold(fcntl.LOCK_EX):
            yield

    def commit_repair(self) -> None:
        """Declare the database in `building` complete; from here on the swap is finished whatever happens."""
        _sync(self.building)
        self.building.rename(self.path / _REPAIRED_NAME)
        _sync(self.path)

    def finish_repair(self, kept_as: str) -> bool:
        """Put a repaired database in place of the damaged one, which is kept beside it; tell whether there was one.

        Safe to be cut and run again: the damaged write-ahead log is moved first, so that it can never be applied to
        the new database.

        Args:
            kept_as: Ending of the damaged files' new names.
        """
        repaired = self.path / _REPAIRED_NAME
        if not repaired.exists():
            return False
        for suffix in reversed(_SUFFIXES):
            damaged = self.path / (DATABASE_NAME + suffix)
            if damaged.exists():
                damaged.rename(self.path / f"{DATABASE_NAME}.damaged-{kept_as}{suffix}")
        _sync(self.path)
        repaired.rename(self.database)
        _sync(self.path)
        return True

    def clear_building(self) -> None:
        """Delete what a repair that was cut left behind."""
        for suffix in _SUFFIXES:
            (self.path / (_BUILDING_NAME + suffix)).unlink(missing_ok=True)

    @contextmanager
    def _hold(self, mode: int) -> Iterator[None]:
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.path / _LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except PermissionError as error:
            raise RuntimeUnavailableError("storage_read_only") from error
        except OSError as error:
            read_only = error.errno == errno.EROFS
            raise RuntimeUnavailableError("storage_read_only" if read_only else "storage_failed") from error
        try:
            try:
                fcntl.flock(descriptor, mode | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise RuntimeUnavailableError("storage_in_use") from error
            yield
        finally:
            os.close(descriptor)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
