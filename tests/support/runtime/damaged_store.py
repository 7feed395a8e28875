"""Damage to a store at rest, as a disk or a stranger's hand would do it."""

from collections.abc import Iterable
from pathlib import Path

import apsw

from worker_runtime.store.files import DATABASE_NAME

PAGE_BYTES = 4096


def overwrite(directory: Path, statement: str, *bindings: object) -> None:
    """Run SQL on a closed store, past everything that keeps rows consistent."""
    connection = apsw.Connection(str(directory / DATABASE_NAME))
    connection.execute(statement, bindings)  # type: ignore[arg-type]
    connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    connection.close()


def flip_bytes(directory: Path, needle: bytes) -> int:
    """Invert the bytes of every place where `needle` stands in the closed database file; return how many."""
    path = directory / DATABASE_NAME
    data = path.read_bytes()
    inverted = bytes(255 - byte for byte in needle)
    path.write_bytes(data.replace(needle, inverted))
    return data.count(needle)


def find_pages(directory: Path, name: str) -> list[tuple[int, int]]:
    """Return offset and length in bytes of every page of a table or index, in the closed database file."""
    connection = apsw.Connection(str(directory / DATABASE_NAME))
    rows = connection.execute("SELECT pgoffset, pgsize FROM dbstat WHERE name = ?", (name,)).fetchall()
    connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    connection.close()
    return [(int(str(row[0])), int(str(row[1]))) for row in rows]


def flip_in(directory: Path, name: str, needle: bytes) -> int:
    """Invert `needle` wherever it stands in the pages of one table or index; return how often it did."""
    pages = find_pages(directory, name)
    path = directory / DATABASE_NAME
    data = bytearray(path.read_bytes())
    count = 0
    for offset, length in pages:
        page = bytes(data[offset : offset + length])
        count += page.count(needle)
        data[offset : offset + length] = page.replace(needle, bytes(255 - byte for byte in needle))
    path.write_bytes(data)
    return count


def garble_pages(directory: Path, name: str) -> None:
    """Overwrite every page of a table or index with noise that is no page."""
    pages = find_pages(directory, name)
    path = directory / DATABASE_NAME
    data = bytearray(path.read_bytes())
    for offset, length in pages:
        data[offset : offset + length] = b"\x5a" * length
    path.write_bytes(data)


def overwrite_pages(directory: Path, numbers: Iterable[int]) -> None:
    """Overwrite pages of the closed database file, counted from 1, with noise that is no page."""
    path = directory / DATABASE_NAME
    data = bytearray(path.read_bytes())
    for number in numbers:
        data[(number - 1) * PAGE_BYTES : number * PAGE_BYTES] = b"\x5a" * PAGE_BYTES
    path.write_bytes(data)


def list_interior_pages(directory: Path) -> list[int]:
    """Return the pages of the closed database file that only lead to others."""
    connection = apsw.Connection(str(directory / DATABASE_NAME))
    rows = connection.execute("SELECT pageno FROM dbstat WHERE pagetype = 'internal'").fetchall()
    connection.close()
    return [int(str(row[0])) for row in rows]
