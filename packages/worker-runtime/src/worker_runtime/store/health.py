"""Health checks of the store before a Runtime says that it is ready (R-03, R-10)."""

import apsw

from worker_runtime.store.records import RECORD_TABLES, find_damaged_records

_SMALL_TABLES = (
    "runtime",
    "workspace",
    "bundle",
    "manifest",
    "assignment",
    "lease",
    "quarantine",
    "worker",
    "worker_pins",
    "worker_spec",
    "approval",
)
"""Blobs and events may be many; the background scrub reads them, and every read of one checks it."""
_NOT_AT_START = frozenset({"event"})


def find_structural_damage(connection: apsw.Connection) -> list[str]:
    """Return kinds of records or structures that are damaged; empty for a store that can be served.

    Raises:
        StoreCorruptError: The database cannot even be read that far.
    """
    for table in _SMALL_TABLES:
        if connection.execute(f"PRAGMA integrity_check('{table}')").get != "ok":
            return ["database"]
    return [
        table.kind
        for table in RECORD_TABLES
        if table.kind not in _NOT_AT_START and find_damaged_records(connection, table)[1]
    ]


def list_held_bundles(connection: apsw.Connection) -> list[tuple[str, str, str]]:
    """Return issuer, workspace and digest of every bundle that is assigned, or pinned by a live Worker."""
    rows = connection.execute(
        "SELECT issuer, name, digest FROM assignment JOIN workspace ON workspace.id = workspace_id "
        "WHERE digest IS NOT NULL UNION SELECT issuer, name, bundle_digest FROM worker "
        "JOIN workspace ON workspace.id = workspace_id WHERE bundle_digest IS NOT NULL AND ended_at IS NULL"
    )
    return [(str(row[0]), str(row[1]), str(row[2])) for row in rows]
