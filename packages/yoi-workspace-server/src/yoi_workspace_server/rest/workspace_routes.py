"""Workspaces over HTTP: what there is, where it comes from, and what becomes of it (K-01)."""

from litestar import Response, delete, get, patch, post
from litestar.params import FromPath

from worker_runtime.rest.answers import answer_json, answer_nothing, read_limit, read_text, verify_query
from worker_runtime.rest.bodies import read_document
from worker_runtime.rest.services import HttpRequest
from yoi_wire.paging import Page
from yoi_workspace_server.rest.principals import authorize, authorize_on, authorize_whole
from yoi_workspace_server.rest.services import get_backend
from yoi_workspace_server.roles import verify_whole_backend
from yoi_workspace_server.views.workspaces import WorkspaceView, build_workspace_view
from yoi_workspace_server.workspaces import NewWorkspace, WorkspaceChange


@get("/api/v1/workspaces")
async def list_workspaces(request: HttpRequest) -> Response[bytes]:
    principal = await authorize(request, "workspaces:read")
    verify_query(request, "cursor", "limit")
    page = await get_backend(request).store.workspaces.list_workspaces(
        within=principal.workspaces, limit=read_limit(request), cursor=read_text(request, "cursor")
    )
    views = tuple(build_workspace_view(one) for one in page.items)
    return answer_json(Page[WorkspaceView](items=views, next_cursor=page.next_cursor))


@get("/api/v1/workspaces/{workspace:str}")
async def get_workspace(request: HttpRequest, workspace: FromPath[str]) -> Response[bytes]:
    await authorize_on(request, "workspaces:read", workspace)
    verify_query(request)
    found = await get_backend(request).store.workspaces.get_workspace(workspace)
    return answer_json(build_workspace_view(found))


@post("/api/v1/workspaces")
async def add_workspace(request: HttpRequest) -> Response[bytes]:
    principal = await authorize_whole(request, "workspaces:write")
    verify_query(request)
    new = await read_document(request, NewWorkspace)
    services = get_backend(request)
    services.sources.verify(new.source)
    now = services.clock.now()
    added = await services.store.workspaces.add_workspace(new, actor=principal.name, now=now)
    await services.store.placements.apply_policy(workspace=added.id, actor=principal.name, now=now)
    return answer_json(build_workspace_view(added), 201)


@patch("/api/v1/workspaces/{workspace:str}")
async def change_workspace(request: HttpRequest, workspace: FromPath[str]) -> Response[bytes]:
    principal = await authorize_on(request, "workspaces:write", workspace)
    verify_query(request)
    change = await read_document(request, WorkspaceChange)
    services = get_backend(request)
    if change.source is not None:
        # With the server's own access, a source reads what belongs to other workspaces as well.
        verify_whole_backend(principal, "workspaces:write")
        services.sources.verify(change.source)
    now = services.clock.now()
    changed = await services.store.workspaces.change_workspace(
        workspace, change, actor=principal.name, now=now
    )
    await services.store.placements.apply_policy(workspace=workspace, actor=principal.name, now=now)
    return answer_json(build_workspace_view(changed))


@delete("/api/v1/workspaces/{workspace:str}", status_code=204)
async def delete_workspace(request: HttpRequest, workspace: FromPath[str]) -> Response[None]:
    principal = await authorize_on(request, "workspaces:write", workspace)
    verify_query(request)
    services = get_backend(request)
    await services.store.workspaces.delete_workspace(
        workspace, actor=principal.name, now=services.clock.now()
    )
    return answer_nothing()


WORKSPACE_ROUTES = (list_workspaces, get_workspace, add_workspace, change_workspace, delete_workspace)
