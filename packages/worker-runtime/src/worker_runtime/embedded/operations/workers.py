"""Worker records: read them, and act on them (W-02, W-03)."""

import msgspec

from worker_runtime.contract.caller import Caller, verify_access, verify_scope
from worker_runtime.contract.lifecycle import Trigger, find_next_state, is_terminal
from worker_runtime.contract.workers import Approval, EventPage, StateReason, Worker, WorkerEvent
from worker_runtime.embedded.operations.context import Context
from worker_runtime.store.approvals import ApprovalRow, decide_approval, list_approvals
from worker_runtime.store.connection import Connection
from worker_runtime.store.events import append_event, list_events
from worker_runtime.store.workers import (
    PinnedDocuments,
    WorkerPins,
    WorkerRow,
    decode_pins,
    delete_worker,
    find_worker,
    get_documents,
    get_pins,
    list_workers,
    update_state,
)
from worker_runtime.store.workspaces import find_workspaces
from yoi_wire.clock import format_instant
from yoi_wire.errors import RequestInvalidError, WorkerInvalidStateError, WorkerNotFoundError
from yoi_wire.paging import Page, Position, format_cursor, parse_cursor, verify_page_size
from yoi_wire.worker_requests import ApprovalDecision, WorkerInput


def _get_row(
    context: Context, connection: Connection, caller: Caller, worker_id: str
) -> tuple[WorkerRow, str]:
    known = find_workspaces(connection, caller.issuer, caller.workspaces)
    row = find_worker(connection, known.keys(), worker_id)
    if row is None:
        raise WorkerNotFoundError(worker_id)
    return row, known[row.workspace_id]


def _view_approval(row: ApprovalRow) -> Approval:
    return Approval(
        id=row.id,
        tool=row.body.tool,
        summary=row.body.summary,
        requested_at=format_instant(row.requested_at),
        verdict=row.verdict,
        decided_at=None if row.decided_at is None else format_instant(row.decided_at),
    )


def apply_trigger(
    connection: Connection,
    row: WorkerRow,
    trigger: Trigger,
    *,
    now: int,
    reasons: tuple[StateReason, ...] = (),
) -> WorkerRow:
    """Write the state that follows; nothing is written when the Worker stays as it is.

    Raises:
        WorkerInvalidStateError: The Worker's state does not admit the trigger.
    """
    state = find_next_state(row.state, trigger)
    if state is None:
        raise WorkerInvalidStateError(row.id, state=row.state, operation=trigger)
    if state == row.state and (reasons == row.reasons or row.ended_at is not None):
        return row
    changed = update_state(connection, row, state, reasons, now=now)
    body = {
        "from": row.state,
        "to": state,
        "trigger": trigger,
        "reasons": msgspec.to_builtins(reasons),
    }
    append_event(connection, row.number, "state", body, now=now)
    return changed


def view_pinned(row: WorkerRow, workspace: str, pins: WorkerPins) -> Worker:
    """Return a Worker's record from its row and its pins."""
    return Worker(
        id=row.id,
        workspace=workspace,
        key=row.key,
        selector=pins.request.selector,
        state=row.state,
        resolution_digest=pins.resolution_digest,
        resolver_version=pins.resolver_version,
        created_at=format_instant(row.created_at),
        changed_at=format_instant(row.changed_at),
        bundle_digest=row.bundle_digest,
        builtin_digest=pins.builtin_digest,
        labels=dict(pins.request.intent.labels),
        ended_at=None if row.ended_at is None else format_instant(row.ended_at),
        reasons=row.reasons,
    )


def read_documents(context: Context, caller: Caller, worker_id: str) -> PinnedDocuments:
    verify_scope(caller, "runtime:read")
    with context.database.read() as connection:
        row, _ = _get_row(context, connection, caller, worker_id)
        return get_documents(connection, row)


def read_events(context: Context, caller: Caller, worker_id: str, *, after: int, limit: int) -> EventPage:
    verify_scope(caller, "runtime:read")
    verify_page_size(limit)
    if after < 0:
        raise RequestInvalidError("at least 0", field="after")
    with context.database.read() as connection:
        row, _ = _get_row(context, connection, caller, worker_id)
        found = list_events(connection, row.number, after=after, limit=limit + 1)
    events = tuple(
        WorkerEvent(sequence=one.sequence, at=format_instant(one.at), kind=one.kind, body=one.body)
        for one in found[:limit]
    )
    return EventPage(events=events, last=events[-1].sequence if events else after, more=len(found) > limit)


def delete(context: Context, caller: Caller, worker_id: str) -> None:
    """Delete a Worker that has ended; afterwards there is none, whether or not there was."""
    verify_scope(caller, "workers:control")
    with context.database.write() as connection:
        try:
            row, _ = _get_row(context, connection, caller, worker_id)
        except WorkerNotFoundError:
            return
        if not is_terminal(row.state):
            raise WorkerInvalidStateError(worker_id, state=row.state, operation="delete")
        delete_worker(connection, row.number)


def add_input(context: Context, caller: Caller, worker_id: str, said: WorkerInput) -> WorkerEvent:
    """Keep something said to a Worker, for its process to read."""
    verify_scope(caller, "workers:control")
    now = context.clock.now()
    body = {"text": said.text}
    with context.database.write() as connection:
        row, _ = _get_row(context, connection, caller, worker_id)
        if is_terminal(row.state) or row.state == "held":
            raise WorkerInvalidStateError(worker_id, state=row.state, operation="input")
        sequence = append_event(connection, row.number, "input", body, now=now)
    return WorkerEvent(sequence=sequence, at=format_instant(now), kind="input", body=body)


def read_approvals(context: Context, caller: Caller, worker_id: str) -> tuple[Approval, ...]:
    verify_scope(caller, "runtime:read")
    with context.database.read() as connection:
        row, _ = _get_row(context, connection, caller, worker_id)
        return tuple(_view_approval(one) for one in list_approvals(connection, row.number))


def put_verdict(
    context: Context, caller: Caller, worker_id: str, approval_id: str, decision: ApprovalDecision
) -> Approval:
    """Give a person's word on a call that waits; the same word again changes nothing."""
    verify_scope(caller, "workers:control")
    now = context.clock.now()
    with context.database.write() as connection:
        row, _ = _get_row(context, connection, caller, worker_id)
        found = [one for one in list_approvals(connection, row.number) if one.id == approval_id]
        if not found:
            raise WorkerNotFoundError(worker_id)
        if found[0].verdict == decision.verdict:
            return _view_approval(found[0])
        if found[0].verdict is not None or is_terminal(row.state):
            raise WorkerInvalidStateError(worker_id, state=row.state, operation="approval")
        decided = decide_approval(connection, found[0], decision.verdict, now=now)
        body = {"approval": approval_id, "verdict": decision.verdict}
        append_event(connection, row.number, "approval", body, now=now)
    return _view_approval(decided)


def view_worker(connection: Connection, row: WorkerRow, workspace: str) -> Worker:
    """Return a Worker's record; pins are read for what the record itself does not hold."""
    return view_pinned(row, workspace, decode_pins(get_pins(connection, row)))


def list_entries(
    context: Context, caller: Caller, *, workspace: str | None, cursor: str | None, limit: int
) -> Page[Worker]:
    names = caller.workspaces if workspace is None else frozenset({workspace})
    for name in names if workspace is not None else ():
        verify_access(caller, "runtime:read", name)
    verify_scope(caller, "runtime:read")
    verify_page_size(limit)
    after = parse_cursor(cursor)
    with context.database.read() as connection:
        known = find_workspaces(connection, caller.issuer, names)
        rows = list_workers(connection, known.keys(), after=after, limit=limit + 1)
        items = tuple(view_worker(connection, row, known[row.workspace_id]) for row in rows[:limit])
    last = rows[limit - 1] if len(rows) > limit else None
    return Page(
        items=items,
        next_cursor=format_cursor(Position(last.created_at, last.id)) if last else None,
    )


def get(context: Context, caller: Caller, worker_id: str) -> Worker:
    verify_scope(caller, "runtime:read")
    with context.database.read() as connection:
        row, workspace = _get_row(context, connection, caller, worker_id)
        return view_worker(connection, row, workspace)


def end(context: Context, caller: Caller, worker_id: str, trigger: Trigger) -> Worker:
    """Stop or cancel a Worker; one that has ended stays as it is (W-03)."""
    verify_scope(caller, "workers:control")
    with context.database.write() as connection:
        row, workspace = _get_row(context, connection, caller, worker_id)
        row = apply_trigger(connection, row, trigger, now=context.clock.now())
        return view_worker(connection, row, workspace)
