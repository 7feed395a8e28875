"""Errors as responses: RFC 9457 problems with `code`, `retryable` and `details`; the one place that writes them."""

import json
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException, MethodNotAllowedException, NotFoundException

from worker_runtime.rest.allowed import find_allowed_methods
from worker_runtime.rest.refusals import HttpRefusalError
from worker_runtime.rest.request_log import get_request_id, log_fault, log_refusal, note_problem
from yoi_bundle.errors import BundleBlobsMissingError, YoiError
from yoi_wire.errors import RuntimeOverloadedError

PROBLEM_MEDIA_TYPE = "application/problem+json"
PROBLEM_HEADER = "Yoi-Problem"
"""On answers to HEAD, which have no body: the problem in one line of ASCII."""

RETRY_SECONDS = 5


def build_problem(error: YoiError, request_id: str) -> dict[str, Any]:
    """Return an error as a problem; nothing of it but code and details, which any reader may see."""
    code = error.code
    return {
        "type": f"urn:yoi:problem:{code}",
        "title": code.replace(".", ": ").replace("_", " "),
        "status": error.status,
        "instance": f"urn:yoi:request:{request_id}",
        "code": code,
        "retryable": error.retryable,
        "details": error.details(),
    }


def build_headers(error: YoiError) -> dict[str, str]:
    """Return what the status of an error asks for beside the problem."""
    headers = dict(error.headers) if isinstance(error, HttpRefusalError) else {}
    if error.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if error.status in {429, 503}:
        seconds = error.retry_after_seconds if isinstance(error, RuntimeOverloadedError) else RETRY_SECONDS
        headers["Retry-After"] = str(seconds)
    return headers


def format_problem_header(problem: dict[str, Any], method: str) -> dict[str, str]:
    """Return the header that says a problem where an answer has no body."""
    return {PROBLEM_HEADER: json.dumps(problem, separators=(",", ":"))} if method == "HEAD" else {}


def answer_error(request: Request[Any, Any, Any], error: YoiError) -> Response[bytes]:
    """Answer with a typed error."""
    if not isinstance(error, BundleBlobsMissingError):
        log_refusal(request.scope, error)
    note_problem(request.scope, error.code)
    problem = build_problem(error, get_request_id(request.scope))
    return Response(
        msgspec.json.encode(problem),
        status_code=problem["status"],
        media_type=PROBLEM_MEDIA_TYPE,
        headers={**build_headers(error), **format_problem_header(problem, request.method)},
    )


def answer_http_exception(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    """Answer what the framework refuses: a path or a method that there is not."""
    match error:
        case NotFoundException():
            refusal = HttpRefusalError(404, "no such path", field="path")
        case MethodNotAllowedException():
            allowed = find_allowed_methods(request.app.state["interface"], request.scope["path"])
            refusal = HttpRefusalError(405, "no such method here", field="method", headers={"Allow": allowed})
        case _ if 400 <= error.status_code < 500:
            refusal = HttpRefusalError(error.status_code, "not a request of this interface")
        case _:
            return answer_fault(request, error)
    return answer_error(request, refusal)


def answer_fault(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Answer a fault of this program with a request id and nothing else; the log has the rest."""
    log_fault(request.scope, error)
    return answer_error(request, YoiError("internal"))
