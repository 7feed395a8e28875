"""Handlers of Runtimes, of availability and of placement rules (K-02 to K-05)."""

from collections.abc import Sequence

from yoi_wire.backend.availability import AvailabilityView, SyncView
from yoi_wire.backend.errors import (
    PlacementDeniedError,
    RuntimeNotFoundError,
    WorkspaceConflictError,
)
from yoi_wire.backend.operations import (
    ADD_RUNTIME,
    CHANGE_RUNTIME,
    EXPLAIN_PLACEMENT,
    GET_PLACEMENTS,
    GET_RUNTIME,
    GET_RUNTIME_CONNECTION,
    LIST_AVAILABILITY,
    LIST_RUNTIMES,
    PUT_PLACEMENTS,
    REMOVE_RUNTIME,
    RESET_GENERATIONS,
    SYNC_RUNTIME,
)
from yoi_wire.backend.placements import PlacementDecisionView, PlacementPolicy
from yoi_wire.backend.runtimes import RuntimeAddition, RuntimeChange, RuntimeView
from yoi_wire.paging import MAX_PAGE_SIZE, Page, collect_pages, iterate_pages
from yoi_wire.server.responses import Answer, format_entity_tag
from yoi_wire.server.router import handles
from yoi_workspace_server.audit import AuditEntry
from yoi_workspace_server.placement import PlacedWorkspace, decide_placement, may_receive
from yoi_workspace_server.registry.dialer import verify_connection
from yoi_workspace_server.rest.principals import verify_sees
from yoi_workspace_server.rest.services import BackendCall, Services
from yoi_workspace_server.roles import Principal, verify_permission
from yoi_workspace_server.runtimes import RegisteredRuntime
from yoi_workspace_server.store.store import Store
from yoi_workspace_server.sync_status import PairKey, PairStatus
from yoi_workspace_server.views.runtimes import (
    build_availability_view,
    build_connection_view,
    build_decision_view,
    build_policy_view,
    build_runtime_view,
)


@handles(LIST_RUNTIMES)
async def list_runtimes(call: BackendCall, cursor: str | None, limit: int) -> Page[RuntimeView]:
    principal = call.caller
    page = await list_visible(
        call.services.store,
        principal,
        limit=limit,
        cursor=cursor,
    )
    names = principal.may("secret_names:read")
    return page.map(lambda item: build_runtime_view(item, secret_names=names))


@handles(GET_RUNTIME)
async def get_runtime(call: BackendCall, runtime: str) -> RuntimeView:
    principal = call.caller
    found = await get_visible(call.services.store, principal, runtime)
    return build_runtime_view(found, secret_names=principal.may("secret_names:read"))


@handles(GET_RUNTIME_CONNECTION)
async def get_runtime_connection(call: BackendCall, runtime: str) -> Answer:
    """Answer with endpoint and trust, for a token that names the scope; no browser asks for this."""
    services = call.services
    found = await services.store.runtimes.get_runtime(runtime)
    read = AuditEntry(actor=call.caller.name, action="connection.read", runtime=runtime)
    if call.request.method != "HEAD":
        await services.store.audit.append([read], now=services.clock.now())
    return Answer(build_connection_view(found), headers={"Cache-Control": "no-store"})


@handles(ADD_RUNTIME)
async def add_runtime(call: BackendCall, body: RuntimeAddition) -> Answer:
    """Register a remote Runtime; who may not see where Runtimes are may not say it, either.

    An endpoint is sent tokens, so that naming another one is as good as holding a credential.
    """
    principal = call.caller
    verify_permission(principal, "runtimes:connection")
    verify_connection(body.connection)
    added = await call.services.registration.add_remote(
        body.name,
        body.connection,
        audience=body.audience,
        labels=body.labels,
        actor=principal.name,
    )
    view = build_runtime_view(added, secret_names=principal.may("secret_names:read"))
    return Answer(view, headers={"Location": f"/api/v1/runtimes/{added.name}"})


@handles(CHANGE_RUNTIME)
async def change_runtime(call: BackendCall, runtime: str, body: RuntimeChange) -> RuntimeView:
    principal = call.caller
    if body.connection is not None:
        verify_permission(principal, "runtimes:connection")
        verify_connection(body.connection)
    changed = await call.services.registration.change(
        runtime, labels=body.labels, connection=body.connection, actor=principal.name
    )
    return build_runtime_view(changed, secret_names=principal.may("secret_names:read"))


@handles(REMOVE_RUNTIME)
async def remove_runtime(call: BackendCall, runtime: str, force: bool) -> None:
    """Have its assignments deleted, and remove it; with `force=true` also when it cannot be asked to."""
    principal = call.caller
    registration = call.services.registration
    await registration.remove(runtime, actor=principal.name, force=force)


_SYNC_SECONDS = 60.0


@handles(LIST_AVAILABILITY)
async def list_availability(
    call: BackendCall, workspace: str | None, runtime: str | None, cursor: str | None, limit: int
) -> Page[AvailabilityView]:
    principal = call.caller
    services = call.services
    if workspace is not None:
        await verify_sees(call, workspace)
    if runtime is not None:
        await get_visible(services.store, principal, runtime)
    page = await services.store.pairs.list_pairs(
        runtime=runtime,
        workspace=workspace,
        within=principal.workspaces,
        limit=limit,
        cursor=cursor,
    )
    views = await _build_views(services, page.items, principal)
    return Page[AvailabilityView](items=views, next_cursor=page.next_cursor)


@handles(SYNC_RUNTIME)
async def sync_runtime(call: BackendCall, runtime: str, workspace: str | None) -> SyncView:
    """Make all pairs of a Runtime due; with `workspace`, attempt that one now and say how it stands."""
    principal = call.caller
    services = call.services
    if workspace is not None:
        await verify_sees(call, workspace)
    found = await get_visible(services.store, principal, runtime)
    if workspace is None:
        return SyncView(due=await _mark_due(services, principal, runtime), pair=None)
    status = await services.reconciler.sync_now(PairKey(runtime, workspace), deadline_seconds=_SYNC_SECONDS)
    if status is None:
        raise await _explain_absence(services, workspace, found)
    (view,) = await _build_views(services, [status], principal)
    return SyncView(due=0, pair=view)


@handles(RESET_GENERATIONS)
async def reset_generations(call: BackendCall, runtime: str, workspace: str) -> AvailabilityView:
    """Forget how far a Runtime was ahead, and try again from the workspace's own generations."""
    principal = call.caller
    services = call.services
    await verify_sees(call, workspace)
    found = await get_visible(services.store, principal, runtime)
    key = PairKey(runtime, workspace)
    status = await services.store.pairs.reset_generations(key, actor=principal.name, now=services.clock.now())
    if status is None:
        raise await _explain_absence(services, workspace, found)
    (view,) = await _build_views(services, [status], principal)
    return view


async def _mark_due(services: Services, principal: Principal, runtime: str) -> int:
    now = services.clock.now()
    if principal.workspaces is None:
        return await services.store.pairs.mark_due(runtime=runtime, now=now)
    counts = [
        await services.store.pairs.mark_due(runtime=runtime, workspace=one, now=now)
        for one in sorted(principal.workspaces)
    ]
    return sum(counts)


async def _explain_absence(
    services: Services, workspace: str, runtime: RegisteredRuntime
) -> PlacementDeniedError:
    """Say why there is nothing to sync: what never was placed has no pair."""
    found = await services.store.workspaces.get_workspace(workspace)
    policy = await services.store.placements.get_policy()
    decision = decide_placement(policy, found.placed, runtime.placed)
    return PlacementDeniedError(workspace, runtime.name, rule=decision.rule or "")


async def _build_views(
    services: Services, statuses: Sequence[PairStatus], principal: Principal
) -> tuple[AvailabilityView, ...]:
    store = services.store
    runtimes = await store.runtimes.get_runtimes(sorted({one.key.runtime for one in statuses}))
    rejections = await store.rejections.list_in_force([one.key for one in statuses])
    failures = await store.builds.list_failures(sorted({one.key.workspace for one in statuses}))
    revoked = await store.revocations.list_digests(sorted({one.key.workspace for one in statuses}))
    return tuple(
        build_availability_view(
            status,
            runtimes[status.key.runtime],
            rejections=rejections.get(status.key, ()),
            revoked=revoked.get(status.key.workspace, frozenset()),
            failed_build=failures.get(status.key.workspace),
            secret_names=principal.may("secret_names:read"),
        )
        for status in statuses
        if status.key.runtime in runtimes
    )


EVERY_WORKSPACE = "*"
"""What a conflict over the rules is about."""


@handles(EXPLAIN_PLACEMENT)
async def explain_placement(call: BackendCall, workspace: str, runtime: str) -> PlacementDecisionView:
    principal = call.caller
    await verify_sees(call, workspace)
    store = call.services.store
    found = await get_visible(store, principal, runtime)
    placed = (await store.workspaces.get_workspace(workspace)).placed
    decision = decide_placement(await store.placements.get_policy(), placed, found.placed)
    return build_decision_view(decision, workspace=workspace, runtime=runtime, principal=principal)


def _answer(policy: PlacementPolicy) -> Answer:
    tag = format_entity_tag(str(policy.generation))
    return Answer(build_policy_view(policy), headers={"ETag": tag})


class RuntimeSight:
    """What one principal sees of the registry, by the placement rules as they were read."""

    def __init__(self, policy: PlacementPolicy, workspaces: tuple[PlacedWorkspace, ...] | None) -> None:
        self._policy = policy
        self._workspaces = workspaces

    def sees(self, runtime: RegisteredRuntime) -> bool:
        if self._workspaces is None:
            return True
        return any(may_receive(self._policy, one, runtime.placed) for one in self._workspaces)


async def read_sight(store: Store, principal: Principal) -> RuntimeSight:
    """Read the rules, and the workspaces that the principal sees."""
    if principal.workspaces is None:
        return RuntimeSight(PlacementPolicy(), None)
    workspaces = await collect_pages(
        lambda cursor: store.workspaces.list_workspaces(
            within=principal.workspaces, limit=MAX_PAGE_SIZE, cursor=cursor
        )
    )
    return RuntimeSight(await store.placements.get_policy(), tuple(one.placed for one in workspaces))


async def list_visible(
    store: Store, principal: Principal, *, limit: int, cursor: str | None
) -> Page[RegisteredRuntime]:
    """List Runtimes by name; neither a page nor its cursor tells of one that the principal does not see."""
    sight = await read_sight(store, principal)
    seen: list[RegisteredRuntime] = []
    pages = iterate_pages(lambda last: store.runtimes.list_runtimes(limit=limit, cursor=last), cursor=cursor)
    async for page in pages:
        seen += [one for one in page.items if sight.sees(one)]
        if len(seen) > limit:
            return Page(items=tuple(seen[:limit]), next_cursor=seen[limit - 1].name)
    return Page(items=tuple(seen), next_cursor=None)


async def get_visible(store: Store, principal: Principal, name: str) -> RegisteredRuntime:
    """Return a Runtime.

    Raises:
        RuntimeNotFoundError: There is none of this name that the principal sees.
    """
    found = await store.runtimes.get_runtime(name)
    if not (await read_sight(store, principal)).sees(found):
        raise RuntimeNotFoundError(name)
    return found


@handles(GET_PLACEMENTS)
async def get_placements(call: BackendCall) -> Answer:
    """Answer with all rules; they concern every workspace, and so must the token."""
    return _answer(await call.services.store.placements.get_policy())


@handles(PUT_PLACEMENTS)
async def put_placements(call: BackendCall, body: PlacementPolicy) -> Answer:
    """Replace all rules, if `generation` is still that which the caller has seen."""
    principal = call.caller
    policy = await call.services.registration.put_rules(
        body.rules, expected_generation=body.generation, actor=principal.name
    )
    if policy is None:
        raise WorkspaceConflictError(EVERY_WORKSPACE, "superseded")
    return _answer(policy)
