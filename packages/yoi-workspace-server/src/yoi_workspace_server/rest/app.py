"""The application: routes, the one place that turns errors into responses, and the envelope around it all."""

from typing import Any

import msgspec
from litestar import Litestar, Request, Response
from litestar.datastructures import State
from litestar.exceptions import HTTPException

from worker_runtime.rest.envelope import Envelope
from worker_runtime.rest.problems import (
    PROBLEM_MEDIA_TYPE,
    answer_error,
    answer_fault,
    answer_http_exception,
    build_headers,
    build_problem,
)
from worker_runtime.rest.request_log import get_request_id, log_refusal, note_problem
from yoi_bundle.errors import YoiError
from yoi_workspace_server.rest.activation_routes import ACTIVATION_ROUTES
from yoi_workspace_server.rest.audit_routes import AUDIT_ROUTES
from yoi_workspace_server.rest.availability_routes import AVAILABILITY_ROUTES
from yoi_workspace_server.rest.build_routes import BUILD_ROUTES
from yoi_workspace_server.rest.bundle_routes import BUNDLE_ROUTES
from yoi_workspace_server.rest.interface import BACKEND_INTERFACE
from yoi_workspace_server.rest.placement_routes import PLACEMENT_ROUTES
from yoi_workspace_server.rest.revision_routes import REVISION_ROUTES
from yoi_workspace_server.rest.runtime_routes import RUNTIME_ROUTES
from yoi_workspace_server.rest.services import BackendServices
from yoi_workspace_server.rest.system_routes import SYSTEM_ROUTES
from yoi_workspace_server.rest.token_routes import TOKEN_ROUTES
from yoi_workspace_server.rest.worker_control_routes import WORKER_CONTROL_ROUTES
from yoi_workspace_server.rest.worker_routes import WORKER_ROUTES
from yoi_workspace_server.rest.workspace_routes import WORKSPACE_ROUTES
from yoi_workspace_server.workers.foreign_errors import translate_error
from yoi_workspace_server.workers.orders import WorkerRefusedError

ROUTES = (
    *SYSTEM_ROUTES,
    *WORKSPACE_ROUTES,
    *BUILD_ROUTES,
    *BUNDLE_ROUTES,
    *REVISION_ROUTES,
    *ACTIVATION_ROUTES,
    *TOKEN_ROUTES,
    *AUDIT_ROUTES,
    *RUNTIME_ROUTES,
    *AVAILABILITY_ROUTES,
    *PLACEMENT_ROUTES,
    *WORKER_ROUTES,
    *WORKER_CONTROL_ROUTES,
)


def build_app(services: BackendServices) -> Envelope:
    """Return the ASGI application of one Backend."""
    inner = Litestar(
        route_handlers=ROUTES,
        state=State({"services": services, "interface": BACKEND_INTERFACE}),
        exception_handlers={
            YoiError: answer_error,
            WorkerRefusedError: answer_refused_worker,
            HTTPException: answer_http_exception,
            Exception: answer_fault,
        },
        openapi_config=None,
        logging_config=None,
        request_max_body_size=None,
        debug=False,
    )
    return Envelope(inner, BACKEND_INTERFACE, services.bounds, services.metrics)


def answer_refused_worker(request: Request[Any, Any, Any], refused: WorkerRefusedError) -> Response[bytes]:
    """Answer with the Runtime's own problem, and with what each Runtime was refused by (K-06)."""
    error = translate_error(refused.error)
    log_refusal(request.scope, error)
    note_problem(request.scope, error.code)
    problem = build_problem(error, get_request_id(request.scope))
    problem["refusals"] = msgspec.to_builtins(refused.refusals)
    return Response(
        msgspec.json.encode(problem),
        status_code=problem["status"],
        media_type=PROBLEM_MEDIA_TYPE,
        headers=build_headers(error),
    )
