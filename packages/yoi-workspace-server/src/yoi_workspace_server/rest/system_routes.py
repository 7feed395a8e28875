"""The Backend about itself: health, readiness, figures, who asks."""

from litestar import Response, get

from worker_runtime.rest.answers import JSON, answer_json
from worker_runtime.rest.documentation import DOCUMENTATION_HEADERS, build_documentation
from worker_runtime.rest.metrics import METRICS_MEDIA_TYPE
from worker_runtime.rest.openapi import build_openapi
from worker_runtime.rest.services import HttpRequest
from yoi_workspace_server.rest.interface import BACKEND_INTERFACE
from yoi_workspace_server.rest.principals import authenticate
from yoi_workspace_server.rest.services import get_backend
from yoi_workspace_server.views.principals import build_principal_view


@get("/api/v1/whoami")
async def get_whoami(request: HttpRequest) -> Response[bytes]:
    return answer_json(build_principal_view(await authenticate(request)))


@get("/healthz")
async def get_health() -> Response[bytes]:
    """Say that the process lives; nothing is asked of the store."""
    return answer_json({"alive": True})


@get("/readyz")
async def get_readiness(request: HttpRequest) -> Response[bytes]:
    """Say whether the Backend can do what it is for; only codes, for anybody may ask."""
    readiness = await get_backend(request).check_readiness()
    codes = sorted({str(problem["code"]) for problem in readiness.problems})
    headers = None if readiness.ready else {"Retry-After": "5"}
    return answer_json(
        {"ready": readiness.ready, "problems": codes}, 200 if readiness.ready else 503, headers
    )


@get("/metrics")
async def get_metrics(request: HttpRequest) -> Response[bytes]:
    return Response(get_backend(request).metrics.format(), media_type=METRICS_MEDIA_TYPE)


@get("/openapi.json")
async def get_openapi() -> Response[bytes]:
    return Response(build_openapi(BACKEND_INTERFACE), media_type=JSON)


@get("/docs")
async def get_documentation() -> Response[bytes]:
    return Response(
        build_documentation(BACKEND_INTERFACE), media_type="text/html", headers=DOCUMENTATION_HEADERS
    )


SYSTEM_ROUTES = (get_whoami, get_health, get_readiness, get_metrics, get_openapi, get_documentation)
