"""The audit over HTTP: read it page by page, or as it grows (K-10)."""

from litestar import Response, get
from litestar.response import Stream

from worker_runtime.rest.answers import answer_json, read_limit, read_text, verify_query
from worker_runtime.rest.services import HttpRequest
from yoi_wire.backend.errors import WorkspaceNotFoundError
from yoi_wire.paging import Page
from yoi_workspace_server.rest.audit_stream import answer_audit_stream
from yoi_workspace_server.rest.principals import authorize
from yoi_workspace_server.rest.services import get_backend
from yoi_workspace_server.views.audit import AuditView, build_audit_view


@get("/api/v1/audit")
async def list_audit(request: HttpRequest) -> Response[bytes]:
    """Answer with a page; a token of some workspaces sees what concerns those and nothing else."""
    principal = await authorize(request, "audit:read")
    verify_query(request, "workspace", "cursor", "limit")
    workspace = read_text(request, "workspace")
    if workspace is not None and not principal.sees(workspace):
        raise WorkspaceNotFoundError(workspace)
    page = await get_backend(request).store.audit.list_records(
        workspace=workspace,
        within=principal.workspaces,
        limit=read_limit(request),
        cursor=read_text(request, "cursor"),
    )
    views = tuple(build_audit_view(one) for one in page.items)
    return answer_json(Page[AuditView](items=views, next_cursor=page.next_cursor))


@get("/api/v1/events")
async def follow_audit(request: HttpRequest) -> Stream:
    principal = await authorize(request, "audit:read")
    verify_query(request, "after")
    return await answer_audit_stream(request, principal)


AUDIT_ROUTES = (list_audit, follow_audit)
