"""Garbage collector: deletes what nothing holds, after looking again inside the deleting transaction (R-06)."""

from typing import cast

import apsw
from msgspec import Struct

from worker_runtime.store.bundles import delete_bundle
from worker_runtime.store.connection import Database
from worker_runtime.store.leases import delete_expired_leases, list_leased_blobs
from worker_runtime.store.retention import Retention

STEP_BUNDLES = 20
STEP_BLOBS = 500
_UNHELD_BUNDLES = """
WITH rest AS (
    SELECT b.id, b.workspace_id, b.stored_at,
        row_number() OVER (PARTITION BY b.workspace_id ORDER BY b.stored_at DESC, b.digest DESC) AS place
    FROM bundle b
    WHERE NOT EXISTS (SELECT 1 FROM assignment a WHERE a.workspace_id = b.workspace_id AND a.digest = b.digest)
    AND NOT EXISTS (SELECT 1 FROM lease l WHERE l.workspace_id = b.workspace_id AND l.digest = b.digest
        AND l.expires_at > :now)
    AND NOT EXISTS (SELECT 1 FROM worker w WHERE w.workspace_id = b.workspace_id AND w.bundle_digest = b.digest
        AND (w.ended_at IS NULL OR w.ended_at > :ended_after))
)
SELECT id FROM rest WHERE place > :newest AND stored_at <= :stored_until LIMIT :most
"""
_UNHELD_BLOBS = """
SELECT id, digest FROM blob WHERE workspace_id = ? AND id > ?
AND NOT EXISTS (SELECT 1 FROM bundle_blob WHERE blob_id = blob.id) ORDER BY id LIMIT ?
"""


class Collected(Struct, frozen=True, kw_only=True):
    """How much one run took."""

    leases: int = 0
    bundles: int = 0
    blobs: int = 0


def _collect_blobs(database: Database, workspace_id: int) -> int:
    """Delete a workspace's blobs that no bundle has and no staged manifest waits for."""
    taken, position = 0, 0
    while True:
        with database.write() as connection:
            leased = list_leased_blobs(connection, workspace_id)
            rows = connection.execute(_UNHELD_BLOBS, (workspace_id, position, STEP_BLOBS)).fetchall()
            unheld = [(row[0], row[1]) for row in rows if row[1] not in leased]
            connection.executemany("DELETE FROM blob WHERE id = ?", [(row[0],) for row in unheld])
            connection.executemany(
                "DELETE FROM quarantine WHERE workspace_id = ? AND digest = ? AND kind = 'blob'",
                [(workspace_id, row[1]) for row in unheld],
            )
        taken += len(unheld)
        if len(rows) < STEP_BLOBS:
            return taken
        position = cast("int", rows[-1][0])


def find_unheld_bundles(
    connection: apsw.Connection, *, retention: Retention, now: int, most: int
) -> list[int]:
    """Return row ids of bundles that nothing holds and that are neither young nor among the newest of the rest."""
    rows = connection.execute(
        _UNHELD_BUNDLES,
        {
            "now": now,
            "ended_after": now - retention.ended_pin_milliseconds,
            "newest": retention.newest,
            "stored_until": now - retention.young_milliseconds,
            "most": most,
        },
    )
    return [int(row[0]) for row in rows]


def _collect_bundles(database: Database, retention: Retention, now: int) -> int:
    with database.write() as connection:
        unheld = find_unheld_bundles(connection, retention=retention, now=now, most=STEP_BUNDLES)
        for bundle_id in unheld:
            delete_bundle(connection, bundle_id)
    return len(unheld)


def collect(database: Database, *, retention: Retention, now: int) -> Collected:
    """Delete expired leases, bundles that retention does not keep, and blobs that no bundle or lease needs.

    Works in small transactions, so that writers wait only briefly; each one decides and deletes at once, so that
    nothing can come to be held in between.
    """
    with database.write() as connection:
        leases = delete_expired_leases(connection, now=now)
    bundles = 0
    while taken := _collect_bundles(database, retention, now):
        bundles += taken
    with database.read() as connection:
        workspaces = [int(row[0]) for row in connection.execute("SELECT id FROM workspace")]
    blobs = sum(_collect_blobs(database, workspace_id) for workspace_id in workspaces)
    return Collected(leases=leases, bundles=bundles, blobs=blobs)
