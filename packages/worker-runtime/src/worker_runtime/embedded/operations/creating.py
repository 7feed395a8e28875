"""Creation of a Worker: resolve, then one transaction for record, pins, first event and the end of the lease (W-01)."""

import asyncio
from functools import partial

from worker_runtime.contract.caller import Caller, verify_access
from worker_runtime.contract.workers import CreateWorkerRequest, Worker
from worker_runtime.embedded.operations.context import Context
from worker_runtime.embedded.operations.resolving import (
    Resolved,
    find_idle_rule,
    gather_facts,
    prepare_request,
)
from worker_runtime.embedded.operations.workers import view_pinned, view_worker
from worker_runtime.host.facts import HostFacts
from worker_runtime.host.policy import HostPolicy
from worker_runtime.resolution.errors import Reason, ResolutionRefusedError
from worker_runtime.resolution.explain import encode_explanation
from worker_runtime.resolution.host_plan import HostPlan
from worker_runtime.resolution.resolve import seal_resolution
from worker_runtime.store.assignments import find_assignment
from worker_runtime.store.builtin_sets import put_builtin_set
from worker_runtime.store.bundles import find_bundle_id, find_damage
from worker_runtime.store.connection import Connection
from worker_runtime.store.events import append_first_event
from worker_runtime.store.leases import delete_lease
from worker_runtime.store.workers import (
    NewWorker,
    WorkerPins,
    WorkerRow,
    compute_fingerprint,
    encode_pins,
    find_worker_by_key,
    insert_worker,
)
from worker_runtime.store.workspaces import find_workspace, put_workspace
from yoi_wire.errors import BundleCorruptError, BundleMissingError, BundleUnassignedError


async def create_worker(context: Context, caller: Caller, wanted: CreateWorkerRequest) -> Worker:
    """Create a Worker, or return the one that stands under the key.

    Raises:
        WorkerConflictError: The key stands for other content.
        BundleUnassignedError: Host policy confines new Workers to the assigned digest (R-11).
        ResolutionRefusedError: With every reason (S-09).
        RequestInvalidError: The intent has a rule that can never match.
        BundleMissingError, BundleCorruptError, InvalidSelectorError, BundleRequiredError, ProfileNotFoundError:
            See `prepare_request`.
    """
    verify_access(caller, "workers:create", wanted.workspace)
    known = _find_known_plan(context, caller, wanted)
    if known is not None:
        outcome = await _resolve_and_store(context, caller, wanted, known)
        if isinstance(outcome, Worker):
            return outcome
    # Whether the caller's workspace holds the bundle at all comes before why it would be refused.
    prepared = await asyncio.to_thread(_prepare, context, caller, wanted)
    if isinstance(prepared, Worker):
        return prepared
    outcome = await _resolve_and_store(context, caller, wanted, prepared)
    if isinstance(outcome, Worker):
        return outcome
    raise ResolutionRefusedError(outcome)


def _find_known_plan(context: Context, caller: Caller, wanted: CreateWorkerRequest) -> HostPlan | None:
    """Return what an earlier Worker of the same profile was resolved by; spares a look into the store.

    The transaction that stores the Worker checks the bundle and the key anyway.
    """
    request = wanted.request
    if request.bundle_digest is None or find_idle_rule(request.intent) is not None:
        return None
    policy = context.host.get_policy(caller.issuer, wanted.workspace)
    return context.plans.find_host_plan(request.bundle_digest, request.selector, policy, source="bundle")


async def _resolve_and_store(
    context: Context, caller: Caller, wanted: CreateWorkerRequest, plan: HostPlan
) -> Worker | tuple[Reason, ...]:
    facts = await gather_facts(context, caller, wanted.workspace, plan)
    return await context.writer.run(partial(_store, context, caller, wanted, plan, facts))


def _prepare(context: Context, caller: Caller, wanted: CreateWorkerRequest) -> Worker | HostPlan:
    fingerprint = compute_fingerprint(wanted.request)
    with context.database.read() as connection:
        workspace_id = find_workspace(connection, caller.issuer, wanted.workspace)
        if workspace_id is not None:
            held = find_worker_by_key(connection, workspace_id, wanted.key, fingerprint)
            if held is not None:
                return view_worker(connection, held, wanted.workspace)
    if (refusal := find_idle_rule(wanted.request.intent)) is not None:
        raise refusal
    return prepare_request(context, caller, wanted.workspace, wanted.request)


def _store(
    context: Context, caller: Caller, wanted: CreateWorkerRequest, plan: HostPlan, facts: HostFacts
) -> Worker | tuple[Reason, ...]:
    """Store a Worker, or return why it is refused."""
    intent = wanted.request.intent
    found = context.specs.get_spec(plan, facts, intent)
    if found.decided.reasons:
        return found.decided.reasons
    resolution = seal_resolution(plan, found.decided, intent)
    pins = build_pins(context, caller, wanted, plan.policy, Resolved(resolution=resolution, facts=facts))
    new = NewWorker(
        id=context.new_id(),
        key=wanted.key,
        fingerprint=compute_fingerprint(wanted.request),
        bundle_digest=wanted.request.bundle_digest,
        pins=encode_pins(pins),
        spec=resolution.spec_bytes,
        explanation=encode_explanation(resolution, found.decisions),
    )
    with context.database.write() as connection:
        row = _insert(context, connection, caller, wanted.workspace, new, policy=plan.policy)
        if row.id != new.id:
            return view_worker(connection, row, wanted.workspace)
    return view_pinned(row, wanted.workspace, pins)


def _insert(
    context: Context,
    connection: Connection,
    caller: Caller,
    workspace: str,
    new: NewWorker,
    *,
    policy: HostPolicy,
) -> WorkerRow:
    """Look at everything again that may have changed since it was read, and write."""
    workspace_id = put_workspace(connection, caller.issuer, workspace)
    held = find_worker_by_key(connection, workspace_id, new.key, new.fingerprint)
    if held is not None:
        return held
    if new.bundle_digest is None:
        put_builtin_set(connection, context.builtin)
    else:
        _verify_usable(connection, workspace_id, new.bundle_digest, policy)
        delete_lease(connection, workspace_id, caller.key, new.bundle_digest)
    now = context.clock.now()
    row = insert_worker(connection, new, workspace_id=workspace_id, now=now)
    append_first_event(connection, row.number, "created", {"state": row.state}, now=now)
    return row


def build_pins(
    context: Context,
    caller: Caller,
    wanted: CreateWorkerRequest,
    policy: HostPolicy,
    resolved: Resolved,
) -> WorkerPins:
    """Return what a Worker keeps of its resolution's inputs (W-02)."""
    request = wanted.request
    return WorkerPins(
        issuer=caller.issuer,
        workspace=wanted.workspace,
        key=wanted.key,
        caller_kind=caller.kind,
        request=request,
        policy=policy,
        facts=resolved.facts,
        resolver_version=resolved.resolution.frame.resolver_version,
        resolution_digest=resolved.resolution.digest,
        builtin_digest=context.builtin.digest if request.bundle_digest is None else None,
    )


def _verify_usable(connection: Connection, workspace_id: int, digest: str, policy: HostPolicy) -> None:
    bundle_id = find_bundle_id(connection, workspace_id, digest)
    if bundle_id is None:
        raise BundleMissingError(digest)
    damaged = find_damage(connection, workspace_id, bundle_id, digest)
    if damaged:
        raise BundleCorruptError(digest, damaged)
    if policy.assigned_only:
        assignment = find_assignment(connection, workspace_id)
        assigned = assignment.digest if assignment is not None else None
        if assigned != digest:
            raise BundleUnassignedError(digest, assigned)
