"""All rows that a damaged database file still holds, read from its pages without SQLite's help (R-03).

SQLite needs the first page to find any table, and every page above a row to find the row. Here a table whose place is
lost is looked for where the schema always puts it, and rows below a lost page are found by looking at all pages.
Nothing is trusted for being found: the salvage compares every row with its checksum or digest.
"""

from collections.abc import Iterator
from functools import cached_property
from typing import Any, TypeAlias

import apsw
from msgspec import Struct

from worker_runtime.store.page_image import PageImage
from worker_runtime.store.schema import APPLICATION_ID, SCHEMA_VERSION, migrate
from yoi_wire.errors import RuntimeIncompatibleError, StoreCorruptError

_SCHEMA = "sqlite_schema"
_TYPES: dict[str, type] = {"INTEGER": int, "TEXT": str, "BLOB": bytes}


class _Tree(Struct, frozen=True):
    """The leaves under one root, all pages that were looked at, and whether some of them were no pages of a table."""

    leaves: list[int]
    pages: set[int]
    has_holes: bool


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


def _start_of(number: int) -> int:
    return _FILE_HEADER_BYTES if number == 1 else 0


def _list_cells(page: bytes, start: int, pointers: int) -> list[int]:
    count = min(int.from_bytes(page[start + 3 : start + 5]), (len(page) - pointers) // 2)
    return [int.from_bytes(page[pointers + 2 * place : pointers + 2 * place + 2]) for place in range(count)]


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


class _Column(Struct, frozen=True):
    """A column; one that is the row's number stands in the record as nothing."""

    name: str
    type: str
    nullable: bool
    is_number: bool

    def admits(self, value: Value) -> bool:
        if value is None:
            return self.nullable or self.is_number
        return isinstance(value, _TYPES[self.type]) and not self.is_number


def _read_columns(connection: apsw.Connection, table: str) -> list[_Column]:
    rows = connection.execute(
        'SELECT name, type, "notnull", pk FROM pragma_table_info(?)', (table,)
    ).fetchall()
    keys = sum(bool(row[3]) for row in rows)
    return [
        _Column(
            name=str(name),
            type=str(kind),
            nullable=not required and not key,
            is_number=bool(key) and kind == "INTEGER" and keys == 1,
        )
        for name, kind, required, key in rows
    ]


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


def _read_own_schema() -> tuple[dict[str, int], dict[str, list[_Column]]]:
    """Return root page and columns of each table as a new store has them; a store's file never moves a root."""
    connection = apsw.Connection(":memory:")
    try:
        migrate(connection)
        tables = connection.execute(
            "SELECT m.name, m.rootpage FROM sqlite_master m JOIN pragma_table_list l ON l.name = m.name "
            "WHERE m.type = 'table' AND NOT l.wr"
        ).fetchall()
        roots = {str(name): int(str(root)) for name, root in tables}
        return roots, {name: _read_columns(connection, name) for name in roots}
    finally:
        connection.close()


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


def read_rows(image: PageImage, number: int) -> Iterator[CarvedRow]:
    """Yield the rows of a leaf page, each that can be decoded."""
    page = image.get_page(number)
    start = _start_of(number)
    for place in _list_cells(page, start, start + 8):
        try:
            yield _read_cell(image, page, place)
        except (_UnreadableError, UnicodeDecodeError, IndexError):
            continue


class DamagedFile:
    """The rows of one store's file.

    Args:
        image: Its pages.

    Raises:
        StoreCorruptError: It is the database of another program.
        RuntimeIncompatibleError: A newer program wrote it.
    """

    def __init__(self, image: PageImage) -> None:
        if image.application_id not in {None, APPLICATION_ID}:
            raise StoreCorruptError("database")
        if image.user_version > SCHEMA_VERSION:
            raise RuntimeIncompatibleError(ours=[SCHEMA_VERSION], theirs=[image.user_version], what="schema")
        self._image = image
        roots, self._columns = _read_own_schema()
        self._trees = {_SCHEMA: self._walk(1)}
        roots |= self._read_roots()
        self._trees |= {name: self._walk(root) for name, root in roots.items()}

    @property
    def is_ours(self) -> bool:
        """Whether the file says so itself; otherwise only what it holds can tell."""
        return self._image.application_id == APPLICATION_ID

    def scan_rows(self, table: str, columns: tuple[str, ...]) -> Iterator[tuple[Any, ...]]:
        """Yield every row that stands at its place, each once.

        Args:
            table: Its name; it has row numbers.
            columns: What to give of each row; `rowid` is its number.
        """
        return self._scan(table, columns, self._trees[table].leaves)

    def scan_strays(self, table: str, columns: tuple[str, ...]) -> Iterator[tuple[Any, ...]]:
        """Yield rows of pages that belong to no table: a row may come in several versions, or be long deleted.

        Args:
            table: Its name; it has row numbers.
            columns: What to give of each row; `rowid` is its number.
        """
        return self._scan(table, columns, self._list_strays(self._trees[table]))

    def _scan(self, table: str, columns: tuple[str, ...], pages: list[int]) -> Iterator[tuple[Any, ...]]:
        for page in pages:
            for row in read_rows(self._image, page):
                if self._fits(table, row):
                    yield self._pick(table, row, columns)

    def _list_strays(self, tree: _Tree) -> list[int]:
        """Return leaves that belong to no table.

        Where the list of free pages is whole, each has lost the page above it. Otherwise it may also be one that was
        given up, with rows that were deleted: then they are looked at only for a table with holes.
        """
        return self._strays if self._free is not None or tree.has_holes else []

    @cached_property
    def _free(self) -> frozenset[int] | None:
        return self._image.find_free_pages()

    @cached_property
    def _strays(self) -> list[int]:
        known = set().union(*(tree.pages for tree in self._trees.values()), self._free or ())
        return [
            number
            for number in range(2, self._image.count + 1)
            if number not in known and get_kind(self._image, number) == LEAF
        ]

    def _walk(self, root: int) -> _Tree:
        """Look at every page under a root once."""
        leaves: list[int] = []
        seen: set[int] = set()
        has_holes = False
        waiting = [root]
        while waiting:
            number = waiting.pop()
            if number in seen:
                continue
            kind = get_kind(self._image, number)
            if kind == LEAF:
                seen.add(number)
                leaves.append(number)
            elif kind == INTERIOR:
                seen.add(number)
                waiting += list_children(self._image, number)
            else:
                has_holes = True
        return _Tree(leaves, seen, has_holes)

    def _read_roots(self) -> dict[str, int]:
        """Return where the file itself says that its tables begin."""
        rows = [row for page in self._trees[_SCHEMA].leaves for row in read_rows(self._image, page)]
        told = [row.values for row in rows if len(row.values) == 5]
        return {
            str(name): root
            for kind, name, _, root, _ in told
            if kind == "table" and name in self._columns and isinstance(root, int) and root > 1
        }

    def _fits(self, table: str, row: CarvedRow) -> bool:
        columns = self._columns[table]
        return len(columns) == len(row.values) and all(
            column.admits(value) for column, value in zip(columns, row.values, strict=True)
        )

    def _pick(self, table: str, row: CarvedRow, columns: tuple[str, ...]) -> tuple[Any, ...]:
        found: dict[str, Value] = {"rowid": row.number}
        for column, value in zip(self._columns[table], row.values, strict=True):
            found[column.name] = row.number if column.is_number else value
        return tuple(found[name] for name in columns)
