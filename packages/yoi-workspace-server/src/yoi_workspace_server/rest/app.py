"""Application of one Backend: its handlers behind the router, and the middleware around it."""

from typing import Any

import msgspec

from yoi_bundle.errors import YoiError
from yoi_wire.server.health import build_system_handlers
from yoi_wire.server.middleware import RequestMiddleware
from yoi_wire.server.router import Router, collect_handlers
from yoi_workspace_server.rest import (
    activation_handlers,
    audit_handlers,
    availability_handlers,
    build_handlers,
    bundle_handlers,
    placement_handlers,
    revision_handlers,
    runtime_handlers,
    system_handlers,
    token_handlers,
    worker_control_handlers,
    worker_handlers,
    workspace_handlers,
)
from yoi_workspace_server.rest.interface import BACKEND_INTERFACE
from yoi_workspace_server.rest.principals import authorize
from yoi_workspace_server.rest.services import Services
from yoi_workspace_server.workers.foreign_errors import translate_error
from yoi_workspace_server.workers.orders import WorkerRefusedError

HANDLERS = (
    *collect_handlers(
        activation_handlers,
        audit_handlers,
        availability_handlers,
        build_handlers,
        bundle_handlers,
        placement_handlers,
        revision_handlers,
        runtime_handlers,
        system_handlers,
        token_handlers,
        worker_control_handlers,
        worker_handlers,
        workspace_handlers,
    ),
    *build_system_handlers(BACKEND_INTERFACE),
)


def build_app(services: Services) -> RequestMiddleware:
    """Return the ASGI application of one Backend."""
    router = Router(
        BACKEND_INTERFACE, HANDLERS, services, authorize=authorize, translate=_translate_refused_worker
    )
    return RequestMiddleware(router, services.http)


def _translate_refused_worker(error: Exception) -> tuple[YoiError, dict[str, Any]] | None:
    """Answer with the Runtime's own problem, and with what each Runtime was refused by (K-06)."""
    if not isinstance(error, WorkerRefusedError):
        return None
    return translate_error(error.error), {"refusals": msgspec.to_builtins(error.refusals)}
