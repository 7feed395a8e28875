"""Workspaces: what there is, and where it comes from."""

from worker_runtime.rest.interface import OperationDocument
from yoi_wire.paging import Page
from yoi_workspace_server.views.workspaces import WorkspaceView
from yoi_workspace_server.workspaces import NewWorkspace, WorkspaceChange

WORKSPACE_OPERATIONS: dict[tuple[str, str], OperationDocument] = {
    ("GET", "/api/v1/workspaces"): OperationDocument(
        summary="List workspaces by id",
        scope="workspaces:read",
        answer=Page[WorkspaceView],
        query=("cursor", "limit"),
    ),
    ("POST", "/api/v1/workspaces"): OperationDocument(
        summary="Add a workspace",
        scope="workspaces:write",
        answer=WorkspaceView,
        statuses=(201,),
        body=NewWorkspace,
        errors=(409,),
    ),
    ("GET", "/api/v1/workspaces/{workspace}"): OperationDocument(
        summary="A workspace", scope="workspaces:read", answer=WorkspaceView, errors=(404,)
    ),
    ("PATCH", "/api/v1/workspaces/{workspace}"): OperationDocument(
        summary="Change some fields of a workspace",
        scope="workspaces:write",
        answer=WorkspaceView,
        body=WorkspaceChange,
        errors=(404,),
    ),
    ("DELETE", "/api/v1/workspaces/{workspace}"): OperationDocument(
        summary="Delete a workspace that no Runtime has assigned",
        scope="workspaces:write",
        statuses=(204,),
        errors=(404, 409),
    ),
}
