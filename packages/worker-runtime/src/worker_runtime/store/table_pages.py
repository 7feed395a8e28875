"""Rows and children of the pages of a table, decoded from their bytes; what makes no sense is left out (R-03).

The formats of pages and records: https://sqlite.org/fileformat2.html#b_tree_pages.
"""

from collections.abc import Iterator
from typing import TypeAlias

from msgspec import Struct

from worker_runtime.store.page_image import PageImage

Value: TypeAlias = int | str | bytes | None

LEAF = 0x0D
INTERIOR = 0x05
_FILE_HEADER_BYTES = 100
_INTEGER_BYTES = (0, 1, 2, 3, 4, 6, 8)


class CarvedRow(Struct, frozen=True):
    """A row as it stands in a page: its number and the values of its record."""

    number: int
    values: tuple[Value, ...]


class _UnreadableError(Exception):
    """Bytes that were never written so."""


def get_kind(image: PageImage, number: int) -> int:
    """Return the byte that says what a page is."""
    return image.get_page(number)[_start_of(number)]


def list_children(image: PageImage, number: int) -> list[int]:
    """Return the pages below an interior page, whether or not they exist."""
    page = image.get_page(number)
    start = _start_of(number)
    places = _list_cells(page, start, start + 12)
    children = [int.from_bytes(page[place : place + 4]) for place in places]
    children.append(int.from_bytes(page[start + 8 : start + 12]))
    return children


def read_rows(image: PageImage, number: int) -> Iterator[CarvedRow]:
    """Yield the rows of a leaf page, each that can be decoded."""
    page = image.get_page(number)
    start = _start_of(number)
    for place in _list_cells(page, start, start + 8):
        try:
            yield _read_cell(image, page, place)
        except (_UnreadableError, UnicodeDecodeError, IndexError):
            continue


def _start_of(number: int) -> int:
    return _FILE_HEADER_BYTES if number == 1 else 0


def _list_cells(page: bytes, start: int, pointers: int) -> list[int]:
    count = min(int.from_bytes(page[start + 3 : start + 5]), (len(page) - pointers) // 2)
    return [int.from_bytes(page[pointers + 2 * place : pointers + 2 * place + 2]) for place in range(count)]


def _read_cell(image: PageImage, page: bytes, place: int) -> CarvedRow:
    size, place = _read_varint(page, place)
    number, place = _read_varint(page, place)
    if size > image.count * image.page_size:
        raise _UnreadableError
    local = _count_local_bytes(size, image.page_size)
    payload = page[place : place + local]
    if local < size:
        payload += _read_overflow(
            image, int.from_bytes(page[place + local : place + local + 4]), size - local
        )
    if len(payload) != size:
        raise _UnreadableError
    return CarvedRow(number, _read_record(payload))


def _count_local_bytes(size: int, page_size: int) -> int:
    """Return how much of a payload stands in the page itself."""
    if size <= page_size - 35:
        return size
    least = (page_size - 12) * 32 // 255 - 23
    wanted = least + (size - least) % (page_size - 4)
    return wanted if wanted <= page_size - 35 else least


def _read_overflow(image: PageImage, first: int, size: int) -> bytes:
    """Follow a chain for as many pages as the size asks for, so that a loop in it ends too."""
    parts: list[bytes] = []
    following = first
    while size > 0:
        if not 1 < following <= image.count:
            raise _UnreadableError
        page = image.get_page(following)
        parts.append(page[4 : 4 + size])
        size -= len(parts[-1])
        following = int.from_bytes(page[:4])
    return b"".join(parts)


def _read_record(payload: bytes) -> tuple[Value, ...]:
    end, place = _read_varint(payload, 0)
    if end > len(payload):
        raise _UnreadableError
    body = end
    values: list[Value] = []
    while place < end:
        kind, place = _read_varint(payload, place)
        value, body = _read_value(payload, kind, body)
        values.append(value)
    if body != len(payload):
        raise _UnreadableError
    return tuple(values)


def _read_value(payload: bytes, kind: int, place: int) -> tuple[Value, int]:
    if kind == 0:
        return None, place
    if kind in {8, 9}:
        return kind - 8, place
    if kind < len(_INTEGER_BYTES):
        end = place + _INTEGER_BYTES[kind]
        return int.from_bytes(payload[place:end], signed=True), end
    if kind < 12:
        raise _UnreadableError
    end = place + (kind - 12) // 2
    data = payload[place:end]
    return (data.decode() if kind % 2 else data), end


def _read_varint(data: bytes, place: int) -> tuple[int, int]:
    """Return a big-endian number of up to nine bytes, and the place behind it."""
    value = 0
    for count in range(8):
        byte = data[place + count]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, place + count + 1
    value = value << 8 | data[place + 8]
    return (value - (1 << 64) if value >> 63 else value), place + 9
