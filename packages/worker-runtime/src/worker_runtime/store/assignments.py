"""Assignments, fenced by the Backend's generation (R-11)."""

import apsw
from msgspec import Struct

from worker_runtime.store.checksum import compute_checksum, verify_checksum
from yoi_wire.errors import AssignmentConflictError, AssignmentStaleError

_KIND = "assignment"


class AssignmentRow(Struct, frozen=True, kw_only=True):
    """A workspace's assignment; without a digest it is a withdrawal, kept for its generation."""

    generation: int
    digest: str | None
    revision: int | None
    assigned_at: int


def find_assignment(connection: apsw.Connection, workspace_id: int) -> AssignmentRow | None:
    """Return a workspace's assignment or withdrawal.

    Raises:
        StoreCorruptError: Its row is damaged.
    """
    row = connection.execute(
        "SELECT generation, digest, revision, assigned_at, checksum FROM assignment WHERE workspace_id = ?",
        (workspace_id,),
    ).fetchone()
    if row is None:
        return None
    verify_checksum(row[4], _KIND, workspace_id, *row[:4])
    return AssignmentRow(generation=row[0], digest=row[1], revision=row[2], assigned_at=row[3])


def delete_assignment(connection: apsw.Connection, workspace_id: int) -> None:
    """Forget a workspace's assignment with its generation; a damaged row, too."""
    connection.execute("DELETE FROM assignment WHERE workspace_id = ?", (workspace_id,))


def put_assignment(
    connection: apsw.Connection, workspace_id: int, workspace: str, wanted: AssignmentRow
) -> AssignmentRow:
    """Assign or withdraw; the same again changes nothing.

    Raises:
        AssignmentStaleError: A higher generation has been here.
        AssignmentConflictError: This generation stands for another digest.
    """
    held = find_assignment(connection, workspace_id)
    if held is not None:
        if wanted.generation < held.generation:
            raise AssignmentStaleError(workspace, generation=wanted.generation, current=held.generation)
        if wanted.generation == held.generation:
            if wanted.digest != held.digest:
                raise AssignmentConflictError(workspace, generation=wanted.generation, assigned=held.digest)
            return held
    fields = (wanted.generation, wanted.digest, wanted.revision, wanted.assigned_at)
    connection.execute(
        "REPLACE INTO assignment (workspace_id, generation, digest, revision, assigned_at, checksum) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        (workspace_id, *fields, compute_checksum(_KIND, workspace_id, *fields)),
    )
    return wanted
