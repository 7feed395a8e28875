"""The application: routes, the one place that turns errors into responses, and the envelope around it all."""

from litestar import Litestar
from litestar.datastructures import State
from litestar.exceptions import HTTPException

from worker_runtime.rest.assignment_routes import ASSIGNMENT_ROUTES
from worker_runtime.rest.bundle_routes import BUNDLE_ROUTES
from worker_runtime.rest.envelope import Envelope
from worker_runtime.rest.problems import answer_error, answer_fault, answer_http_exception
from worker_runtime.rest.runtime_interface import RUNTIME_INTERFACE
from worker_runtime.rest.runtime_routes import RUNTIME_ROUTES
from worker_runtime.rest.services import Services
from worker_runtime.rest.worker_routes import WORKER_ROUTES
from yoi_bundle.errors import YoiError

ROUTES = (*RUNTIME_ROUTES, *BUNDLE_ROUTES, *ASSIGNMENT_ROUTES, *WORKER_ROUTES)


def build_app(services: Services) -> Envelope:
    """Return the ASGI application of one Runtime."""
    inner = Litestar(
        route_handlers=ROUTES,
        state=State({"services": services, "interface": RUNTIME_INTERFACE}),
        exception_handlers={
            YoiError: answer_error,
            HTTPException: answer_http_exception,
            Exception: answer_fault,
        },
        openapi_config=None,
        logging_config=None,
        request_max_body_size=None,
        debug=False,
    )
    return Envelope(inner, RUNTIME_INTERFACE, services.bounds, services.metrics)
