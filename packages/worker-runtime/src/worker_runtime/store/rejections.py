"""Rejections: bundles that were refused although their bytes hashed to the digest (R-05)."""

import apsw
import msgspec

from worker_runtime.contract.bundles import Rejection
from yoi_bundle.errors import YoiError
from yoi_wire.clock import format_instant


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
