"""Operations that every server has: health, readiness, metrics, the interface as documents (R-10)."""

from typing import Any

from yoi_wire.operation import Operation

GET_ROOT = Operation[None](
    method="GET",
    path="/",
    summary="The way to the page for people",
    statuses=(303,),
    answer_headers=("Location",),
)
GET_HEALTH = Operation(
    method="GET", path="/healthz", summary="Whether the process lives", answer=dict[str, bool]
)
GET_READINESS = Operation(
    method="GET",
    path="/readyz",
    summary="Whether the server can do what it is for",
    answer=dict[str, Any],
    statuses=(200, 503),
)
GET_METRICS = Operation[bytes](
    method="GET", path="/metrics", summary="Metrics for Prometheus", answer_media_type="text/plain"
)
GET_OPENAPI = Operation(
    method="GET",
    path="/openapi.json",
    summary="This interface as an OpenAPI document",
    answer=dict[str, Any],
)
GET_DOCUMENTATION = Operation[bytes](
    method="GET",
    path="/docs",
    summary="This interface as a page for people",
    answer_media_type="text/html",
)

SYSTEM_OPERATIONS: tuple[Operation[Any], ...] = (
    GET_ROOT,
    GET_HEALTH,
    GET_READINESS,
    GET_METRICS,
    GET_OPENAPI,
    GET_DOCUMENTATION,
)
