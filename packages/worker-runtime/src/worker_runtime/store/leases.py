"""Leases: the right to finish a bundle, and its cover until something else holds it (R-06)."""

from collections.abc import Iterable
from typing import cast

import apsw
import msgspec
from msgspec import Struct

from worker_runtime.store.retention import Retention
from yoi_bundle.metadata import BundleMetadata
from yoi_bundle.verified import VerifiedBundle
from yoi_wire.errors import LeaseExpiredError, RuntimeOverloadedError

_DIGEST_BYTES = 32


class LeaseRow(Struct, frozen=True, kw_only=True):
    """A lease in force; it belongs to (holder, workspace, digest)."""

    id: str
    workspace_id: int
    digest: str
    expires_at: int


class Staged(Struct, frozen=True, kw_only=True):
    """A verified manifest that waits for blobs."""

    metadata: BundleMetadata
    manifest: bytes


class LeaseRequest(Struct, frozen=True, kw_only=True):
    """Who wants a lease on what, and the id that a new lease would get."""

    workspace_id: int
    holder: str
    digest: str
    new_id: str


def put_lease(
    connection: apsw.Connection, request: LeaseRequest, *, retention: Retention, now: int
) -> LeaseRow:
    """Grant a lease, or renew the one that the holder has on this digest.

    How many there may be is asked by what comes next: `put_staged` or `cover_finished`.
    """
    identity = (request.workspace_id, request.holder, request.digest)
    expires_at = now + retention.lease_milliseconds
    found = connection.execute(
        "SELECT id, expires_at FROM lease WHERE workspace_id = ? AND holder = ? AND digest = ?", identity
    ).fetchone()
    if found is not None and found[1] > now:
        connection.execute("UPDATE lease SET expires_at = ? WHERE id = ?", (expires_at, found[0]))
        return _row(str(found[0]), request, expires_at)
    if found is not None:
        connection.execute("DELETE FROM lease WHERE id = ?", (found[0],))
    connection.execute(
        "INSERT INTO lease (id, workspace_id, holder, digest, expires_at) VALUES (?, ?, ?, ?, ?)",
        (request.new_id, *identity, expires_at),
    )
    return _row(request.new_id, request, expires_at)


def get_lease(connection: apsw.Connection, lease_id: str, *, holder: str, now: int) -> LeaseRow:
    """Return a holder's lease that is in force.

    Raises:
        LeaseExpiredError: There is none.
    """
    row = connection.execute(
        "SELECT workspace_id, digest, expires_at FROM lease WHERE id = ? AND holder = ? AND expires_at > ?",
        (lease_id, holder, now),
    ).fetchone()
    if row is None:
        raise LeaseExpiredError(lease_id)
    return LeaseRow(id=lease_id, workspace_id=row[0], digest=row[1], expires_at=row[2])


def renew_lease(
    connection: apsw.Connection, lease_id: str, *, holder: str, retention: Retention, now: int
) -> LeaseRow:
    """Move a lease's end on, after a verified batch.

    Raises:
        LeaseExpiredError: It is no longer in force.
    """
    lease = get_lease(connection, lease_id, holder=holder, now=now)
    expires_at = now + retention.lease_milliseconds
    connection.execute("UPDATE lease SET expires_at = ? WHERE id = ?", (expires_at, lease_id))
    return LeaseRow(id=lease_id, workspace_id=lease.workspace_id, digest=lease.digest, expires_at=expires_at)


def delete_lease(connection: apsw.Connection, workspace_id: int, holder: str, digest: str) -> None:
    """End a lease, with what is staged under it; there may be none."""
    connection.execute(
        "DELETE FROM lease WHERE workspace_id = ? AND holder = ? AND digest = ?",
        (workspace_id, holder, digest),
    )


def put_staged(
    connection: apsw.Connection,
    lease: LeaseRow,
    bundle: VerifiedBundle,
    staged: Staged,
    *,
    retention: Retention,
    now: int,
) -> None:
    """Keep a manifest under a lease until its blobs are here.

    Raises:
        RuntimeOverloadedError: With it, the workspace would have more bundles or bytes under way than it may.
    """
    others = connection.execute(
        "SELECT size FROM staged JOIN lease ON lease.id = lease_id "
        "WHERE workspace_id = ? AND expires_at > ? AND lease_id <> ?",
        (lease.workspace_id, now, lease.id),
    )
    sizes = [cast("int", row[0]) for row in others]
    if len(sizes) >= retention.max_leases:
        raise RuntimeOverloadedError("leases", retry_after_seconds=retention.retry_after_seconds)
    if sum(sizes) + bundle.size > retention.max_staged_bytes:
        raise RuntimeOverloadedError("staged_bytes", retry_after_seconds=retention.retry_after_seconds)
    connection.execute(
        "REPLACE INTO staged (lease_id, size, blobs, metadata, manifest) VALUES (?, ?, ?, ?, ?)",
        (
            lease.id,
            bundle.size,
            pack_digests(bundle.blobs),
            msgspec.json.encode(staged.metadata),
            staged.manifest,
        ),
    )


def find_staged(connection: apsw.Connection, lease_id: str) -> Staged | None:
    row = connection.execute(
        "SELECT metadata, manifest FROM staged WHERE lease_id = ?", (lease_id,)
    ).fetchone()
    if row is None:
        return None
    return Staged(metadata=msgspec.json.decode(row[0], type=BundleMetadata), manifest=row[1])


def find_staged_blobs(
    connection: apsw.Connection, workspace_id: int, digest: str, *, now: int
) -> list[str] | None:
    """Return the blobs of a bundle that a lease in force keeps under way; None when there is no such lease."""
    packed = connection.execute(
        "SELECT blobs FROM staged JOIN lease ON lease.id = lease_id "
        "WHERE workspace_id = ? AND digest = ? AND expires_at > ? LIMIT 1",
        (workspace_id, digest, now),
    ).get
    return None if packed is None else unpack_digests(packed)


def cover_finished(connection: apsw.Connection, lease: LeaseRow, *, retention: Retention) -> None:
    """Let a lease cover a bundle that is whole; where too many do, those that would end first give way.

    Covering costs a row and no bytes under way, so a workspace that publishes often is not refused for it.
    """
    connection.execute("DELETE FROM staged WHERE lease_id = ?", (lease.id,))
    connection.execute(
        "DELETE FROM lease WHERE id IN (SELECT id FROM lease WHERE workspace_id = ? AND id <> ? "
        "AND NOT EXISTS (SELECT 1 FROM staged WHERE lease_id = lease.id) "
        "ORDER BY expires_at DESC LIMIT -1 OFFSET ?)",
        (lease.workspace_id, lease.id, retention.max_covering_leases - 1),
    )


def delete_expired_leases(connection: apsw.Connection, *, now: int) -> int:
    """Delete leases that are over, with what is staged under them; return how many."""
    connection.execute("DELETE FROM lease WHERE expires_at <= ?", (now,))
    return connection.changes()


def list_leased_blobs(connection: apsw.Connection, workspace_id: int) -> set[str]:
    """Return the digests of all blobs that a staged manifest of the workspace refers to."""
    rows = connection.execute(
        "SELECT blobs FROM staged JOIN lease ON lease.id = lease_id WHERE workspace_id = ?", (workspace_id,)
    )
    return {digest for row in rows for digest in unpack_digests(row[0])}


def pack_digests(digests: Iterable[str]) -> bytes:
    """Write digests as 32 bytes each."""
    return b"".join(bytes.fromhex(digest.removeprefix("sha256:")) for digest in digests)


def unpack_digests(packed: bytes) -> list[str]:
    """Read what `pack_digests` wrote."""
    steps = range(0, len(packed), _DIGEST_BYTES)
    return [f"sha256:{packed[step : step + _DIGEST_BYTES].hex()}" for step in steps]


def _row(lease_id: str, request: LeaseRequest, expires_at: int) -> LeaseRow:
    return LeaseRow(
        id=lease_id, workspace_id=request.workspace_id, digest=request.digest, expires_at=expires_at
    )
