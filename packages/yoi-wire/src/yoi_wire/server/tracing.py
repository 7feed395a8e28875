"""A span a request; with route, status and code, and nothing of path, headers, body or who asks."""

from collections.abc import Awaitable, Callable
from typing import Any

from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from yoi_wire.event_log import get_problem_code, get_request_id
from yoi_wire.server.metrics import KNOWN_METHODS
from yoi_wire.trace_context import TRACE_HEADER

_UNKNOWN_METHOD = "_OTHER"
"""The word of OpenTelemetry's conventions for HTTP, so that no caller can make up names."""


class TracedApp:
    """An ASGI application around another."""

    def __init__(self, inner: Callable[[Any, Any, Any], Awaitable[None]], tracer: Tracer) -> None:
        self._inner = inner
        self._tracer = tracer

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request within a span, which goes on the caller's trace when it names one."""
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        status = 0

        async def watch(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        # An exception's text may hold what it is about: it is logged by its places, and not recorded here.
        with self._tracer.start_as_current_span(
            _name_method(scope),
            context=_read_parent(scope),
            kind=SpanKind.SERVER,
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                await self._inner(scope, receive, watch)
            finally:
                _describe(span, scope, status)


def _describe(span: Span, scope: Any, status: int) -> None:
    method, route = _name_method(scope), scope.get("path_template")
    attributes: dict[str, str | int] = {
        "http.request.method": method,
        "http.response.status_code": status,
        "yoi.request.id": get_request_id(scope),
    }
    if route:
        attributes["http.route"] = route
        span.update_name(f"{method} {route}")
    code = get_problem_code(scope)
    if code is not None:
        attributes["yoi.problem.code"] = code
    span.set_attributes(attributes)
    if status == 0 or status >= 500:
        span.set_status(Status(StatusCode.ERROR))


def _name_method(scope: Any) -> str:
    method: str = scope["method"]
    return method if method in KNOWN_METHODS else _UNKNOWN_METHOD


def _read_parent(scope: Any) -> Context:
    """Take `traceparent` alone: `tracestate` is free text of whoever asks."""
    values = [value for name, value in scope["headers"] if name == TRACE_HEADER.encode("ascii")]
    carrier = {TRACE_HEADER: values[0].decode("latin-1")} if len(values) == 1 else {}
    return TraceContextTextMapPropagator().extract(carrier, context=Context())
