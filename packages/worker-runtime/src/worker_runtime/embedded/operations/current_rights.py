"""Current rights of a Worker: what it was created with, under the host policy and facts of this moment (W-06, X-13)."""

import asyncio

import msgspec
from msgspec import Struct

from worker_runtime.contract.caller import Caller, verify_scope
from worker_runtime.contract.lifecycle import is_terminal
from worker_runtime.contract.workers import StateReason
from worker_runtime.embedded.operations.context import Context
from worker_runtime.embedded.operations.reproducing import act_for, prepare_pinned
from worker_runtime.embedded.operations.resolving import gather_facts
from worker_runtime.host.facts import HostFacts, HostNeeds
from worker_runtime.host.policy import HostPolicy
from worker_runtime.resolution.errors import Reason
from worker_runtime.resolution.explain import Explanation, explain_resolution
from worker_runtime.resolution.resolve import compute_resolution
from worker_runtime.resolution.rights import Rights, WorkerRights, compute_rights
from worker_runtime.store.events import NARROWED, has_event
from worker_runtime.store.workers import (
    PinnedDocuments,
    WorkerPins,
    WorkerRow,
    decode_pins,
    find_worker,
    get_documents,
)
from worker_runtime.store.workspaces import find_workspaces
from yoi_bundle.errors import YoiError
from yoi_wire.errors import StoreCorruptError, WorkerNotFoundError


class Seen(Struct, frozen=True, kw_only=True):
    """What rights were computed from; other rights are possible only once it differs.

    Attributes:
        policy: Of the workspace; None when it could not be read.
        facts: None when the bundle could not be, so that nothing was asked of the host.
    """

    issuer: str
    workspace: str
    digest: str = ""
    policy: HostPolicy | None = None
    needs: HostNeeds = HostNeeds()
    facts: HostFacts | None = None


class CurrentRights(Struct, frozen=True, kw_only=True):
    """What a Worker may do now.

    Attributes:
        created: What was decided when it was created.
        rights: What is left of that; None when nothing can be said, and so nothing is left.
        lost: Why it is less than it was, or would be refused; empty when it is not.
        refused: Whether the profile would be refused today.
    """

    created: Explanation
    seen: Seen
    rights: Rights | None
    lost: tuple[Reason, ...]
    refused: bool = False

    @property
    def reasons(self) -> tuple[StateReason, ...]:
        """Why, as a Worker's record and its events say it."""
        return tuple(
            StateReason(code=one.code, kind=one.kind, id=one.id, message=one.message) for one in self.lost
        )


async def read_rights(context: Context, caller: Caller, worker_id: str) -> WorkerRights:
    """Say what a Worker may do now; of one that has ended, what it might to the end.

    Raises:
        WorkerNotFoundError: There is none.
        StoreCorruptError: Its record or pins are damaged.
    """
    row, documents, narrowed = await asyncio.to_thread(_read, context, caller, worker_id)
    if is_terminal(row.state):
        stored = msgspec.json.decode(documents.explanation, type=Explanation)
        return WorkerRights(worker=row.id, state=row.state, now=stored, created=stored, lost=())
    current = await find_current_rights(context, documents, narrowed=narrowed)
    decisions = current.rights.decisions if current.rights is not None else ()
    return WorkerRights(
        worker=row.id,
        state=row.state,
        now=msgspec.structs.replace(current.created, decisions=decisions),
        created=current.created,
        lost=current.lost,
    )


def _read(context: Context, caller: Caller, worker_id: str) -> tuple[WorkerRow, PinnedDocuments, bool]:
    verify_scope(caller, "runtime:read")
    with context.database.read() as connection:
        known = find_workspaces(connection, caller.issuer, caller.workspaces)
        row = find_worker(connection, known.keys(), worker_id)
        if row is None:
            raise WorkerNotFoundError(worker_id)
        return row, get_documents(connection, row), has_event(connection, row.number, NARROWED)


async def find_current_rights(
    context: Context, documents: PinnedDocuments, *, narrowed: bool
) -> CurrentRights:
    """Resolve a Worker's pinned request today, and intersect.

    Args:
        context: The Runtime's.
        documents: The Worker's.
        narrowed: Whether its stored spec is less than what it was created with.

    Raises:
        StoreCorruptError: Its pins are damaged.
    """
    pins = decode_pins(documents.pins)
    created = await asyncio.to_thread(_load_created, context, pins, documents, narrowed=narrowed)
    seen = Seen(issuer=pins.issuer, workspace=pins.workspace)
    try:
        policy = context.host.get_policy(pins.issuer, pins.workspace)
        seen = msgspec.structs.replace(seen, policy=policy)
        plan = await asyncio.to_thread(prepare_pinned, context, pins, policy)
        facts = await gather_facts(context, act_for(pins), pins.workspace, plan)
        resolution = await asyncio.to_thread(compute_resolution, plan, facts, pins.request.intent)
    except StoreCorruptError:
        raise
    except YoiError as error:
        reason = Reason(code=error.code, kind="", id="", message=str(error))
        return CurrentRights(created=created, seen=seen, rights=None, lost=(reason,), refused=True)
    rights = compute_rights(created.decisions, resolution.decisions)
    return CurrentRights(
        created=created,
        seen=msgspec.structs.replace(seen, digest=plan.plan.frame.digest, needs=plan.needs, facts=facts),
        rights=rights,
        lost=tuple(dict.fromkeys((*resolution.reasons, *rights.lost))),
        refused=bool(resolution.reasons),
    )


def _load_created(
    context: Context, pins: WorkerPins, documents: PinnedDocuments, *, narrowed: bool
) -> Explanation:
    """Return what was decided at creation; from the pins, where the stored explanation says what was left later.

    A resolver that decides otherwise than the one that created the Worker cannot tell: what is stored stays the most.
    """
    stored = msgspec.json.decode(documents.explanation, type=Explanation)
    if not narrowed:
        return stored
    try:
        plan = prepare_pinned(context, pins, pins.policy)
        resolution = compute_resolution(plan, pins.facts, pins.request.intent)
    except StoreCorruptError:
        raise
    except YoiError:
        return stored
    return explain_resolution(resolution) if resolution.digest == pins.resolution_digest else stored
