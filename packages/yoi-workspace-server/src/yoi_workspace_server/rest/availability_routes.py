"""How workspaces stand on Runtimes, over HTTP, and syncs on demand (K-04, K-05)."""

from collections.abc import Sequence

from litestar import Response, get, post
from litestar.params import FromPath

from worker_runtime.rest.answers import answer_json, read_limit, read_text, verify_query
from worker_runtime.rest.bodies import verify_no_body
from worker_runtime.rest.services import HttpRequest
from yoi_wire.backend.errors import PlacementDeniedError, WorkspaceNotFoundError
from yoi_wire.paging import Page
from yoi_workspace_server.placement import decide_placement
from yoi_workspace_server.rest.principals import authorize
from yoi_workspace_server.rest.services import BackendServices, get_backend
from yoi_workspace_server.rest.visible_runtimes import get_visible
from yoi_workspace_server.roles import Principal
from yoi_workspace_server.runtimes import RegisteredRuntime
from yoi_workspace_server.sync_status import PairKey, PairStatus
from yoi_workspace_server.views.availability import AvailabilityView, SyncView, build_availability_view

_SYNC_SECONDS = 60.0


@get("/api/v1/availability")
async def list_availability(request: HttpRequest) -> Response[bytes]:
    principal = await authorize(request, "runtimes:read")
    verify_query(request, "workspace", "runtime", "cursor", "limit")
    services = get_backend(request)
    workspace, runtime = read_text(request, "workspace"), read_text(request, "runtime")
    if workspace is not None:
        await _verify_seen(services, principal, workspace)
    if runtime is not None:
        await get_visible(services.store, principal, runtime)
    page = await services.store.pairs.list_pairs(
        runtime=runtime,
        workspace=workspace,
        within=principal.workspaces,
        limit=read_limit(request),
        cursor=read_text(request, "cursor"),
    )
    views = await _build_views(services, page.items, principal)
    return answer_json(Page[AvailabilityView](items=views, next_cursor=page.next_cursor))


@post("/api/v1/runtimes/{runtime:str}/sync", status_code=200)
async def sync_runtime(request: HttpRequest, runtime: FromPath[str]) -> Response[bytes]:
    """Make all pairs of a Runtime due; with `workspace`, attempt that one now and say how it stands."""
    principal = await authorize(request, "runtimes:sync")
    verify_query(request, "workspace")
    await verify_no_body(request)
    services = get_backend(request)
    workspace = read_text(request, "workspace")
    if workspace is not None:
        await _verify_seen(services, principal, workspace)
    found = await get_visible(services.store, principal, runtime)
    if workspace is None:
        return answer_json(SyncView(due=await _mark_due(services, principal, runtime), pair=None))
    status = await services.reconciler.sync_now(PairKey(runtime, workspace), deadline_seconds=_SYNC_SECONDS)
    if status is None:
        raise await _explain_absence(services, workspace, found)
    (view,) = await _build_views(services, [status], principal)
    return answer_json(SyncView(due=0, pair=view))


async def _verify_seen(services: BackendServices, principal: Principal, workspace: str) -> None:
    if not principal.sees(workspace):
        raise WorkspaceNotFoundError(workspace)
    await services.store.workspaces.get_workspace(workspace)


async def _mark_due(services: BackendServices, principal: Principal, runtime: str) -> int:
    now = services.clock.now()
    if principal.workspaces is None:
        return await services.store.pairs.mark_due(runtime=runtime, now=now)
    counts = [
        await services.store.pairs.mark_due(runtime=runtime, workspace=one, now=now)
        for one in sorted(principal.workspaces)
    ]
    return sum(counts)


async def _explain_absence(
    services: BackendServices, workspace: str, runtime: RegisteredRuntime
) -> PlacementDeniedError:
    """Say why there is nothing to sync: what never was placed has no pair."""
    found = await services.store.workspaces.get_workspace(workspace)
    policy = await services.store.placements.get_policy()
    decision = decide_placement(policy, found.placed, runtime.placed)
    return PlacementDeniedError(workspace, runtime.name, rule=decision.rule or "")


async def _build_views(
    services: BackendServices, statuses: Sequence[PairStatus], principal: Principal
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


AVAILABILITY_ROUTES = (list_availability, sync_runtime)
