"""Application of one Backend: its handlers behind the router, and the middleware around it."""

from importlib.metadata import version
from typing import Any

import msgspec

from yoi_bundle.errors import YoiError
from yoi_wire.backend.operations import BACKEND_OPERATIONS
from yoi_wire.headers import ANSWER_HEADERS, REQUEST_HEADERS
from yoi_wire.operation import Interface
from yoi_wire.parameters import WORKSPACE_PATTERN
from yoi_wire.server.health import build_system_handlers
from yoi_wire.server.middleware import RequestMiddleware
from yoi_wire.server.router import Router, collect_handlers
from yoi_workspace_server.rest import (
    audit_handlers,
    runtime_handlers,
    token_handlers,
    worker_handlers,
    workspace_handlers,
)
from yoi_workspace_server.rest.principals import authorize
from yoi_workspace_server.rest.services import Services
from yoi_workspace_server.workers.creation import WorkerRefusedError
from yoi_workspace_server.workers.foreign_errors import translate_error


def _translate_refused_worker(error: Exception) -> tuple[YoiError, dict[str, Any]] | None:
    """Answer with the Runtime's own problem, and with what each Runtime was refused by (K-06)."""
    if not isinstance(error, WorkerRefusedError):
        return None
    return translate_error(error.error), {"refusals": msgspec.to_builtins(error.refusals)}


_NAME: dict[str, Any] = {"type": "string", "minLength": 1}
BACKEND_INTERFACE = Interface(
    title="Yoi Backend",
    version=version("yoi-workspace-server"),
    root="/api/v1/",
    right="permission",
    operations=BACKEND_OPERATIONS,
    path_parameters={
        "workspace": {"type": "string", "pattern": WORKSPACE_PATTERN},
        # Of another form it is missing like any other that there is not.
        "digest": {**_NAME, "description": "`sha256:` and 64 lower-case hexadecimal digits"},
        "runtime": _NAME,
        "worker": _NAME,
        "approval": _NAME,
        "token": _NAME,
    },
    request_headers=REQUEST_HEADERS,
    answer_headers=ANSWER_HEADERS,
    problem_members={
        "refusals": {
            "type": "array",
            "items": {"type": "object"},
            "description": "Who refused a Worker, and why",
        }
    },
)
HANDLERS = (
    *collect_handlers(audit_handlers, runtime_handlers, token_handlers, worker_handlers, workspace_handlers),
    *build_system_handlers(BACKEND_INTERFACE),
)


def build_app(services: Services) -> RequestMiddleware:
    """Return the ASGI application of one Backend."""
    router = Router(
        BACKEND_INTERFACE, HANDLERS, services, authorize=authorize, translate=_translate_refused_worker
    )
    return RequestMiddleware(router, services.http)
