"""What a client builds of an operation, the router of the same program reads back: same operation, same values."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from worker_runtime.rest.app import RUNTIME_INTERFACE
from yoi_wire.client.messages import Request, build_request
from yoi_wire.clock import format_instant
from yoi_wire.event_log import EventLog
from yoi_wire.operation import Interface, Operation
from yoi_wire.parameters import Parameter, find_instant
from yoi_wire.readiness import Readiness
from yoi_wire.server.http_state import HttpState
from yoi_wire.server.metrics import Metrics
from yoi_wire.server.router import Call, Handler, Router
from yoi_workspace_server.rest.app import BACKEND_INTERFACE

_SEGMENTS = st.text(min_size=1).filter(lambda text: "/" not in text and text not in {".", ".."})
_TEXTS = st.text(min_size=1)
_LAST_INSTANT = 253_402_300_799_999  # the end of the year 9999


@dataclass(frozen=True)
class _Services:
    http: HttpState


class _Receiver:
    """A router whose handlers note what they are called with; bodies are left out."""

    def __init__(self, interface: Interface) -> None:
        self.operations = {
            key: replace(operation, body=None, raw_body=None)
            for key, operation in interface.operations.items()
        }
        self.received: list[tuple[Operation[Any], dict[str, Any]]] = []
        handlers = [Handler(operation, self._note) for operation in self.operations.values()]
        http = HttpState(_check, metrics=Metrics("test"), log=EventLog("test"))
        known = replace(interface, operations=self.operations)
        self._router = Router(known, handlers, _Services(http), authorize=_authorize)

    def receive(self, request: Request) -> tuple[Operation[Any], dict[str, Any]]:
        self.received.clear()
        scope = {
            "type": "http",
            "method": request.method,
            "path": unquote(request.path),
            "query_string": urlencode(request.query).encode("ascii"),
            "headers": [
                (name.lower().encode("ascii"), value.encode("ascii"))
                for name, value in request.headers.items()
            ],
        }
        asyncio.run(self._router(scope, _receive_nothing, _drop))
        (found,) = self.received
        return found

    async def _note(self, call: Call[None, _Services], **values: Any) -> None:
        self.received.append((call.operation, values))


async def _check() -> Readiness:
    return Readiness(ready=True)


async def _authorize(*_: object) -> None:
    return None


async def _receive_nothing() -> dict[str, Any]:
    return {"type": "http.request", "body": b"", "more_body": False}


async def _drop(message: Mapping[str, Any]) -> None:
    del message


_RECEIVERS = {"runtime": _Receiver(RUNTIME_INTERFACE), "backend": _Receiver(BACKEND_INTERFACE)}
_CASES = [
    pytest.param(receiver, operation, id=f"{name} {operation.method} {operation.path}")
    for name, receiver in _RECEIVERS.items()
    for operation in receiver.operations.values()
]


def _is_instant(parameter: Parameter) -> bool:
    """Tell whether a client gives an instant as text, of which a handler gets milliseconds."""
    return parameter.form.get("format") == "date-time"


def _choose(parameter: Parameter) -> st.SearchStrategy[Any]:
    if parameter.form["type"] == "integer":
        form = parameter.form
        values: st.SearchStrategy[Any] = st.integers(form["minimum"], form["maximum"])
    elif _is_instant(parameter):
        values = st.integers(0, _LAST_INSTANT).map(format_instant)
    else:
        values = st.booleans() if "enum" in parameter.form else _TEXTS
    return values if parameter.required else st.none() | values


@pytest.mark.req("K-07", "R-01")
@pytest.mark.parametrize(("receiver", "operation"), _CASES)
@settings(max_examples=10)
@given(data=st.data())
def test_the_router_finds_the_operation_that_was_asked_for_with_the_very_values(
    receiver: _Receiver, operation: Operation[Any], data: st.DataObject
) -> None:
    path = {name: data.draw(_SEGMENTS, name) for name in operation.path_names}
    query = {one.key: data.draw(_choose(one), one.key) for one in operation.query}
    found, values = receiver.receive(build_request(operation, {**path, **query}))
    defaults = {one.key: one.default for one in operation.query}
    instants = {one.key for one in operation.query if _is_instant(one)}
    asked = {
        name: find_instant(value) if name in instants else value
        for name, value in query.items()
        if value is not None
    }
    assert found is operation
    assert values == {**defaults, **path, **asked}
