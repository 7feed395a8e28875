"""Usage of a bundle: an assignment, a lease or Workers that hold it (R-05, R-06)."""

import apsw
from msgspec import Struct

from worker_runtime.store.retention import Retention


class Usage(Struct, frozen=True, kw_only=True):
    """What holds a bundle at one instant.

    Attributes:
        workers: Ids of live Workers, and of ended ones whose pin still holds; sorted.
    """

    assigned: bool
    leased: bool
    workers: tuple[str, ...]


def compute_usage(
    connection: apsw.Connection, workspace_id: int, digest: str, *, retention: Retention, now: int
) -> Usage:
    """Return what holds a bundle now."""
    assigned = connection.execute(
        "SELECT EXISTS (SELECT 1 FROM assignment WHERE workspace_id = ? AND digest = ?)",
        (workspace_id, digest),
    ).get
    leased = connection.execute(
        "SELECT EXISTS (SELECT 1 FROM lease WHERE workspace_id = ? AND digest = ? AND expires_at > ?)",
        (workspace_id, digest, now),
    ).get
    workers = connection.execute(
        "SELECT id FROM worker WHERE workspace_id = ? AND bundle_digest = ? AND (ended_at IS NULL OR ended_at > ?) "
        "ORDER BY id",
        (workspace_id, digest, now - retention.ended_pin_milliseconds),
    )
    return Usage(assigned=bool(assigned), leased=bool(leased), workers=tuple(str(row[0]) for row in workers))
