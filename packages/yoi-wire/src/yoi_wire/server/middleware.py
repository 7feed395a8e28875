"""Middleware for every request: its id, the limits on how much is done at once, one line of the log (R-09)."""

import asyncio
import json
import secrets
import time
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import Any, TypeAlias

import msgspec

from yoi_bundle.errors import YoiError
from yoi_wire.errors import RuntimeOverloadedError
from yoi_wire.event_log import get_request_id, note_problem, set_request_id
from yoi_wire.server.http_state import HttpState
from yoi_wire.server.known_hosts import has_unknown_host
from yoi_wire.server.responses import (
    PROBLEM_HEADER,
    PROBLEM_MEDIA_TYPE,
    HttpRefusalError,
    build_headers,
    build_problem,
)

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Any]]
Send: TypeAlias = Callable[[Any], Awaitable[None]]
Asgi: TypeAlias = Callable[[Any, Any, Any], Awaitable[None]]
_REQUEST_ID_HEADER = b"yoi-request-id"
_MAX_BYTES = 8 * 1024 * 1024
_MAX_SECONDS = 2.0


class WatchedBody:
    """The body of one request, and whether it has come to its end."""

    def __init__(self, receive: Callable[[], Awaitable[Any]]) -> None:
        self._receive = receive
        self._ended = False
        self._waiting = False

    async def receive(self) -> Any:
        """Pass one message on."""
        self._waiting = True
        message = await self._receive()
        self._waiting = False
        if message["type"] == "http.disconnect" or not message.get("more_body", False):
            self._ended = True
        return message

    async def discard_rest(self) -> None:
        """Read and forget what is still to come: a bounded amount, for a bounded time."""
        discarded = 0
        # A wait that was given up, as after a body that came too slowly, is not begun again.
        with suppress(TimeoutError):
            async with asyncio.timeout(_MAX_SECONDS):
                while not self._ended and not self._waiting and discarded < _MAX_BYTES:
                    discarded += len((await self.receive()).get("body", b""))


_PIECE_BYTES = 64 * 1024


class UnreadAnswerError(Exception):
    """The caller has not read for too long; the connection ends with its answer unfinished."""


class PacedSending:
    """The sending side of one request.

    Args:
        send: Of the server.
        wait_seconds: The longest wait for a caller to read on.
    """

    def __init__(self, send: Callable[[Any], Awaitable[None]], wait_seconds: float) -> None:
        self._send = send
        self._wait_seconds = wait_seconds

    async def send(self, message: Any) -> None:
        """Send one message; a long body as several.

        Raises:
            UnreadAnswerError: See there.
        """
        body = message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) <= _PIECE_BYTES and not more:
            await self._send(message)
            return
        for start in range(0, max(len(body), 1), _PIECE_BYTES):
            await self._wait({**message, "body": body[start : start + _PIECE_BYTES], "more_body": True})
        if not more:
            await self._wait({**message, "body": b"", "more_body": False})

    async def _wait(self, message: Any) -> None:
        try:
            async with asyncio.timeout(self._wait_seconds):
                await self._send(message)
        except TimeoutError:
            raise UnreadAnswerError from None


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
        except Exception as error:
            if not answer.unread:
                # The answer has begun, so that nobody can be told; the server below says nothing of it.
                self._log.fault(scope, error)
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
        if has_unknown_host(scope):
            return HttpRefusalError(421, "no name of this server; see `host_names`", field="Host")
        if self._running >= self._limits.concurrent_requests:
            return RuntimeOverloadedError("busy")
        return None
