"""Assignments: read, set and withdraw them (R-11)."""

from worker_runtime.contract.assignments import Assignment, AssignmentRequest
from worker_runtime.contract.caller import Caller, verify_access
from worker_runtime.embedded.operations.context import Context
from worker_runtime.embedded.operator_log import append_operator_record
from worker_runtime.store.assignments import (
    AssignmentRow,
    delete_assignment,
    find_assignment,
    put_assignment,
)
from worker_runtime.store.bundles import find_bundle, find_damage
from worker_runtime.store.connection import Connection
from worker_runtime.store.workspaces import find_workspace, list_workspaces, put_workspace
from yoi_bundle.canonical import MAX_SAFE_INTEGER
from yoi_wire.clock import format_instant
from yoi_wire.errors import BundleCorruptError, BundleMissingError, RequestInvalidError


def get(context: Context, caller: Caller, workspace: str) -> Assignment:
    """Return a workspace's assignment; one that never had any has generation 0."""
    verify_access(caller, "bundles:read", workspace)
    with context.database.read() as connection:
        workspace_id = find_workspace(connection, caller.issuer, workspace)
        row = None if workspace_id is None else find_assignment(connection, workspace_id)
    return Assignment(workspace=workspace) if row is None else _view(workspace, row)


def put(context: Context, caller: Caller, workspace: str, request: AssignmentRequest) -> Assignment:
    """Assign a digest.

    The bundle is looked at even when nothing changes, so that the one request of an idle sync notices a bundle
    that was damaged since.
    """
    verify_access(caller, "bundles:write", workspace)
    _verify_bounded(request.generation)
    wanted = AssignmentRow(
        generation=request.generation,
        digest=request.digest,
        revision=request.revision,
        assigned_at=context.clock.now(),
    )
    unchanged = _find_unchanged(context, caller, workspace, wanted)
    if unchanged is not None:
        return unchanged
    with context.database.write() as connection:
        workspace_id = put_workspace(connection, caller.issuer, workspace)
        row = put_assignment(connection, workspace_id, workspace, wanted)
        _verify_sound(connection, workspace_id, request.digest)
    return _view(workspace, row)


def delete(context: Context, caller: Caller, workspace: str, generation: int) -> Assignment:
    """Withdraw the assignment; the generation is kept, so that an older one cannot come back."""
    verify_access(caller, "bundles:write", workspace)
    _verify_bounded(generation)
    wanted = AssignmentRow(generation=generation, digest=None, revision=None, assigned_at=context.clock.now())
    with context.database.write() as connection:
        workspace_id = put_workspace(connection, caller.issuer, workspace)
        return _view(workspace, put_assignment(connection, workspace_id, workspace, wanted))


def reset(context: Context, workspace: str, issuer: str | None) -> tuple[str, ...]:
    """Forget a workspace's assignment with its generation, so that its Backend starts again from any (T-02).

    For the host's own operator, when a key that is no longer trusted has put the generation beyond all others.

    Args:
        context: Of this Runtime.
        workspace: Its name.
        issuer: Only this Backend's; None for everybody's.

    Returns:
        The issuers whose assignment was forgotten, sorted.
    """
    with context.database.write() as connection:
        rows = [
            row
            for row in list_workspaces(connection)
            if row.name == workspace and issuer in (None, row.issuer)
        ]
        for row in rows:
            delete_assignment(connection, row.id)
        append_operator_record(
            context.spool_directory,
            "assignment.reset",
            at=format_instant(context.clock.now()),
            workspace=workspace,
            issuers=[row.issuer for row in rows],
        )
    return tuple(row.issuer for row in rows)


def _verify_bounded(generation: int) -> None:
    """Refuse what no later writer could go above; callers of this process come past the decoder, too.

    Raises:
        RequestInvalidError: It is outside of what the contract admits.
    """
    if not 1 <= generation <= MAX_SAFE_INTEGER:
        raise RequestInvalidError("from 1 to 2^53 - 1", field="generation")


def _find_unchanged(
    context: Context, caller: Caller, workspace: str, wanted: AssignmentRow
) -> Assignment | None:
    """Answer the same request again without writing, so that an idle sync costs the disk nothing."""
    with context.database.read() as connection:
        workspace_id = find_workspace(connection, caller.issuer, workspace)
        held = None if workspace_id is None else find_assignment(connection, workspace_id)
        if workspace_id is None or held is None:
            return None
        if (held.generation, held.digest) != (wanted.generation, wanted.digest):
            return None
        _verify_sound(connection, workspace_id, str(held.digest))
    return _view(workspace, held)


def _verify_sound(connection: Connection, workspace_id: int, digest: str) -> None:
    row = find_bundle(connection, workspace_id, digest)
    if row is None:
        raise BundleMissingError(digest)
    damaged = find_damage(connection, workspace_id, row.id, digest)
    if damaged:
        raise BundleCorruptError(digest, damaged)


def _view(workspace: str, row: AssignmentRow) -> Assignment:
    return Assignment(
        workspace=workspace,
        generation=row.generation,
        digest=row.digest,
        revision=row.revision,
        assigned_at=format_instant(row.assigned_at),
    )
