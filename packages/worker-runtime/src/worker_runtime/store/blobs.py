"""Verified blobs of a workspace, and which of them a bundle still lacks (B-05, R-07)."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any, BinaryIO

import apsw
from msgspec import Struct

from worker_runtime.store.bundles import lift_quarantine
from worker_runtime.store.workspaces import encode_list

COPY_BYTES = 1024 * 1024
_INSERTED_ROWS = 256


class VerifiedBlob(Struct, frozen=True, kw_only=True):
    """Bytes that hash to the digest.

    Attributes:
        size: Length in bytes.
        content: The bytes, or an open file that holds just them.
        json: Whether they were checked as free JSON (B-10).
    """

    digest: str
    size: int
    content: bytes | BinaryIO
    json: bool


class BlobContent(Struct, frozen=True, kw_only=True):
    """What the store holds under a digest; the bytes are as the disk gave them."""

    id: int
    digest: str
    data: bytes


def put_blobs(connection: apsw.Connection, workspace_id: int, blobs: Collection[VerifiedBlob]) -> None:
    """Store blobs of a workspace; one it has already is written anew only when it is quarantined."""
    damaged = _find_damaged(connection, workspace_id, [blob.digest for blob in blobs])
    inline: list[VerifiedBlob] = []
    for blob in blobs:
        if blob.digest in damaged:
            _repair_blob(connection, workspace_id, blob)
        elif isinstance(blob.content, bytes):
            inline.append(blob)
        else:
            _insert_file(connection, workspace_id, blob, blob.content)
    for start in range(0, len(inline), _INSERTED_ROWS):
        _insert_inline(connection, workspace_id, inline[start : start + _INSERTED_ROWS])
    if damaged:
        lift_quarantine(connection, workspace_id, damaged)


def find_missing_blobs(connection: apsw.Connection, workspace_id: int, digests: Iterable[str]) -> list[str]:
    """Return those digests of which the workspace holds no sound blob, sorted."""
    rows = connection.execute(
        "SELECT value FROM json_each(:digests) WHERE NOT EXISTS "
        "(SELECT 1 FROM blob WHERE workspace_id = :workspace AND digest = value) OR EXISTS "
        "(SELECT 1 FROM quarantine WHERE workspace_id = :workspace AND digest = value) ORDER BY value",
        {"digests": encode_list(digests), "workspace": workspace_id},
    )
    return [str(row[0]) for row in rows]


def find_unchecked_json(connection: apsw.Connection, workspace_id: int, digests: Iterable[str]) -> list[str]:
    """Return those of the digests whose bytes are held but were never checked as free JSON."""
    rows = connection.execute(
        "SELECT digest FROM blob WHERE workspace_id = ? AND NOT json "
        "AND digest IN (SELECT value FROM json_each(?)) ORDER BY digest",
        (workspace_id, encode_list(digests)),
    )
    return [str(row[0]) for row in rows]


def mark_json(connection: apsw.Connection, workspace_id: int, digests: Iterable[str]) -> None:
    """Record that these blobs were checked as free JSON."""
    connection.execute(
        "UPDATE blob SET json = 1 WHERE workspace_id = ? AND digest IN (SELECT value FROM json_each(?))",
        (workspace_id, encode_list(digests)),
    )


def find_blob(connection: apsw.Connection, workspace_id: int, digest: str) -> BlobContent | None:
    """Return a blob that is not quarantined; the caller compares the digest (R-03)."""
    row = connection.execute(
        "SELECT id, bytes FROM blob b WHERE workspace_id = ? AND digest = ? AND NOT EXISTS "
        "(SELECT 1 FROM quarantine q WHERE q.workspace_id = b.workspace_id AND q.digest = b.digest)",
        (workspace_id, digest),
    ).fetchone()
    return None if row is None else BlobContent(id=row[0], digest=digest, data=row[1])


def _find_damaged(connection: apsw.Connection, workspace_id: int, digests: Iterable[str]) -> set[str]:
    rows = connection.execute(
        "SELECT digest FROM quarantine WHERE workspace_id = ? AND digest IN (SELECT value FROM json_each(?))",
        (workspace_id, encode_list(digests)),
    )
    return {str(row[0]) for row in rows}


def _insert_inline(connection: apsw.Connection, workspace_id: int, blobs: Sequence[VerifiedBlob]) -> None:
    """Insert blobs that are in memory by one statement.

    The interpreter is free from its beginning to its end; with one a blob, the threads that receive and hash the next
    batch would take turns with this one at every row.
    """
    values: list[Any] = [workspace_id]
    for blob in blobs:
        values += (blob.digest, blob.size, blob.json, blob.content)
    connection.execute(_insert(len(blobs)), values)


def _insert_file(
    connection: apsw.Connection, workspace_id: int, blob: VerifiedBlob, content: BinaryIO
) -> None:
    row = (workspace_id, blob.digest, blob.size, blob.json, apsw.zeroblob(blob.size))
    connection.execute(_insert(1), row)
    if connection.changes():
        _copy_content(connection, _get_id(connection, workspace_id, blob.digest), content)


def _insert(rows: int) -> str:
    places = ", ".join(["(?1, ?, ?, ?, ?)"] * rows)
    return (
        f"INSERT INTO blob (workspace_id, digest, size, json, bytes) VALUES {places} "  # noqa: S608
        "ON CONFLICT (workspace_id, digest) DO UPDATE SET json = 1 WHERE excluded.json AND NOT json"
    )


def _repair_blob(connection: apsw.Connection, workspace_id: int, blob: VerifiedBlob) -> None:
    inline = blob.content if isinstance(blob.content, bytes) else apsw.zeroblob(blob.size)
    connection.execute(
        "INSERT INTO blob (workspace_id, digest, size, json, bytes) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (workspace_id, digest) DO UPDATE SET size = excluded.size, json = excluded.json, "
        "bytes = excluded.bytes",
        (workspace_id, blob.digest, blob.size, blob.json, inline),
    )
    if not isinstance(blob.content, bytes):
        _copy_content(connection, _get_id(connection, workspace_id, blob.digest), blob.content)


def _get_id(connection: apsw.Connection, workspace_id: int, digest: str) -> int:
    found = connection.execute(
        "SELECT id FROM blob WHERE workspace_id = ? AND digest = ?", (workspace_id, digest)
    ).get
    return int(found)


def _copy_content(connection: apsw.Connection, blob_id: int, content: BinaryIO) -> None:
    """Write a file's bytes into a blob of the same length, a mebibyte at a time, so that memory stays flat (R-09)."""
    content.seek(0)
    with connection.blob_open("main", "blob", "bytes", blob_id, True) as target:
        while chunk := content.read(COPY_BYTES):
            target.write(chunk)


def find_unchecked_texts(connection: apsw.Connection, workspace_id: int, digests: Iterable[str]) -> list[str]:
    """Return those of the digests whose bytes are held but were never checked as text, sorted."""
    rows = connection.execute(
        "SELECT digest FROM blob WHERE workspace_id = ? AND digest IN (SELECT value FROM json_each(?)) "
        "AND NOT EXISTS (SELECT 1 FROM text_check WHERE blob_id = blob.id) ORDER BY digest",
        (workspace_id, encode_list(digests)),
    )
    return [str(row[0]) for row in rows]


def mark_texts(connection: apsw.Connection, workspace_id: int, digests: Iterable[str]) -> None:
    """Record that these blobs, as far as they are held, were checked as text."""
    connection.execute(
        "INSERT OR IGNORE INTO text_check (blob_id) SELECT id FROM blob "
        "WHERE workspace_id = ? AND digest IN (SELECT value FROM json_each(?))",
        (workspace_id, encode_list(digests)),
    )
