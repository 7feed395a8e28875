"""Bundles that are complete: manifest, metadata and all blobs (R-02)."""

from collections.abc import Collection, Iterable
from typing import Any, Literal, cast

import apsw
import msgspec
from msgspec import Struct

from worker_runtime.contract.bundles import Rejection
from worker_runtime.store.checksum import compute_checksum, verify_checksum
from worker_runtime.store.workspaces import encode_list
from yoi_bundle.errors import YoiError
from yoi_bundle.metadata import BundleMetadata
from yoi_bundle.verified import VerifiedBundle
from yoi_wire.clock import format_instant
from yoi_wire.errors import StoreCorruptError
from yoi_wire.paging import Position

_KIND = "bundle"
_COLUMNS = (
    "id, workspace_id, digest, revision, stored_at, size, blobs, profiles, metadata, checksum, verified_at"
)


class BundleRow(Struct, frozen=True, kw_only=True):
    """A complete bundle. Instants are in milliseconds, sizes in bytes."""

    id: int
    workspace_id: int
    digest: str
    stored_at: int
    size: int
    blobs: int
    profiles: int
    metadata: BundleMetadata
    verified_at: int


def link_blobs(
    connection: apsw.Connection, workspace_id: int, bundle_id: int, digests: Iterable[str]
) -> None:
    """Tie a bundle to those of its blobs that its workspace holds."""
    connection.execute(
        "INSERT OR IGNORE INTO bundle_blob (bundle_id, blob_id) SELECT ?, id FROM blob "
        "WHERE workspace_id = ? AND digest IN (SELECT value FROM json_each(?))",
        (bundle_id, workspace_id, encode_list(digests)),
    )


def _insert_bundle(
    connection: apsw.Connection, workspace_id: int, bundle: VerifiedBundle, metadata: BundleMetadata, now: int
) -> int:
    profiles = len(bundle.manifest.profiles) + len(bundle.unsupported.get("profiles", {}))
    fields = (bundle.digest, metadata.revision, now, bundle.size, len(bundle.blobs), profiles)
    body = msgspec.json.encode(metadata)
    connection.execute(
        "INSERT INTO bundle (workspace_id, digest, revision, stored_at, size, blobs, profiles, metadata, checksum, "
        "verified_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (workspace_id, *fields, body, compute_checksum(_KIND, workspace_id, *fields, body), now),
    )
    return connection.last_insert_rowid()


def _replace_metadata(
    connection: apsw.Connection, held: BundleRow, metadata: BundleMetadata, now: int
) -> None:
    """Take over a newer revision; the list and the collector count the bundle among the newest again."""
    if metadata.revision <= held.metadata.revision:
        return
    fields = (held.digest, metadata.revision, now, held.size, held.blobs, held.profiles)
    body = msgspec.json.encode(metadata)
    checksum = compute_checksum(_KIND, held.workspace_id, *fields, body)
    connection.execute(
        "UPDATE bundle SET revision = ?, stored_at = ?, metadata = ?, checksum = ? WHERE id = ?",
        (metadata.revision, now, body, checksum, held.id),
    )


def find_bundle_id(connection: apsw.Connection, workspace_id: int, digest: str) -> int | None:
    """Return the row number of a workspace's bundle, damaged or not."""
    found: int | None = connection.execute(
        "SELECT id FROM bundle WHERE workspace_id = ? AND digest = ?", (workspace_id, digest)
    ).get
    return found


def get_bundle_key(connection: apsw.Connection, bundle_id: int) -> tuple[int, str]:
    """Return the workspace's row number and the digest of a bundle that a repair has just written."""
    row = connection.execute("SELECT workspace_id, digest FROM bundle WHERE id = ?", (bundle_id,)).fetchall()[
        0
    ]
    return cast("int", row[0]), str(row[1])


def read_manifest(connection: apsw.Connection, bundle_id: int) -> bytes:
    """Return a manifest's bytes as they are on the disk; the caller compares the digest (R-03)."""
    data: bytes | None = connection.execute(
        "SELECT bytes FROM manifest WHERE bundle_id = ?", (bundle_id,)
    ).get
    return data if data is not None else b""


def delete_bundle(connection: apsw.Connection, bundle_id: int) -> None:
    """Delete a bundle and its leases; its blobs go when the collector finds that nothing else holds them."""
    connection.execute(
        "DELETE FROM lease WHERE (workspace_id, digest) IN (SELECT workspace_id, digest FROM bundle WHERE id = ?)",
        (bundle_id,),
    )
    connection.execute(
        "DELETE FROM quarantine WHERE (workspace_id, digest) IN "
        "(SELECT workspace_id, digest FROM bundle WHERE id = ?)",
        (bundle_id,),
    )
    connection.execute("DELETE FROM bundle WHERE id = ?", (bundle_id,))


def read_bundle_row(row: tuple[Any, ...]) -> BundleRow:
    """Turn a row of `bundle`, in the order of its columns, into a value.

    Raises:
        StoreCorruptError: Its checksum does not fit.
    """
    *fields, metadata, checksum, verified_at = row[1:]
    verify_checksum(checksum, _KIND, *fields, metadata)
    try:
        decoded = msgspec.json.decode(metadata, type=BundleMetadata)
    except (msgspec.DecodeError, UnicodeError) as error:
        raise StoreCorruptError(_KIND) from error
    names = ("workspace_id", "digest", "revision", "stored_at", "size", "blobs", "profiles")
    values = dict(zip(names, fields, strict=True))
    del values["revision"]
    return msgspec.convert(
        {**values, "id": row[0], "metadata": decoded, "verified_at": verified_at}, BundleRow
    )


def put_rejection(
    connection: apsw.Connection, workspace_id: int, digest: str, error: YoiError, *, most: int, now: int
) -> None:
    """Remember a refusal; beyond `most` of a workspace the oldest are forgotten."""
    body = msgspec.json.encode(
        Rejection(rejected_at=format_instant(now), code=error.code, details=error.details())
    )
    connection.execute(
        "REPLACE INTO rejection (workspace_id, digest, rejected_at, body) VALUES (?, ?, ?, ?)",
        (workspace_id, digest, now, body),
    )
    connection.execute(
        "DELETE FROM rejection WHERE workspace_id = ? AND digest NOT IN (SELECT digest FROM rejection "
        "WHERE workspace_id = ? ORDER BY rejected_at DESC, digest LIMIT ?)",
        (workspace_id, workspace_id, most),
    )


def find_rejection(connection: apsw.Connection, workspace_id: int, digest: str) -> Rejection | None:
    body: bytes | None = connection.execute(
        "SELECT body FROM rejection WHERE workspace_id = ? AND digest = ?", (workspace_id, digest)
    ).get
    return None if body is None else msgspec.json.decode(body, type=Rejection)


def delete_rejection(connection: apsw.Connection, workspace_id: int, digest: str) -> None:
    connection.execute("DELETE FROM rejection WHERE workspace_id = ? AND digest = ?", (workspace_id, digest))


DamagedKind = Literal["manifest", "blob"]


def put_quarantine(
    connection: apsw.Connection, workspace_id: int, digest: str, kind: DamagedKind, *, now: int
) -> None:
    connection.execute(
        "INSERT INTO quarantine (workspace_id, digest, kind, found_at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (workspace_id, digest, kind, now),
    )


def lift_quarantine(connection: apsw.Connection, workspace_id: int, digests: Iterable[str]) -> None:
    """Serve these objects again; their bytes have just been verified and written anew."""
    if connection.execute("SELECT 1 FROM quarantine LIMIT 1").get is None:
        return
    connection.execute(
        "DELETE FROM quarantine WHERE workspace_id = ? AND digest IN (SELECT value FROM json_each(?))",
        (workspace_id, encode_list(digests)),
    )


def find_damage(connection: apsw.Connection, workspace_id: int, bundle_id: int, digest: str) -> list[str]:
    """Return the digests of a bundle's damaged parts, sorted; empty for a bundle that may be served."""
    if connection.execute("SELECT 1 FROM quarantine LIMIT 1").get is None:
        return []
    rows = connection.execute(
        "SELECT digest FROM quarantine q WHERE workspace_id = ? AND (digest = ? OR EXISTS (SELECT 1 FROM blob "
        "JOIN bundle_blob ON blob_id = blob.id WHERE bundle_id = ? AND blob.workspace_id = q.workspace_id "
        "AND blob.digest = q.digest)) ORDER BY digest",
        (workspace_id, digest, bundle_id),
    )
    return [str(row[0]) for row in rows]


def find_bundle(connection: apsw.Connection, workspace_id: int, digest: str) -> BundleRow | None:
    """Return a workspace's bundle, damaged or not.

    Raises:
        StoreCorruptError: Its row is damaged.
    """
    row = connection.execute(
        f"SELECT {_COLUMNS} FROM bundle WHERE workspace_id = ? AND digest = ?",  # noqa: S608
        (workspace_id, digest),
    ).fetchone()
    return None if row is None else read_bundle_row(row)


def list_bundles(
    connection: apsw.Connection, workspaces: Collection[int], *, after: Position | None, limit: int
) -> list[BundleRow]:
    """Return bundles of these workspaces, newest first, at most `limit`, those after a position."""
    at, digest = (after.at, after.id) if after else (2**62, "")
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM bundle WHERE workspace_id IN (SELECT value FROM json_each(?)) "  # noqa: S608
        "AND (stored_at, digest) < (?, ?) ORDER BY stored_at DESC, digest DESC LIMIT ?",
        (encode_list(workspaces), at, digest, limit),
    )
    return [read_bundle_row(row) for row in rows]


def put_bundle(
    connection: apsw.Connection,
    workspace_id: int,
    bundle: VerifiedBundle,
    manifest: bytes,
    metadata: BundleMetadata,
    *,
    now: int,
) -> bool:
    """Make a bundle visible; all its blobs are in the store, verified, by the time this is called.

    The same bundle again repairs its manifest; a newer revision of it takes the metadata over and is stored anew.

    Returns:
        Whether the bundle was not there before.
    """
    held = find_bundle(connection, workspace_id, bundle.digest)
    lift_quarantine(connection, workspace_id, [bundle.digest])
    if held is not None:
        _replace_metadata(connection, held, metadata, now)
        connection.execute("REPLACE INTO manifest (bundle_id, bytes) VALUES (?, ?)", (held.id, manifest))
        link_blobs(connection, workspace_id, held.id, bundle.blobs)
        return False
    bundle_id = _insert_bundle(connection, workspace_id, bundle, metadata, now)
    connection.execute("INSERT INTO manifest (bundle_id, bytes) VALUES (?, ?)", (bundle_id, manifest))
    link_blobs(connection, workspace_id, bundle_id, bundle.blobs)
    return True
