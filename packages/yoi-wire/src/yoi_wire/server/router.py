"""Router over declared operations: authenticate, authorise, read query and body, call the handler, write the answer.

What an operation declares is done here and nowhere else; a handler is what is left.
"""

import inspect
import re
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from types import ModuleType
from typing import Any, Generic, TypeAlias, TypeVar

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from yoi_bundle.errors import YoiError
from yoi_wire.operation import Interface, Operation
from yoi_wire.parameters import read_query
from yoi_wire.server.accept import choose_media_type
from yoi_wire.server.bodies import RawBody, read_document, read_encoding, verify_media_type, verify_no_body
from yoi_wire.server.http_state import HasHttpState
from yoi_wire.server.responses import (
    Answer,
    HttpRefusalError,
    build_bytes_response,
    build_empty_response,
    build_json_response,
    build_problem_response,
    read_list_header,
)

CallerType = TypeVar("CallerType")
ServicesType = TypeVar("ServicesType", bound=HasHttpState)
HandlerFunction: TypeAlias = Callable[..., Awaitable[Any]]
_NO_CONTENT = (204, 304)


@dataclass(frozen=True, kw_only=True)
class Call(Generic[CallerType, ServicesType]):
    """One request to one operation, its caller known and its right checked.

    Attributes:
        caller: Who asks; None where the operation asks for no right.
        services: What handlers of this program work with.
        media_type: The media type that the caller prefers of those that the operation offers.
        authorize: Checks the caller again, for answers that go on for long.
    """

    request: Request
    operation: Operation[Any]
    caller: CallerType
    services: ServicesType
    media_type: str
    authorize: Callable[[], Awaitable[CallerType]]


@dataclass(frozen=True)
class Handler:
    """A function that answers one operation."""

    operation: Operation[Any]
    function: HandlerFunction


Authorize: TypeAlias = Callable[
    [Request, Operation[Any], Mapping[str, str], ServicesType], Awaitable[CallerType]
]
"""Returns the caller of a request; raises YoiError where it is not known, or the right does not cover the path."""


def handles(operation: Operation[Any]) -> Callable[[HandlerFunction], Handler]:
    """Make a function the handler of an operation.

    It is called with the `Call`, and by name with each parameter of path and query, and with `body`.

    Raises:
        TypeError: It takes other arguments than the operation declares.
    """

    def wrap(function: HandlerFunction) -> Handler:
        taken = set(list(inspect.signature(function).parameters)[1:])
        if taken != operation.arguments:
            declared = sorted(operation.arguments)
            raise TypeError(f"{function.__qualname__} takes {sorted(taken)}, not {declared}")
        return Handler(operation, function)

    return wrap


def collect_handlers(*modules: ModuleType) -> tuple[Handler, ...]:
    """Return the handlers among the names of modules."""
    return tuple(value for module in modules for value in vars(module).values() if isinstance(value, Handler))


class Router(Generic[CallerType, ServicesType]):
    """The ASGI application of one program.

    Args:
        interface: Its operations.
        handlers: One for each of them.
        services: What handlers work with.
        authorize: Tells who asks.
        translate: From an exception of this program to the error and further members of its problem; None for others.

    Raises:
        ValueError: An operation has no handler or two, or a handler's operation is not of the interface.
    """

    def __init__(
        self,
        interface: Interface,
        handlers: Iterable[Handler],
        services: ServicesType,
        *,
        authorize: Authorize[ServicesType, CallerType],
        translate: Callable[[Exception], tuple[YoiError, dict[str, Any]] | None] = lambda _: None,
    ) -> None:
        self._services = services
        self._authorize = authorize
        self._translate = translate
        self._paths = _PathTable(_index_handlers(interface, handlers))

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        response = await self._respond(request)
        if request.method == "HEAD":
            response = _without_body(response)
        await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        log = self._services.http.log
        try:
            return await self._answer(request)
        except YoiError as error:
            return build_problem_response(request, error, log)
        except Exception as error:  # noqa: BLE001 - the last resort: a request id for the caller, the rest for the log
            translated = self._translate(error)
            if translated is not None:
                return build_problem_response(request, translated[0], log, translated[1])
            log.fault(request.scope, error)
            return build_problem_response(request, YoiError("internal"), log)

    async def _answer(self, request: Request) -> Response:
        found = self._paths.find(request.scope["path"])
        if found is None:
            raise HttpRefusalError(404, "no such path", field="path")
        handler = found.handlers.get(request.method)
        if handler is None and request.method == "HEAD":
            handler = found.handlers.get("GET")
        if handler is None:
            allowed = {"Allow": _format_methods(found.handlers)}
            raise HttpRefusalError(405, "no such method here", field="method", headers=allowed)
        operation = handler.operation
        request.scope["path_template"] = operation.path
        caller: Any = None
        if operation.right is not None:
            caller = await self._authorize(request, operation, found.values, self._services)
        media_type = _negotiate(request, operation)
        query = read_query(operation.query, request.query_params.multi_items())
        body = await self._read_body(request, operation)
        call = Call(
            request=request,
            operation=operation,
            caller=caller,
            services=self._services,
            media_type=media_type,
            authorize=partial(self._authorize, request, operation, found.values, self._services),
        )
        answer = await handler.function(call, **found.values, **query, **body)
        return _build_response(operation, answer)

    async def _read_body(self, request: Request, operation: Operation[Any]) -> dict[str, Any]:
        http = self._services.http
        if operation.body is not None:
            return {"body": await read_document(request, operation.body, http)}
        if operation.raw_body is not None:
            verify_media_type(request, operation.raw_body)
            return {"body": RawBody(request, read_encoding(request, operation.encodings), http)}
        if operation.method in {"POST", "PUT", "PATCH"}:
            await verify_no_body(request, http)
        return {}


@dataclass(frozen=True)
class _Found:
    handlers: Mapping[str, Handler]
    values: dict[str, str]


class _PathTable:
    """Path templates: those without parameters by a look-up, the others by their number of segments."""

    def __init__(self, handlers: Mapping[tuple[str, str], Handler]) -> None:
        by_path: dict[str, dict[str, Handler]] = defaultdict(dict)
        for (method, path), handler in handlers.items():
            by_path[path][method] = handler
        self._plain = {path: _Found(methods, {}) for path, methods in by_path.items() if "{" not in path}
        self._templates: dict[int, list[tuple[re.Pattern[str], dict[str, Handler]]]] = defaultdict(list)
        for path, methods in by_path.items():
            if "{" in path:
                pattern = re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(path)))
                self._templates[path.count("/")].append((pattern, methods))

    def find(self, path: str) -> _Found | None:
        plain = self._plain.get(path)
        if plain is not None:
            return plain
        for pattern, methods in self._templates.get(path.count("/"), ()):
            match = pattern.fullmatch(path)
            if match is not None:
                return _Found(methods, match.groupdict())
        return None


def _index_handlers(interface: Interface, handlers: Iterable[Handler]) -> Mapping[tuple[str, str], Handler]:
    indexed: dict[tuple[str, str], Handler] = {}
    for handler in handlers:
        key = (handler.operation.method, handler.operation.path)
        if interface.operations.get(key) is not handler.operation or key in indexed:
            raise ValueError(f"{key} is handled twice, or is not of the interface")
        indexed[key] = handler
    missing = sorted(set(interface.operations) - set(indexed))
    if missing:
        raise ValueError(f"no handler for {missing}")
    return indexed


def _negotiate(request: Request, operation: Operation[Any]) -> str:
    offered = operation.answer_media_types
    accept = read_list_header(request, "accept")
    if not offered or accept is None:
        return offered[0] if offered else ""
    chosen = choose_media_type(accept, offered)
    if chosen is None:
        raise HttpRefusalError(406, f"only {' and '.join(offered)} can be had here", field="Accept")
    return chosen


def _build_response(operation: Operation[Any], answer: Any) -> Response:
    if isinstance(answer, Response):
        return answer
    if not isinstance(answer, Answer):
        answer = Answer(answer)
    status = operation.statuses[0] if answer.status is None else answer.status
    if answer.value is None and status in _NO_CONTENT:
        return build_empty_response(status, answer.headers)
    if isinstance(answer.value, bytes):
        media_type = operation.answer_media_type or "application/octet-stream"
        return build_bytes_response(answer.value, media_type, status, answer.headers)
    return build_json_response(answer.value, status, answer.headers)


def _without_body(response: Response) -> Response:
    """Return the head of a response: the same status and headers, `Content-Length` included."""
    if isinstance(response, StreamingResponse) or response.body:
        head = Response(None, status_code=response.status_code)
        head.raw_headers = list(response.raw_headers)
        return head
    return response


def _format_methods(handlers: Mapping[str, Handler]) -> str:
    """Return the methods of a path, for `Allow` (RFC 9110, section 10.2.1)."""
    implied = {"HEAD"} if "GET" in handlers else set()
    return ", ".join(sorted({*handlers, *implied}))
