"""Work directory for uploads and checkouts. What a killed server left of its own is deleted by the next one."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PREFIX = "work-"
_LOCK = "in-use"


@contextmanager
def open_work_directory(parent: Path) -> Iterator[Path]:
    """Give a new directory of this process alone, and remove it at the end.

    Those beside it that no living process holds are removed at once: a lock ends with the process, however it ends.
    """
    for left in parent.glob(f"{_PREFIX}*"):
        _remove_unheld(left)
    place = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
    descriptor = os.open(place / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)
        os.close(descriptor)


def _remove_unheld(place: Path) -> None:
    """Remove a directory, unless a process holds it or has only just made it."""
    try:
        descriptor = os.open(place / _LOCK, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(place, ignore_errors=True)
    except BlockingIOError:
        return
    finally:
        os.close(descriptor)
