"""The pages of a damaged database file, with its write-ahead log laid over them; read only (R-03)."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from worker_runtime.store.wal_frames import WriteAheadLog, is_page_size, read_write_ahead_log
from yoi_wire.errors import RuntimeUnavailableError

_MAGIC = b"SQLite format 3\0"
_OWN_PAGE_SIZE = 4096
"""What every store is written with; asked for where neither file nor log can say it any more."""
_FREELIST = slice(32, 40)
_USER_VERSION = slice(60, 64)
_APPLICATION_ID = slice(68, 72)


class PageImage:
    """What each page holds by the last committed transaction; a page that the disk does not give is empty."""

    def __init__(self, descriptor: int, log: WriteAheadLog | None) -> None:
        self._descriptor = descriptor
        self._log = log
        self.page_size = self._find_page_size()
        length = os.fstat(descriptor).st_size
        self.count = log.page_count if log else -(-length // self.page_size)
        self.header: bytes | None = None
        first = self.get_page(1)
        if first.startswith(_MAGIC):
            self.header = first[:100]

    def get_page(self, number: int) -> bytes:
        """Return a page's bytes, one page size long; zeros where there are none."""
        if self._log is not None and number in self._log.pages:
            return self._log.pages[number]
        return self._read((number - 1) * self.page_size, self.page_size).ljust(self.page_size, b"\0")

    @property
    def application_id(self) -> int | None:
        """What program the file says it belongs to; None when its first page is gone."""
        return None if self.header is None else int.from_bytes(self.header[_APPLICATION_ID])

    @property
    def user_version(self) -> int:
        """Number of the schema; 0 when the first page is gone."""
        return 0 if self.header is None else int.from_bytes(self.header[_USER_VERSION])

    def find_free_pages(self) -> frozenset[int] | None:
        """Return the pages that hold nothing any more; None when the list of them is damaged."""
        if self.header is None:
            return None
        trunk = int.from_bytes(self.header[_FREELIST][:4])
        expected = int.from_bytes(self.header[_FREELIST][4:])
        free: set[int] = set()
        while trunk and trunk not in free and trunk <= self.count:
            free.add(trunk)
            page = self.get_page(trunk)
            leaves = int.from_bytes(page[4:8])
            if leaves > self.page_size // 4:
                return None
            free.update(int.from_bytes(page[8 + 4 * place : 12 + 4 * place]) for place in range(leaves))
            trunk = int.from_bytes(page[:4])
        return frozenset(free) if len(free) == expected else None

    def _find_page_size(self) -> int:
        if self._log is not None:
            return self._log.page_size
        start = self._read(0, 18)
        written = int.from_bytes(start[16:18])
        size = 65536 if written == 1 else written
        return size if start.startswith(_MAGIC) and is_page_size(size) else _OWN_PAGE_SIZE

    def _read(self, offset: int, size: int) -> bytes:
        try:
            return os.pread(self._descriptor, size, offset)
        except OSError:
            return b""


@contextmanager
def open_page_image(database: Path) -> Iterator[PageImage]:
    """Read a database file and its log; nobody writes them meanwhile, and neither is changed.

    Raises:
        RuntimeUnavailableError: The file cannot be opened.
    """
    log = database.with_name(database.name + "-wal")
    try:
        descriptor = os.open(database, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise RuntimeUnavailableError("storage_failed") from error
    try:
        yield PageImage(descriptor, read_write_ahead_log(_read_file(log)))
    finally:
        os.close(descriptor)


def _read_file(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
