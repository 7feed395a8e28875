"""Private files: only their owner may read or write them; written atomically and durably."""

import errno
import fcntl
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from yoi_wire.errors import RequestInvalidError, RuntimeUnavailableError

_MODE = 0o600
_FULL = {errno.ENOSPC, errno.EDQUOT}
_READ_ONLY = {errno.EROFS, errno.EACCES, errno.EPERM}


def read_private_file(path: Path, *, max_bytes: int, field: str, secret: bool) -> bytes | None:
    """Return a file's bytes; None when there is none.

    Args:
        path: The file, or a link to it; access is judged on the file itself.
        max_bytes: A longer file is none of ours.
        field: What the file is, for the errors.
        secret: Whether it is enough that others cannot write it, or they may not read it either.

    Raises:
        RequestInvalidError: It is no plain file, is too long, or others than its owner have access.
        RuntimeUnavailableError: It cannot be read.
    """
    try:
        with typed_file_failures():
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    with typed_file_failures(), os.fdopen(descriptor, "rb") as file:
        _verify_access(os.fstat(descriptor), field, secret=secret)
        data = file.read(max_bytes + 1)
    if len(data) > max_bytes:
        raise RequestInvalidError(f"the file is longer than {max_bytes} bytes", field=field)
    return data


def create_private_file(path: Path, data: bytes) -> bool:
    """Write a new file; leave one that is there as it is and return False.

    Raises:
        RuntimeUnavailableError: It cannot be written.
    """
    with typed_file_failures(), _written_beside(path, data) as temporary:
        try:
            os.link(temporary, path)
        except FileExistsError:
            return False
        _sync_directory(path.parent)
    return True


def replace_private_file(path: Path, data: bytes) -> None:
    """Write a file in place of the one that may be there.

    Raises:
        RuntimeUnavailableError: It cannot be written; the former one is as it was.
    """
    with typed_file_failures(), _written_beside(path, data) as temporary:
        temporary.replace(path)
        _sync_directory(path.parent)


@contextmanager
def exclusive_access(path: Path) -> Iterator[None]:
    """Keep other processes from changing a file meanwhile, by a lock on a file beside it, which stays there."""
    with typed_file_failures():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(
            path.with_name(f"{path.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _MODE
        )
    try:
        with typed_file_failures():
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def typed_file_failures() -> Iterator[None]:
    """Turn what the file system says into one of our errors, but for a file that is not there."""
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        if error.errno in _FULL:
            raise RuntimeUnavailableError("storage_full") from error
        if error.errno in _READ_ONLY:
            raise RuntimeUnavailableError("storage_read_only") from error
        raise RuntimeUnavailableError("storage_failed") from error


@contextmanager
def _written_beside(path: Path, data: bytes) -> Iterator[Path]:
    """Give a durable file of this content in the same directory; take its name away afterwards."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _MODE)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(descriptor)
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _verify_access(status: os.stat_result, field: str, *, secret: bool) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise RequestInvalidError("not a plain file", field=field)
    if status.st_uid not in {0, os.geteuid()}:
        raise RequestInvalidError("the file belongs to another user", field=field)
    if status.st_mode & (0o077 if secret else 0o022):
        verb = "read" if secret else "write"
        raise RequestInvalidError(f"others may {verb} the file; chmod 600 it", field=field)
