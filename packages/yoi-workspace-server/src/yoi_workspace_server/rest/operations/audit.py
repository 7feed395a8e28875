"""The audit, by the page and as it grows."""

from worker_runtime.rest.interface import OperationDocument
from yoi_wire.paging import Page
from yoi_workspace_server.views.audit import AuditView

AUDIT_OPERATIONS: dict[tuple[str, str], OperationDocument] = {
    ("GET", "/api/v1/audit"): OperationDocument(
        summary="List what was done, latest first",
        scope="audit:read",
        answer=Page[AuditView],
        query=("workspace", "cursor", "limit"),
        errors=(404,),
    ),
    ("GET", "/api/v1/events"): OperationDocument(
        summary="Follow what is done, as Server-Sent Events",
        scope="audit:read",
        query=("after",),
        headers=("Last-Event-ID",),
        event_stream=True,
    ),
}
