"""Handlers of the audit: read it page by page, or as it grows (K-10)."""

from starlette.responses import StreamingResponse

from yoi_wire.backend.audit import AuditView
from yoi_wire.backend.errors import WorkspaceNotFoundError
from yoi_wire.backend.operations import FOLLOW_AUDIT, LIST_AUDIT
from yoi_wire.paging import Page
from yoi_wire.server.event_stream import answer_events, read_last_event_id
from yoi_wire.server.router import handles
from yoi_workspace_server.rest.audit_stream import AuditEvents
from yoi_workspace_server.rest.services import BackendCall
from yoi_workspace_server.views.audit import build_audit_view


@handles(LIST_AUDIT)
async def list_audit(
    call: BackendCall, workspace: str | None, cursor: str | None, limit: int
) -> Page[AuditView]:
    """Answer with a page; a token of some workspaces sees what concerns those and nothing else."""
    principal = call.caller
    if workspace is not None and not principal.sees(workspace):
        raise WorkspaceNotFoundError(workspace)
    page = await call.services.store.audit.list_records(
        workspace=workspace,
        within=principal.workspaces,
        limit=limit,
        cursor=cursor,
    )
    return page.map(build_audit_view)


@handles(FOLLOW_AUDIT)
async def follow_audit(call: BackendCall, after: int | None) -> StreamingResponse:
    last = read_last_event_id(call.request)
    position = after if last is None else last
    if position is None:
        position = await call.services.store.audit.find_last()
    return await answer_events(call.services.http, AuditEvents(call), position)
