"""Handlers of workspaces: what there is, where it comes from, and what becomes of it (K-01)."""

from yoi_wire.backend.operations import (
    ADD_WORKSPACE,
    CHANGE_WORKSPACE,
    DELETE_WORKSPACE,
    GET_WORKSPACE,
    LIST_WORKSPACES,
)
from yoi_wire.backend.workspaces import NewWorkspace, WorkspaceChange, WorkspaceView
from yoi_wire.paging import Page
from yoi_wire.server.router import handles
from yoi_workspace_server.rest.services import BackendCall
from yoi_workspace_server.roles import verify_whole_backend
from yoi_workspace_server.views.workspaces import build_workspace_view


@handles(LIST_WORKSPACES)
async def list_workspaces(call: BackendCall, cursor: str | None, limit: int) -> Page[WorkspaceView]:
    principal = call.caller
    page = await call.services.store.workspaces.list_workspaces(
        within=principal.workspaces, limit=limit, cursor=cursor
    )
    return page.map(build_workspace_view)


@handles(GET_WORKSPACE)
async def get_workspace(call: BackendCall, workspace: str) -> WorkspaceView:
    found = await call.services.store.workspaces.get_workspace(workspace)
    return build_workspace_view(found)


@handles(ADD_WORKSPACE)
async def add_workspace(call: BackendCall, body: NewWorkspace) -> WorkspaceView:
    principal = call.caller
    services = call.services
    services.sources.verify(body.source)
    now = services.clock.now()
    added = await services.store.workspaces.add_workspace(body, actor=principal.name, now=now)
    await services.store.placements.apply_policy(workspace=added.id, actor=principal.name, now=now)
    return build_workspace_view(added)


@handles(CHANGE_WORKSPACE)
async def change_workspace(call: BackendCall, workspace: str, body: WorkspaceChange) -> WorkspaceView:
    principal = call.caller
    services = call.services
    if body.source is not None:
        # With the server's own access, a source reads what belongs to other workspaces as well.
        verify_whole_backend(principal, "workspaces:write")
        services.sources.verify(body.source)
    now = services.clock.now()
    changed = await services.store.workspaces.change_workspace(workspace, body, actor=principal.name, now=now)
    await services.store.placements.apply_policy(workspace=workspace, actor=principal.name, now=now)
    return build_workspace_view(changed)


@handles(DELETE_WORKSPACE)
async def delete_workspace(call: BackendCall, workspace: str) -> None:
    principal = call.caller
    services = call.services
    await services.store.workspaces.delete_workspace(
        workspace, actor=principal.name, now=services.clock.now()
    )
