"""Restoration of Workers from their pins; what host policy would narrow is not kept silently (W-06)."""

import asyncio

import msgspec
from msgspec import Struct

from worker_runtime.contract.lifecycle import Trigger
from worker_runtime.contract.workers import StateReason
from worker_runtime.embedded.operations.context import Context
from worker_runtime.embedded.operations.reproducing import act_for, prepare_pinned
from worker_runtime.embedded.operations.resolving import gather_facts
from worker_runtime.embedded.operations.workers import apply_trigger
from worker_runtime.host.policy import HostPolicy
from worker_runtime.resolution.explain import Explanation
from worker_runtime.resolution.resolve import Resolution, compute_resolution
from worker_runtime.resolution.rights import Rights, compute_rights
from worker_runtime.resolution.spec import assemble_spec
from worker_runtime.store.events import append_event
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
from yoi_bundle.errors import YoiError
from yoi_wire.errors import StoreCorruptError


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
    for worker_id, workspace_id in await asyncio.to_thread(_list_live, context):
        try:
            outcome = await recheck_worker(context, worker_id, workspace_id, restart=True)
        except StoreCorruptError:
            outcome = "unreadable"
        outcomes.setdefault(outcome, []).append(worker_id)
    return RestoreReport(**{name: tuple(ids) for name, ids in outcomes.items()})


async def recheck_worker(context: Context, worker_id: str, workspace_id: int, *, restart: bool) -> str:
    """Apply the host's policy and facts of this moment to one Worker.

    Args:
        context: The Runtime's.
        worker_id: The Worker.
        workspace_id: Row id of its workspace.
        restart: Whether its process is gone with the last Runtime.

    Returns:
        `restored`, `narrowed`, `held` or `stopped`.

    Raises:
        StoreCorruptError: Its record or pins are damaged.
    """
    row, documents = await asyncio.to_thread(_read, context, worker_id, workspace_id)
    pins = decode_pins(documents.pins)
    policy = context.host.get_policy(pins.issuer, pins.workspace)
    try:
        plan = await asyncio.to_thread(prepare_pinned, context, pins, policy)
        facts = await gather_facts(context, act_for(pins), pins.workspace, plan)
        resolution = await asyncio.to_thread(compute_resolution, plan, facts, pins.request.intent)
    except StoreCorruptError:
        raise
    except YoiError as error:
        reason = StateReason(code=error.code, message=str(error))
        return await asyncio.to_thread(_settle, context, row, "hold", (reason,))
    return await asyncio.to_thread(_judge, context, row, documents, policy, resolution, restart=restart)


def _judge(
    context: Context,
    row: WorkerRow,
    documents: PinnedDocuments,
    policy: HostPolicy,
    resolution: Resolution,
    *,
    restart: bool,
) -> str:
    explanation = msgspec.json.decode(documents.explanation, type=Explanation)
    rights = compute_rights(explanation.decisions, resolution.decisions)
    refused = tuple(
        StateReason(code=one.code, kind=one.kind, id=one.id, message=one.message)
        for one in resolution.reasons
    )
    if not rights.lost and not refused:
        trigger: Trigger | None = "release" if row.state == "held" else "restore" if restart else None
        return _settle(context, row, trigger, ())
    reasons = tuple(dict.fromkeys((*refused, *rights.lost)))
    if policy.on_narrowing == "stop":
        return _settle(context, row, "stop", reasons)
    if policy.on_narrowing == "narrow" and not refused:
        return _narrow(context, row, explanation, rights, restart=restart)
    return _settle(context, row, "hold", reasons)


def _settle(
    context: Context, row: WorkerRow, trigger: Trigger | None, reasons: tuple[StateReason, ...]
) -> str:
    if trigger is not None:
        with context.database.write() as connection:
            current = find_worker(connection, [row.workspace_id], row.id)
            if current is not None and current.ended_at is None:
                apply_trigger(connection, current, trigger, now=context.clock.now(), reasons=reasons)
    return {"hold": "held", "stop": "stopped"}.get(trigger or "", "restored")


def _narrow(
    context: Context,
    row: WorkerRow,
    explanation: Explanation,
    rights: Rights,
    *,
    restart: bool,
) -> str:
    spec = assemble_spec(rights.decisions, explanation.frame)
    narrowed = msgspec.structs.replace(explanation, decisions=rights.decisions)
    now = context.clock.now()
    with context.database.write() as connection:
        current = find_worker(connection, [row.workspace_id], row.id)
        if current is None or current.ended_at is not None:
            return "restored"
        put_spec(
            connection,
            row.number,
            spec=encode_canonical(spec),
            explanation=encode_canonical(narrowed),
        )
        body = {"reasons": msgspec.to_builtins(rights.lost)}
        append_event(connection, row.number, "narrowed", body, now=now)
        if restart:
            trigger: Trigger = "release" if current.state == "held" else "restore"
            apply_trigger(connection, current, trigger, now=now)
    return "narrowed"


def _list_live(context: Context) -> list[tuple[str, int]]:
    with context.database.read() as connection:
        return list_live_workers(connection)


def _read(context: Context, worker_id: str, workspace_id: int) -> tuple[WorkerRow, PinnedDocuments]:
    with context.database.read() as connection:
        row = find_worker(connection, [workspace_id], worker_id)
        if row is None:
            raise StoreCorruptError("worker")
        return row, get_documents(connection, row)
