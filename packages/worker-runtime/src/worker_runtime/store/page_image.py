"""Page image of a damaged database file, with its write-ahead log laid over it; read only (R-03).

The log is read past damage, as SQLite itself would not: SQLite stops at the first frame whose checksum does not fit,
because there a transaction that was being written may have been cut. A repair goes on behind it when a later
transaction is whole: a transaction is begun only after the one before is on the disk, so what stands in front of a
whole one was whole too, and has been damaged since. The format is described in
https://sqlite.org/fileformat2.html#the_write_ahead_log.
"""

import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct

from yoi_wire.errors import RuntimeUnavailableError

_HEADER = struct.Struct(">8I")
_FRAME = struct.Struct(">6I")
_LOG_MAGIC = {0x377F0682: "<", 0x377F0683: ">"}
"""The first word of the file tells in which order of bytes its checksums were computed."""
_MASK = 0xFFFFFFFF


class WriteAheadLog(Struct, frozen=True, kw_only=True):
    """What a log adds to its database.

    Attributes:
        page_size: In bytes.
        pages: The newest content of each page that it holds, by page number.
        page_count: Length of the database after the last transaction, in pages.
    """

    page_size: int
    pages: dict[int, bytes]
    page_count: int


class _Frame(Struct, frozen=True):
    page: int
    commit_size: int
    data: bytes
    fits: bool


def read_write_ahead_log(data: bytes) -> WriteAheadLog | None:
    """Return the committed pages of a log; None when it holds none, or its header is damaged."""
    if len(data) < _HEADER.size:
        return None
    magic, _, page_size, _, *salts_and_sums = _HEADER.unpack_from(data)
    order = _LOG_MAGIC.get(magic)
    if order is None or not is_page_size(page_size):
        return None
    frames = _read_frames(data, page_size, order, tuple(salts_and_sums))
    kept = _count_committed(frames)
    if not kept:
        return None
    return WriteAheadLog(
        page_size=page_size,
        pages={frame.page: frame.data for frame in frames[:kept]},
        page_count=frames[kept - 1].commit_size,
    )


def is_page_size(value: int) -> bool:
    """Tell whether a page may be of this many bytes."""
    return 512 <= value <= 65536 and value & (value - 1) == 0


def _read_frames(data: bytes, page_size: int, order: str, start: tuple[int, ...]) -> list[_Frame]:
    """Read the frames of this generation of the log; each is judged by the checksum that its predecessor carries."""
    frames: list[_Frame] = []
    salts, sums = start[:2], start[2:]
    step = _FRAME.size + page_size
    for offset in range(_HEADER.size, len(data) - step + 1, step):
        page, commit_size, *rest = _FRAME.unpack_from(data, offset)
        if tuple(rest[:2]) != salts or page == 0:
            break
        content = data[offset + _FRAME.size : offset + step]
        expected = _add(sums, data[offset : offset + 8] + content, order)
        sums = tuple(rest[2:])
        frames.append(_Frame(page, commit_size, content, expected == sums))
    return frames


def _count_committed(frames: list[_Frame]) -> int:
    """Return how many frames stand up to the end of the last transaction that is whole."""
    kept, whole = 0, True
    for number, frame in enumerate(frames, start=1):
        whole = whole and frame.fits
        if frame.commit_size:
            if whole:
                kept = number
            whole = True
    return kept


def _add(sums: tuple[int, ...], data: bytes, order: str) -> tuple[int, ...]:
    first, second = sums
    words = struct.unpack(f"{order}{len(data) // 4}I", data)
    for even, odd in zip(words[::2], words[1::2], strict=True):
        first = (first + even + second) & _MASK
        second = (second + odd + first) & _MASK
    return first, second


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
