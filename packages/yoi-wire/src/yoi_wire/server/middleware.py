"""Middleware for every request: its id, the limits on how much is done at once, one line of the log (R-09)."""

import json
import secrets
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

import msgspec

from yoi_bundle.errors import YoiError
from yoi_wire.errors import RuntimeOverloadedError
from yoi_wire.event_log import get_request_id, note_problem, set_request_id
from yoi_wire.server.drain_body import WatchedBody
from yoi_wire.server.http_errors import HttpRefusalError
from yoi_wire.server.http_state import HttpState
from yoi_wire.server.paced_sending import PacedSending, UnreadAnswerError
from yoi_wire.server.problems import PROBLEM_HEADER, PROBLEM_MEDIA_TYPE, build_headers, build_problem

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Any]]
Send: TypeAlias = Callable[[Any], Awaitable[None]]
Asgi: TypeAlias = Callable[[Any, Any, Any], Awaitable[None]]

_REQUEST_ID_HEADER = b"yoi-request-id"


class RequestMiddleware:
    """An ASGI application around another."""

    def __init__(self, inner: Asgi, http: HttpState) -> None:
        self.inner = inner
        self._limits = http.limits
        self._metrics = http.metrics
        self._log = http.log
        self._running = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.inner(scope, receive, send)
            return
        set_request_id(scope, secrets.token_hex(8))
        body = WatchedBody(receive)
        sending = PacedSending(send, self._limits.unread_seconds)
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
            self._log.event("unread", request=get_request_id(scope))
        finally:
            self._running -= 1
            seconds = time.monotonic() - started
            self._metrics.count_running(self._running)
            self._metrics.count_answer(scope["method"], scope.get("path_template"), answer.status, seconds)
            self._log.event(
                "request",
                request=get_request_id(scope),
                method=scope["method"],
                path=scope["path"][:200],
                status=answer.status,
                milliseconds=round(seconds * 1000, 1),
            )

    def _find_refusal(self, scope: Scope) -> YoiError | None:
        if sum(len(name) + len(value) for name, value in scope["headers"]) > self._limits.header_bytes:
            return HttpRefusalError(431, "the headers are too long", field="headers")
        if self._running >= self._limits.concurrent_requests:
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
        "content-type": PROBLEM_MEDIA_TYPE,
        "content-length": str(len(body)),
    }
    if scope["method"] == "HEAD":
        headers[PROBLEM_HEADER] = json.dumps(problem, separators=(",", ":"))
    encoded = [(name.lower().encode("ascii"), value.encode("ascii")) for name, value in headers.items()]
    await answer.send({"type": "http.response.start", "status": problem["status"], "headers": encoded})
    content = b"" if scope["method"] == "HEAD" else body
    await answer.send({"type": "http.response.body", "body": content, "more_body": False})
