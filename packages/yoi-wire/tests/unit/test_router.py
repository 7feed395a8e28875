"""The router does what operations declare, and nothing that they do not."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from msgspec import Struct
from starlette.requests import Request

from yoi_wire.errors import ForbiddenError, RequestInvalidError
from yoi_wire.event_log import EventLog
from yoi_wire.headers import ANSWER_HEADERS, REQUEST_HEADERS
from yoi_wire.operation import Interface, Operation, index_operations
from yoi_wire.parameters import number
from yoi_wire.readiness import Readiness
from yoi_wire.server.http_state import HttpState
from yoi_wire.server.metrics import Metrics
from yoi_wire.server.middleware import RequestMiddleware
from yoi_wire.server.responses import Answer, build_bytes_response, has_entity
from yoi_wire.server.router import Call, Handler, Router, handles


class Note(Struct, frozen=True, forbid_unknown_fields=True):
    text: str


GET_NOTE = Operation(
    method="GET",
    path="/v1/notes/{note}",
    summary="A note",
    right="notes:read",
    answer=Note,
    query=(number("from", default=0, argument="start"),),
)
PUT_NOTE = Operation(
    method="PUT", path="/v1/notes/{note}", summary="Write", right="notes:write", answer=Note, body=Note
)
STOP_NOTES = Operation[None](
    method="POST", path="/v1/notes:stop", summary="Stop", right="notes:write", statuses=(204,)
)
GET_OPEN = Operation(method="GET", path="/open", summary="Open to anybody", answer=Note)
GET_FEED = Operation(method="GET", path="/feed", summary="As it comes", answer=Note, event_stream=True)
OPERATIONS = (GET_NOTE, PUT_NOTE, STOP_NOTES, GET_OPEN, GET_FEED)


@handles(GET_NOTE)
async def get_note(call: Call[str, Any], note: str, start: int) -> Note:
    return Note(f"{call.caller} {note} {start}")


@handles(PUT_NOTE)
async def put_note(call: Call[str, Any], note: str, body: Note) -> Answer:
    del call, note
    if body.text == "fault":
        raise KeyError("a secret of this program")
    return Answer(body, 201, {"Location": "/v1/notes/1"})


@handles(STOP_NOTES)
async def stop_notes(call: Call[str, Any]) -> None:
    del call


@handles(GET_OPEN)
async def get_open(call: Call[None, Any]) -> Note:
    assert call.caller is None
    return Note("open")


@handles(GET_FEED)
async def get_feed(call: Call[None, Any]) -> Any:
    return build_bytes_response(b"x", call.media_type)


HANDLERS = (get_note, put_note, stop_notes, get_open, get_feed)


def _build_interface(operations: tuple[Operation[Any], ...] = OPERATIONS) -> Interface:
    return Interface(
        title="Notes",
        version="1",
        root="/v1/",
        right="right",
        operations=index_operations(operations),
        path_parameters={"note": {"type": "string"}},
        request_headers=REQUEST_HEADERS,
        answer_headers=ANSWER_HEADERS,
    )


@dataclass(frozen=True)
class Services:
    http: HttpState


async def _check() -> Readiness:
    return Readiness(ready=True)


async def _authorize(
    request: Request, operation: Operation[Any], path: Mapping[str, str], services: Services
) -> str:
    del path, services
    if request.headers.get("authorization") != f"Bearer {operation.right}":
        raise ForbiddenError(scope=operation.right or "")
    return "ann"


def _build_router(handlers: tuple[Handler, ...] = HANDLERS) -> Router[str, Services]:
    http = HttpState(_check, metrics=Metrics("notes"), log=EventLog("notes"))
    return Router(_build_interface(), handlers, Services(http), authorize=_authorize)


@dataclass(frozen=True)
class Response:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def details(self) -> dict[str, Any]:
        details: dict[str, Any] = json.loads(self.body)["details"]
        return details


def _ask(
    method: str,
    target: str,
    *,
    token: str = "",
    body: bytes = b"",
    lines: tuple[tuple[str, str], ...] = (),
    **headers: str,
) -> Response:
    path, _, query = target.partition("?")
    named = {
        "content-length": str(len(body)),
        **{key.replace("_", "-"): value for key, value in headers.items()},
    }
    if token:
        named["authorization"] = f"Bearer {token}"
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in (*named.items(), *lines)],
    }
    asyncio.run(_build_router()(scope, receive, send))
    answered = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return Response(sent[0]["status"], answered, b"".join(message["body"] for message in sent[1:]))


def test_a_handler_gets_path_query_and_caller() -> None:
    answer = _ask("GET", "/v1/notes/7?from=3", token="notes:read")
    assert (answer.status, answer.body) == (200, b'{"text":"ann 7 3"}')
    assert answer.headers["content-type"] == "application/json"


def test_a_right_is_asked_for_before_anything_is_read() -> None:
    for target in ("/v1/notes/7", "/v1/notes/7?nonsense=1"):
        answer = _ask("GET", target, token="notes:write")
        assert (answer.status, answer.details) == (403, {"scope": "notes:read"})
    assert _ask("GET", "/open").body == b'{"text":"open"}'


def test_a_query_word_that_is_not_declared_is_refused_on_every_operation() -> None:
    for method, target, right in (
        ("GET", "/v1/notes/7?dry_run=true", "notes:read"),
        ("PUT", "/v1/notes/7?dry_run=true", "notes:write"),
        ("POST", "/v1/notes:stop?dry_run=true", "notes:write"),
        ("GET", "/open?dry_run=true", ""),
    ):
        answer = _ask(method, target, token=right)
        assert (answer.status, answer.details["field"]) == (400, "dry_run"), target


def test_a_body_is_taken_where_one_is_declared_and_nowhere_else() -> None:
    sent = _ask(
        "PUT", "/v1/notes/7", token="notes:write", body=b'{"text":"x"}', content_type="application/json"
    )
    assert (sent.status, sent.headers["location"], sent.body) == (201, "/v1/notes/1", b'{"text":"x"}')
    unknown = _ask(
        "PUT", "/v1/notes/7", token="notes:write", body=b'{"text":"x","y":1}', content_type="application/json"
    )
    assert unknown.status == 400
    twice = _ask(
        "PUT",
        "/v1/notes/7",
        token="notes:write",
        body=b'{"text":"x","text":"y"}',
        content_type="application/json",
    )
    assert twice.status == 400
    other = _ask("PUT", "/v1/notes/7", token="notes:write", body=b"text: x", content_type="application/yaml")
    assert other.details["field"] == "Content-Type"
    assert _ask("POST", "/v1/notes:stop", token="notes:write").status == 204
    assert _ask("POST", "/v1/notes:stop", token="notes:write", body=b"{}").details["field"] == "body"


def test_head_is_answered_as_get_without_its_body() -> None:
    whole = _ask("GET", "/v1/notes/7", token="notes:read")
    head = _ask("HEAD", "/v1/notes/7", token="notes:read")
    assert (head.status, head.headers, head.body) == (200, whole.headers, b"")
    refused = _ask("HEAD", "/v1/notes/7")
    assert (refused.status, refused.body) == (403, b"")
    assert json.loads(refused.headers["yoi-problem"])["code"] == "auth.forbidden"


def test_head_is_negotiated_as_get() -> None:
    for accept, media_type in (("text/event-stream", "text/event-stream"), ("*/*", "application/json")):
        head = _ask("HEAD", "/feed", accept=accept)
        assert (head.status, head.headers["content-type"], head.body) == (200, media_type, b"")
    assert _ask("HEAD", "/feed", accept="text/html").status == 406


def test_a_list_in_several_lines_is_read_as_in_one() -> None:
    html, json_line = ("accept", "text/html"), ("accept", "application/json")
    assert _ask("GET", "/open", lines=(html, json_line)).status == 200
    assert _ask("GET", "/open", lines=(html,)).status == 406
    codings = (("content-encoding", "identity"), ("content-encoding", "zstd"))
    refused = _ask(
        "PUT",
        "/v1/notes/7",
        token="notes:write",
        body=b'{"text":"x"}',
        content_type="application/json",
        lines=codings,
    )
    assert (refused.status, refused.details["field"]) == (400, "Content-Encoding")
    tags = [(b"if-none-match", b'"a"'), (b"if-none-match", b'"b"')]
    assert has_entity(Request({"type": "http", "headers": tags}), "b")
    assert not has_entity(Request({"type": "http", "headers": tags}), "c")


def test_another_method_is_told_those_of_the_path() -> None:
    answer = _ask("PATCH", "/v1/notes/7")
    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD, PUT")
    assert _ask("GET", "/v1/notes:stop").headers["allow"] == "POST"
    assert _ask("GET", "/v1/notes/7/8").status == 404
    assert _ask("GET", "/v1/notes/").status == 404


def test_an_answer_that_the_caller_does_not_take_is_not_made() -> None:
    answer = _ask("GET", "/v1/notes/7", token="notes:read", accept="image/png")
    assert (answer.status, answer.details["field"]) == (406, "Accept")
    assert _ask("GET", "/v1/notes/7", token="notes:read", accept="image/png, */*;q=0.1").status == 200
    assert _ask("POST", "/v1/notes:stop", token="notes:write", accept="image/png").status == 204


def test_a_fault_of_this_program_says_nothing_of_itself() -> None:
    answer = _ask(
        "PUT", "/v1/notes/7", token="notes:write", body=b'{"text":"fault"}', content_type="application/json"
    )
    assert (answer.status, answer.details) == (500, {})
    assert b"secret" not in answer.body


def test_a_fault_in_an_answer_that_has_begun_is_logged_and_ends_it(caplog: pytest.LogCaptureFixture) -> None:
    async def begin(scope: Any, receive: Any, send: Any) -> None:
        del scope, receive
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise KeyError("a secret of this program")

    async def take(message: Any = None) -> None:
        del message

    http = HttpState(_check, metrics=Metrics("notes"), log=EventLog("notes"))
    scope = {"type": "http", "method": "GET", "path": "/v1/notes", "headers": []}
    with caplog.at_level("INFO", "notes"), pytest.raises(KeyError):
        asyncio.run(RequestMiddleware(begin, http)(scope, take, take))
    assert [record.getMessage() for record in caplog.records] == ["fault", "request"]
    assert "secret" not in str([vars(record) for record in caplog.records])


def test_a_handler_takes_just_what_its_operation_declares() -> None:
    with pytest.raises(TypeError, match="get_wrong"):

        @handles(GET_NOTE)
        async def get_wrong(call: Call[str, Any], note: str) -> None:
            del call, note


def test_an_operation_has_one_handler() -> None:
    for handlers in (HANDLERS[1:], (*HANDLERS, get_note)):
        with pytest.raises(ValueError, match="notes"):
            _build_router(handlers)
    with pytest.raises(ValueError, match="declared twice"):
        _build_interface((*OPERATIONS, GET_NOTE))


def test_an_error_of_the_handler_is_the_answer() -> None:
    answer = _ask("GET", "/v1/notes/7?from=x", token="notes:read")
    assert (answer.status, answer.details) == (
        400,
        RequestInvalidError("a whole number", field="from").details(),
    )
