"""Damage to a store at rest, as a disk or a stranger's hand would do it."""

from pathlib import Path

import apsw

from worker_runtime.store.files import DATABASE_NAME


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
