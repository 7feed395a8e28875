"""Quarantine of damaged manifests and blobs: never served, waiting to be sent again (R-03)."""

from collections.abc import Iterable
from typing import Literal

import apsw

from worker_runtime.store.workspaces import encode_list

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
