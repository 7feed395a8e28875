"""Responses: JSON, entity tags, the answer of a handler."""

import json
from dataclasses import dataclass, field
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from yoi_bundle.errors import BundleBlobsMissingError, YoiError
from yoi_wire.errors import RequestInvalidError, RuntimeOverloadedError
from yoi_wire.event_log import EventLog, get_request_id, note_problem

JSON = "application/json"


@dataclass(frozen=True)
class Answer:
    """A handler's answer where the value alone does not say it.

    Attributes:
        value: Encoded as JSON; None for no body.
        status: Of HTTP; the operation's first when None.
        headers: Beside the usual ones.
    """

    value: Any = None
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)


def build_bytes_response(
    content: bytes, media_type: str, status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    """Return a response whose media type stands as it is, without a character set beside it."""
    return Response(content, status_code=status, headers={**(headers or {}), "content-type": media_type})


def build_empty_response(status: int = 204, headers: dict[str, str] | None = None) -> Response:
    return Response(None, status_code=status, headers=headers)


def format_entity_tag(digest: str) -> str:
    """A digest is a strong entity tag: other bytes have another one (RFC 9110, section 8.8.3)."""
    return f'"{digest}"'


def read_list_header(request: Request, name: str) -> str | None:
    """Return a header that is a list; one in several lines means the same as in one (RFC 9110, section 5.3)."""
    lines = request.headers.getlist(name)
    return ", ".join(lines) if lines else None


def has_entity(request: Request, digest: str) -> bool:
    """Tell whether the caller has these bytes already (`If-None-Match`)."""
    text = read_list_header(request, "if-none-match") or ""
    tags = {tag.strip().removeprefix("W/") for tag in text.split(",")}
    return "*" in tags or format_entity_tag(digest) in tags


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


class HttpRefusalError(RequestInvalidError):
    """A request that is refused before it reaches an operation.

    Attributes:
        status: The HTTP status that says it most exactly.
        headers: What the status asks for, such as `Allow`.
    """

    def __init__(
        self, status: int, message: str, *, field: str = "", headers: dict[str, str] | None = None
    ) -> None:
        self.status = status
        self.headers = dict(headers or {})
        super().__init__(message, field=field)


class BodyTooSlowError(HttpRefusalError):
    """A body came below the least rate, or went on for longer than any may (R-09)."""

    def __init__(self) -> None:
        super().__init__(408, "the body came too slowly", field="body")


class BodyCutError(HttpRefusalError):
    """The caller went away within a body; nobody will read the answer."""

    def __init__(self) -> None:
        super().__init__(400, "the body is cut", field="body")


def build_json_response(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return build_bytes_response(msgspec.json.encode(value), JSON, status, headers)


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
