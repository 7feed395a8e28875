"""Restoration of Workers from their pins; what host policy would narrow is not kept silently (W-06)."""

import asyncio
from typing import Literal, TypeAlias

import msgspec
from msgspec import Struct

from worker_runtime.contract.lifecycle import Trigger
from worker_runtime.contract.workers import Change, Forecast, StateReason
from worker_runtime.embedded.operations.context import Context
from worker_runtime.embedded.operations.current_rights import CurrentRights, Seen, find_current_rights
from worker_runtime.embedded.operations.workers import apply_trigger
from worker_runtime.event_log import LOG
from worker_runtime.resolution.decision import Decision
from worker_runtime.resolution.explain import Explanation
from worker_runtime.resolution.spec import assemble_spec
from worker_runtime.store.connection import Connection
from worker_runtime.store.events import NARROWED, append_event, has_event
from worker_runtime.store.workers import (
    PinnedDocuments,
    WorkerRow,
    decode_pins,
    find_worker,
    get_documents,
    list_live_workers,
    put_spec,
)
from yoi_bundle.canonical import encode_canonical
from yoi_wire.errors import StoreCorruptError

Outcome: TypeAlias = Literal["restored", "narrowed", "held", "stopped"]


class Rechecked(Struct, frozen=True, kw_only=True):
    """What became of one Worker, and what that was decided from."""

    outcome: Outcome
    seen: Seen


class RestoreReport(Struct, frozen=True, kw_only=True):
    """What became of the Workers that had not ended; ids, in the order of creation.

    Attributes:
        unreadable: Workers whose record or pins are damaged; the store needs a repair.
    """

    restored: tuple[str, ...] = ()
    narrowed: tuple[str, ...] = ()
    held: tuple[str, ...] = ()
    stopped: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()


async def restore_workers(context: Context) -> RestoreReport:
    """Check every Worker that has not ended; no Backend and no network is needed (W-02)."""
    outcomes: dict[str, list[str]] = {}
    for worker_id, workspace_id in await asyncio.to_thread(list_live, context):
        try:
            outcome = (await recheck_worker(context, worker_id, workspace_id, restart=True)).outcome
        except StoreCorruptError:
            outcomes.setdefault("unreadable", []).append(worker_id)
        except Exception as error:  # noqa: BLE001  one Worker's fault is that Worker's alone
            LOG.fault({}, error)
            await asyncio.to_thread(hold_faulty, context, worker_id, workspace_id)
            outcomes.setdefault("held", []).append(worker_id)
        else:
            outcomes.setdefault(outcome, []).append(worker_id)
    return RestoreReport(**{name: tuple(ids) for name, ids in outcomes.items()})


def hold_faulty(context: Context, worker_id: str, workspace_id: int) -> None:
    """Hold a Worker that could not be looked at, for a reason nobody foresaw."""
    message = "its resolution failed in an unforeseen way; the Runtime's log has the place"
    with context.database.write() as connection:
        row = find_worker(connection, [workspace_id], worker_id)
        if row is not None and row.ended_at is None:
            reasons = (StateReason(code="internal", message=message),)
            apply_trigger(connection, row, "hold", now=context.clock.now(), reasons=reasons)


async def recheck_worker(context: Context, worker_id: str, workspace_id: int, *, restart: bool) -> Rechecked:
    """Apply the host's policy and facts of this moment to one Worker.

    Args:
        context: The Runtime's.
        worker_id: The Worker.
        workspace_id: Row id of its workspace.
        restart: Whether its process is gone with the last Runtime.

    Raises:
        StoreCorruptError: Its record or pins are damaged.
    """
    row, documents, narrowed = await asyncio.to_thread(_read, context, worker_id, workspace_id)
    current = await find_current_rights(context, documents, narrowed=narrowed)
    outcome = await asyncio.to_thread(_settle, context, row, documents, current, restart=restart)
    return Rechecked(outcome=outcome, seen=current.seen)


def _settle(
    context: Context, row: WorkerRow, documents: PinnedDocuments, current: CurrentRights, *, restart: bool
) -> Outcome:
    """Write what follows for the Worker, if it still lives."""
    outcome = _choose_outcome(current)
    with context.database.write() as connection:
        found = find_worker(connection, [row.workspace_id], row.id)
        if found is None or found.ended_at is not None:
            return "restored"
        now = context.clock.now()
        trigger: Trigger | None = "release" if found.state == "held" else "restore" if restart else None
        if outcome in ("restored", "narrowed"):
            _replace_spec(
                connection, found, documents, _list_kept(current, outcome), current.reasons, now=now
            )
        else:
            trigger = "stop" if outcome == "stopped" else "hold"
        if trigger is not None:
            reasons = current.reasons if trigger in ("hold", "stop") else ()
            apply_trigger(connection, found, trigger, now=now, reasons=reasons)
    return outcome


def _choose_outcome(current: CurrentRights) -> Outcome:
    """Return what follows from a Worker's rights, by the answer that host policy gives to less of them."""
    policy = current.seen.policy
    if not current.reasons:
        return "restored"
    if policy is None or current.rights is None:
        return "held"
    if policy.on_narrowing == "narrow" and not current.refused:
        return "narrowed"
    return "stopped" if policy.on_narrowing == "stop" else "held"


def _list_kept(current: CurrentRights, outcome: Outcome) -> tuple[Decision, ...]:
    if outcome == "narrowed" and current.rights is not None:
        return current.rights.decisions
    return current.created.decisions


async def forecast_workers(context: Context) -> tuple[Forecast, ...]:
    """Say what would become of every live Worker under the host's policy and facts of this moment; writes nothing."""
    return tuple(
        [
            await _forecast(context, worker_id, workspace_id)
            for worker_id, workspace_id in await asyncio.to_thread(list_live, context)
        ]
    )


async def _forecast(context: Context, worker_id: str, workspace_id: int) -> Forecast:
    forecast = Forecast(worker=worker_id, state="unknown", change="unreadable")
    try:
        row, documents, narrowed = await asyncio.to_thread(_read, context, worker_id, workspace_id)
        pins = decode_pins(documents.pins)
        forecast = Forecast(
            worker=worker_id,
            issuer=pins.issuer,
            workspace=pins.workspace,
            selector=pins.request.selector,
            state=row.state,
            change="unreadable",
        )
        current = await find_current_rights(context, documents, narrowed=narrowed)
    except StoreCorruptError:
        return forecast
    except Exception as error:  # noqa: BLE001  a live look holds a Worker whose rights cannot be computed
        LOG.fault({}, error)
        return msgspec.structs.replace(forecast, change="unchanged" if forecast.state == "held" else "held")
    stored = msgspec.json.decode(documents.explanation, type=Explanation)
    return msgspec.structs.replace(
        forecast, change=_choose_change(row, current, stored), reasons=current.reasons
    )


def _choose_change(row: WorkerRow, current: CurrentRights, stored: Explanation) -> Change:
    outcome = _choose_outcome(current)
    if outcome == "held":
        return "unchanged" if row.state == "held" else "held"
    if outcome == "stopped":
        return "stopped"
    if row.state == "held":
        return "freed" if outcome == "restored" else "freed_narrowed"
    if stored.decisions == _list_kept(current, outcome):
        return "unchanged"
    return "restored" if outcome == "restored" else "narrowed"


def _replace_spec(
    connection: Connection,
    row: WorkerRow,
    documents: PinnedDocuments,
    decisions: tuple[Decision, ...],
    lost: tuple[StateReason, ...],
    *,
    now: int,
) -> None:
    """Give the Worker the spec that these decisions make, unless it has it; an event says what it is less."""
    stored = msgspec.json.decode(documents.explanation, type=Explanation)
    if stored.decisions == decisions:
        return
    put_spec(
        connection,
        row.number,
        spec=encode_canonical(assemble_spec(decisions, stored.frame)),
        explanation=encode_canonical(msgspec.structs.replace(stored, decisions=decisions)),
    )
    append_event(connection, row.number, NARROWED, {"reasons": msgspec.to_builtins(lost)}, now=now)


def list_live(context: Context) -> list[tuple[str, int]]:
    """Return id and workspace row id of every Worker that has not ended, oldest first."""
    with context.database.read() as connection:
        return list_live_workers(connection)


def _read(context: Context, worker_id: str, workspace_id: int) -> tuple[WorkerRow, PinnedDocuments, bool]:
    with context.database.read() as connection:
        row = find_worker(connection, [workspace_id], worker_id)
        if row is None:
            raise StoreCorruptError("worker")
        return row, get_documents(connection, row), has_event(connection, row.number, NARROWED)
