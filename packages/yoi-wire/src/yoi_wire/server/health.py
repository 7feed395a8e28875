"""Handlers of what every server says of itself: health, readiness, metrics, documents (R-10)."""

from typing import Any

from starlette.responses import Response

from yoi_wire.documentation import DOCUMENTATION_HEADERS, build_documentation
from yoi_wire.openapi import build_openapi
from yoi_wire.operation import Interface
from yoi_wire.server.metrics import METRICS_MEDIA_TYPE
from yoi_wire.server.responses import JSON, Answer, build_bytes_response, build_empty_response
from yoi_wire.server.router import Call, Handler, handles
from yoi_wire.system_operations import (
    GET_DOCUMENTATION,
    GET_HEALTH,
    GET_METRICS,
    GET_OPENAPI,
    GET_READINESS,
    GET_ROOT,
)


@handles(GET_ROOT)
async def get_root(call: Call[None, Any]) -> Response:
    del call
    return build_empty_response(GET_ROOT.statuses[0], {"Location": GET_DOCUMENTATION.path})


@handles(GET_HEALTH)
async def get_health(call: Call[None, Any]) -> dict[str, bool]:
    """Say that the process lives; nothing is asked of the store."""
    del call
    return {"alive": True}


@handles(GET_READINESS)
async def get_readiness(call: Call[None, Any]) -> Answer:
    """Say whether the server can do what it is for; only codes, for anybody may ask."""
    readiness = await call.services.http.check_readiness()
    codes = sorted({str(problem["code"]) for problem in readiness.problems})
    value = {"ready": readiness.ready, "problems": codes}
    return Answer(value) if readiness.ready else Answer(value, 503, {"Retry-After": "5"})


@handles(GET_METRICS)
async def get_metrics(call: Call[None, Any]) -> Response:
    return build_bytes_response(call.services.http.metrics.format(), METRICS_MEDIA_TYPE)


def build_system_handlers(interface: Interface) -> tuple[Handler, ...]:
    """Return the handlers of `SYSTEM_OPERATIONS` for a server with this interface."""

    @handles(GET_OPENAPI)
    async def get_openapi(call: Call[None, Any]) -> Response:
        del call
        return build_bytes_response(build_openapi(interface), JSON)

    @handles(GET_DOCUMENTATION)
    async def get_documentation(call: Call[None, Any]) -> Response:
        del call
        page = build_documentation(interface)
        return build_bytes_response(page, "text/html; charset=utf-8", headers=DOCUMENTATION_HEADERS)

    return (get_root, get_health, get_readiness, get_metrics, get_openapi, get_documentation)
