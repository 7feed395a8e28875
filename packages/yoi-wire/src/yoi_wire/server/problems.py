"""Errors as responses: RFC 9457 problems with `code`, `retryable` and `details`; the one place that writes them."""

import json
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from yoi_bundle.errors import BundleBlobsMissingError, YoiError
from yoi_wire.errors import RuntimeOverloadedError
from yoi_wire.event_log import EventLog, get_request_id, note_problem
from yoi_wire.server.http_errors import HttpRefusalError
from yoi_wire.server.responses import build_bytes_response

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


def build_problem_response(
    request: Request, error: YoiError, log: EventLog, members: dict[str, Any] | None = None
) -> Response:
    """Return the response to a request that is refused.

    Args:
        request: The request.
        error: Why.
        log: Where the refusal is logged.
        members: What the problem has beside the usual members.
    """
    if not isinstance(error, BundleBlobsMissingError):
        log.refusal(request.scope, error)
    note_problem(request.scope, error.code)
    problem = build_problem(error, get_request_id(request.scope)) | (members or {})
    headers = build_headers(error)
    if request.method == "HEAD":
        headers[PROBLEM_HEADER] = json.dumps(problem, separators=(",", ":"))
    return build_bytes_response(msgspec.json.encode(problem), PROBLEM_MEDIA_TYPE, problem["status"], headers)
