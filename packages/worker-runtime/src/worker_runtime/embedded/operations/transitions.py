"""Transitions of a Worker from state to state, with an event for each (W-03)."""

import msgspec

from worker_runtime.contract.lifecycle import Trigger, find_next_state
from worker_runtime.contract.workers import StateReason
from worker_runtime.store.connection import Connection
from worker_runtime.store.events import append_event
from worker_runtime.store.workers import WorkerRow, update_state
from yoi_wire.errors import WorkerInvalidStateError


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
