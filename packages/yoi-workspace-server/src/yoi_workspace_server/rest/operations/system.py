"""The Backend about itself."""

from typing import Any

from worker_runtime.rest.interface import OperationDocument
from yoi_workspace_server.views.principals import PrincipalView

SYSTEM_OPERATIONS: dict[tuple[str, str], OperationDocument] = {
    ("GET", "/api/v1/whoami"): OperationDocument(
        summary="Who the token says you are, and what you may do", scope="any", answer=PrincipalView
    ),
    ("GET", "/healthz"): OperationDocument(summary="Whether the process lives", answer=dict[str, bool]),
    ("GET", "/readyz"): OperationDocument(
        summary="Whether the Backend can do what it is for", answer=dict[str, Any], statuses=(200, 503)
    ),
    ("GET", "/metrics"): OperationDocument(summary="Figures for Prometheus", answer_media_type="text/plain"),
    ("GET", "/openapi.json"): OperationDocument(
        summary="This interface as an OpenAPI document", answer=dict[str, Any]
    ),
    ("GET", "/docs"): OperationDocument(
        summary="This interface as a page for people", answer_media_type="text/html"
    ),
}
