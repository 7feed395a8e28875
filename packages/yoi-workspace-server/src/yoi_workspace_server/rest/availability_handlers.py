"""Handlers of how workspaces stand on Runtimes,, and syncs on demand (K-04, K-05)."""

from collections.abc import Sequence

from yoi_wire.backend.availability import AvailabilityView, SyncView
from yoi_wire.backend.errors import PlacementDeniedError, WorkspaceNotFoundError
from yoi_wire.backend.operations import LIST_AVAILABILITY, SYNC_RUNTIME
from yoi_wire.paging import Page
from yoi_wire.server.router import handles
from yoi_workspace_server.placement import decide_placement
from yoi_workspace_server.rest.services import BackendCall, Services
from yoi_workspace_server.rest.visible_runtimes import get_visible
from yoi_workspace_server.roles import Principal
from yoi_workspace_server.runtimes import RegisteredRuntime
from yoi_workspace_server.sync_status import PairKey, PairStatus
from yoi_workspace_server.views.availability import build_availability_view

_SYNC_SECONDS = 60.0


@handles(LIST_AVAILABILITY)
async def list_availability(
    call: BackendCall, workspace: str | None, runtime: str | None, cursor: str | None, limit: int
) -> Page[AvailabilityView]:
    principal = call.caller
    services = call.services
    if workspace is not None:
        await _verify_seen(services, principal, workspace)
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
        await _verify_seen(services, principal, workspace)
    found = await get_visible(services.store, principal, runtime)
    if workspace is None:
        return SyncView(due=await _mark_due(services, principal, runtime), pair=None)
    status = await services.reconciler.sync_now(PairKey(runtime, workspace), deadline_seconds=_SYNC_SECONDS)
    if status is None:
        raise await _explain_absence(services, workspace, found)
    (view,) = await _build_views(services, [status], principal)
    return SyncView(due=0, pair=view)


async def _verify_seen(services: Services, principal: Principal, workspace: str) -> None:
    if not principal.sees(workspace):
        raise WorkspaceNotFoundError(workspace)
    await services.store.workspaces.get_workspace(workspace)


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
    revoked = await store.revocations.list_digests(sorted({one.key.workspace for one in statuses}))
    return tuple(
        build_availability_view(
            status,
            runtimes[status.key.runtime],
            rejections=rejections.get(status.key, ()),
            revoked=revoked.get(status.key.workspace, frozenset()),
            secret_names=principal.may("secret_names:read"),
        )
        for status in statuses
        if status.key.runtime in runtimes
    )
