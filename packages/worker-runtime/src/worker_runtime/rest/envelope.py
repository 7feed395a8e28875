"""What every request goes through: an id, the bounds on how much is done at once, one line of the log (R-09)."""

import secrets
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

import msgspec

from worker_runtime.rest.allowed import find_allowed_methods
from worker_runtime.rest.interface import Interface
from worker_runtime.rest.lingering import WatchedBody
from worker_runtime.rest.metrics import Metrics
from worker_runtime.rest.problems import (
    PROBLEM_MEDIA_TYPE,
    build_headers,
    build_problem,
    format_problem_header,
)
from worker_runtime.rest.refusals import HttpRefusalError
from worker_runtime.rest.request_log import get_request_id, log_event, note_problem, set_request_id
from worker_runtime.rest.sending import PacedSending, UnreadAnswerError
from worker_runtime.rest.services import Bounds
from yoi_bundle.errors import YoiError
from yoi_wire.errors import RuntimeOverloadedError

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Any]]
Send: TypeAlias = Callable[[Any], Awaitable[None]]
Asgi: TypeAlias = Callable[[Any, Any, Any], Awaitable[None]]

_REQUEST_ID_HEADER = b"yoi-request-id"


class Envelope:
    """An ASGI application around another."""

    def __init__(self, inner: Asgi, interface: Interface, bounds: Bounds, metrics: Metrics) -> None:
        self.inner = inner
        self._interface = interface
        self._bounds = bounds
        self._metrics = metrics
        self._running = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.inner(scope, receive, send)
            return
        set_request_id(scope, secrets.token_hex(8))
        body = WatchedBody(receive)
        sending = PacedSending(send, self._bounds.unread_seconds)
        answer = _Answer(sending.send, get_request_id(scope).encode("ascii"), body)
        started = time.monotonic()
        refusal = self._find_refusal(scope)
        self._running += 1
        self._metrics.count_running(self._running)
        try:
            if refusal is not None:
                await _refuse(answer, refusal, scope)
            else:
                await self.inner(scope, body.receive, answer.send)
        except Exception:
            if not answer.unread:
                raise
            log_event("unread", request=get_request_id(scope))
        finally:
            self._running -= 1
            seconds = time.monotonic() - started
            self._metrics.count_running(self._running)
            self._metrics.count_answer(scope["method"], scope.get("path_template"), answer.status, seconds)
            log_event(
                "request",
                request=get_request_id(scope),
                method=scope["method"],
                path=scope["path"][:200],
                status=answer.status,
                milliseconds=round(seconds * 1000, 1),
            )

    def _find_refusal(self, scope: Scope) -> YoiError | None:
        if sum(len(name) + len(value) for name, value in scope["headers"]) > self._bounds.header_bytes:
            return HttpRefusalError(431, "the headers are too long", field="headers")
        if scope["method"] == "OPTIONS":
            # The framework would answer it by itself, with a part of the methods.
            allowed = find_allowed_methods(self._interface, scope["path"])
            if allowed:
                return HttpRefusalError(
                    405, "no such method here", field="method", headers={"Allow": allowed}
                )
        if self._running >= self._bounds.concurrent_requests:
            return RuntimeOverloadedError("busy")
        return None


class _Answer:
    """A response on its way, with the request's id on it."""

    def __init__(self, send: Send, request_id: bytes, body: WatchedBody) -> None:
        self.status = 0
        self.unread = False
        self._send = send
        self._request_id = request_id
        self._body = body

    async def send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            if self.status >= 400:
                await self._body.discard_rest()
            message = {
                **message,
                "headers": [*message.get("headers", []), (_REQUEST_ID_HEADER, self._request_id)],
            }
        try:
            await self._send(message)
        except UnreadAnswerError:
            self.unread = True
            raise


async def _refuse(answer: _Answer, error: YoiError, scope: Scope) -> None:
    note_problem(scope, error.code)
    problem = build_problem(error, get_request_id(scope))
    body = msgspec.json.encode(problem)
    headers = {
        **build_headers(error),
        **format_problem_header(problem, scope["method"]),
        "content-type": PROBLEM_MEDIA_TYPE,
        "content-length": str(len(body)),
    }
    encoded = [(name.lower().encode("ascii"), value.encode("ascii")) for name, value in headers.items()]
    await answer.send({"type": "http.response.start", "status": problem["status"], "headers": encoded})
    content = b"" if scope["method"] == "HEAD" else body
    await answer.send({"type": "http.response.body", "body": content, "more_body": False})
