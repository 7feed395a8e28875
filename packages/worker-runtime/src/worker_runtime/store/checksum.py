"""Checksums of records, and the check of all of them."""

import zlib
from typing import Any

import apsw
import msgspec
from msgspec import Struct

from yoi_wire.errors import StoreCorruptError

Field = str | int | bytes | None


def compute_checksum(kind: str, *fields: Field) -> bytes:
    """Return 4 bytes that depend on the kind of row, and on the type and value of each field."""
    return zlib.crc32(msgspec.msgpack.encode((kind, *fields))).to_bytes(4, "big")


def verify_checksum(stored: bytes, kind: str, *fields: Field) -> None:
    """Compare a row with its checksum.

    Raises:
        StoreCorruptError: They differ; the error names the kind of row.
    """
    if compute_checksum(kind, *fields) != stored:
        raise StoreCorruptError(kind)


class RecordTable(Struct, frozen=True, kw_only=True):
    """A table of checksummed rows.

    Attributes:
        kind: Name of the table, and of the record in `store.corrupt`.
        query: Selects the row's number, its checksum, and then the covered fields in their order.
    """

    kind: str
    query: str


RECORD_TABLES: tuple[RecordTable, ...] = (
    RecordTable(kind="workspace", query="SELECT id, checksum, issuer, name FROM workspace"),
    RecordTable(
        kind="assignment",
        query="SELECT workspace_id, checksum, workspace_id, generation, digest, revision, assigned_at FROM assignment",
    ),
    RecordTable(
        kind="bundle",
        query="SELECT id, checksum, workspace_id, digest, revision, stored_at, size, blobs, profiles, metadata "
        "FROM bundle",
    ),
    RecordTable(
        kind="worker",
        query="SELECT number, checksum, id, workspace_id, key, fingerprint, bundle_digest, state, created_at, "
        "changed_at, ended_at, reasons FROM worker",
    ),
    RecordTable(
        kind="worker_pins",
        query="SELECT number, p.checksum, worker_id, pins FROM worker "
        "LEFT JOIN worker_pins p ON number = worker_number",
    ),
    RecordTable(
        kind="worker_spec",
        query="SELECT number, s.checksum, worker_number, spec, explanation FROM worker "
        "LEFT JOIN worker_spec s ON number = worker_number",
    ),
    RecordTable(
        kind="event", query="SELECT id, checksum, worker_number, sequence, at, kind, body FROM event"
    ),
    RecordTable(
        kind="approval",
        query="SELECT number, checksum, worker_number, id, requested_at, body, decision, decided_at FROM approval",
    ),
)


def is_sound_record(table: RecordTable, row: tuple[Any, ...]) -> bool:
    """Tell whether a row of the table's query fits its checksum."""
    return bool(compute_checksum(table.kind, *row[2:]) == row[1])


def find_damaged_records(connection: apsw.Connection, table: RecordTable) -> tuple[int, int]:
    """Return how many rows of a table were read, and how many of them do not fit their checksum.

    Text that cannot even be decoded counts once and ends the reading.
    """
    checked = damaged = 0
    try:
        for row in connection.execute(table.query):
            checked += 1
            damaged += not is_sound_record(table, row)
    except UnicodeDecodeError:
        return checked + 1, damaged + 1
    return checked, damaged
