"""What every server says of itself over HTTP, Runtime and Backend: health, readiness, figures, documents (R-10)."""

from typing import Any

from litestar import Response, get

from worker_runtime.rest.answers import JSON, answer_json
from worker_runtime.rest.documentation import DOCUMENTATION_HEADERS, build_documentation
from worker_runtime.rest.interface import Interface
from worker_runtime.rest.metrics import METRICS_MEDIA_TYPE
from worker_runtime.rest.openapi import build_openapi
from worker_runtime.rest.services import HttpRequest, get_services


@get("/healthz")
async def get_health() -> Response[bytes]:
    """Say that the process lives; nothing is asked of the store."""
    return answer_json({"alive": True})


@get("/readyz")
async def get_readiness(request: HttpRequest) -> Response[bytes]:
    """Say whether the server can do what it is for; only codes, for anybody may ask."""
    readiness = await get_services(request).check_readiness()
    codes = sorted({str(problem["code"]) for problem in readiness.problems})
    headers = None if readiness.ready else {"Retry-After": "5"}
    return answer_json(
        {"ready": readiness.ready, "problems": codes}, 200 if readiness.ready else 503, headers
    )


@get("/metrics")
async def get_metrics(request: HttpRequest) -> Response[bytes]:
    return Response(get_services(request).metrics.format(), media_type=METRICS_MEDIA_TYPE)


def build_system_routes(interface: Interface) -> tuple[Any, ...]:
    """Return the routes of a server whose operations stand in this table."""

    @get("/openapi.json")
    async def get_openapi() -> Response[bytes]:
        return Response(build_openapi(interface), media_type=JSON)

    @get("/docs")
    async def get_documentation() -> Response[bytes]:
        return Response(build_documentation(interface), media_type="text/html", headers=DOCUMENTATION_HEADERS)

    return (get_health, get_readiness, get_metrics, get_openapi, get_documentation)
