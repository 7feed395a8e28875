"""Application of one Runtime: its handlers behind the router, and the middleware around it."""

from worker_runtime.rest import assignment_handlers, bundle_handlers, runtime_handlers, worker_handlers
from worker_runtime.rest.authentication import authorize
from worker_runtime.rest.interface import RUNTIME_INTERFACE
from worker_runtime.rest.services import Services
from yoi_wire.server.health import build_system_handlers
from yoi_wire.server.middleware import RequestMiddleware
from yoi_wire.server.router import Router, collect_handlers

HANDLERS = (
    *collect_handlers(runtime_handlers, bundle_handlers, assignment_handlers, worker_handlers),
    *build_system_handlers(RUNTIME_INTERFACE),
)


def build_app(services: Services) -> RequestMiddleware:
    """Return the ASGI application of one Runtime."""
    router = Router(RUNTIME_INTERFACE, HANDLERS, services, authorize=authorize)
    return RequestMiddleware(router, services.http)
