"""Worker values for callers, made from stored rows."""

from worker_runtime.contract.workers import Worker
from worker_runtime.store.connection import Connection
from worker_runtime.store.pins import WorkerPins, decode_pins
from worker_runtime.store.workers import WorkerRow, get_pins
from yoi_wire.clock import format_instant


def view_worker(connection: Connection, row: WorkerRow, workspace: str) -> Worker:
    """Return a Worker's record; pins are read for what the record itself does not hold."""
    return view_pinned(row, workspace, decode_pins(get_pins(connection, row)))


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
