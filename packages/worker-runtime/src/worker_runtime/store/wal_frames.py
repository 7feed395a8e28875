"""The committed frames of a write-ahead log, read past damage as SQLite itself would not (R-03).

SQLite stops at the first frame whose checksum does not fit, because there a transaction that was being written may have
been cut. A repair goes on behind it when a later transaction is whole: a transaction is begun only after the one before
is on the disk, so what stands in front of a whole one was whole too, and has been damaged since. The format is
described in https://sqlite.org/fileformat2.html#the_write_ahead_log.
"""

import struct

from msgspec import Struct

_HEADER = struct.Struct(">8I")
_FRAME = struct.Struct(">6I")
_MAGIC = {0x377F0682: "<", 0x377F0683: ">"}
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
    order = _MAGIC.get(magic)
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
