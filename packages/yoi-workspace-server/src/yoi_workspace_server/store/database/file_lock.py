"""File lock of a SQLite database: one process at a time; others are told so instead of waiting."""

import fcntl
import os
from pathlib import Path

from yoi_wire.backend.errors import BackendUnavailableError


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
