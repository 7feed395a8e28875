"""Traces: a span a request, on the caller's trace, that says which route and how it ended and nothing else."""

import asyncio
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import ConsoleSpanExporter
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from support.hostile.raw_http import ask
from support.runtime.rest_under_test import RestUnderTest
from support.runtime.runtime_under_test import build_caller
from worker_runtime.contract.workers import CreateWorkerRequest
from worker_runtime.rest.app import build_app
from yoi_wire.errors import BundleMissingError, RequestInvalidError
from yoi_wire.server.http_state import HttpLimits
from yoi_wire.server.server import HttpServer, ListenAddress
from yoi_wire.server.tracing import TracedApp
from yoi_wire.trace_context import build_trace_headers
from yoi_wire.tracing import Tracing, load_exporter
from yoi_wire.worker_requests import WorkerRequest

CALLER = build_caller(kind="remote")
NOWHERE = f"sha256:{'0' * 64}"


class Traced:
    """A served Runtime beside the untraced one, with a client to it.

    Attributes:
        socket: Where it listens.
    """

    def __init__(self, server: RestUnderTest, directory: Path) -> None:
        self.socket = directory / "traced.sock"
        self.exporter = InMemorySpanExporter()
        self.tracing = Tracing(self.exporter)
        self._server = server
        app = TracedApp(build_app(server.services), self.tracing.tracer)
        self._served = HttpServer(app, ListenAddress(socket=self.socket))
        server.run(self._served.start())
        self.client = server.open_client(self.socket)

    def run(self, operation: Any) -> Any:
        return self._server.run(operation)

    def take_spans(self) -> dict[str, ReadableSpan]:
        """End the tracing, and return the spans by name."""
        self.tracing.close()
        return {span.name: span for span in self.exporter.get_finished_spans()}

    def close(self) -> None:
        self.run(self.client.close())
        self.run(self._served.stop())


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RestUnderTest]:
    under_test = RestUnderTest(tmp_path / "data", limits=HttpLimits(header_bytes=8192))
    yield under_test
    under_test.close()


@pytest.fixture
def traced(server: RestUnderTest) -> Iterator[Traced]:
    with tempfile.TemporaryDirectory() as directory:
        one = Traced(server, Path(directory))
        yield one
        one.close()


def _read_attributes(span: ReadableSpan) -> dict[str, Any]:
    return {name: value for name, value in (span.attributes or {}).items() if name != "yoi.request.id"}


def test_a_span_says_the_route_and_how_the_request_ended(traced: Traced) -> None:
    traced.run(traced.client.get_runtime(CALLER))
    with pytest.raises(BundleMissingError):
        traced.run(traced.client.get_bundle(CALLER, NOWHERE))
    long = {"Authorization": "x" * 9000}
    assert traced.run(ask(traced.socket, "GET", "/v1/runtime", headers=long)).status == 431
    assert traced.run(ask(traced.socket, "BREW", "/pot-of-tea")).status in {404, 405}
    spans = traced.take_spans()
    assert _read_attributes(spans["GET /v1/runtime"]) == {
        "http.request.method": "GET",
        "http.route": "/v1/runtime",
        "http.response.status_code": 200,
    }
    missing = spans["GET /v1/config-bundles/{digest}"]
    assert _read_attributes(missing)["yoi.problem.code"] == "bundle.missing"
    assert _read_attributes(missing)["http.response.status_code"] == 404
    assert missing.status.status_code is StatusCode.UNSET
    assert _read_attributes(spans["GET"])["yoi.problem.code"] == "request.invalid"
    assert _read_attributes(spans["_OTHER"])["http.request.method"] == "_OTHER"
    assert all((span.attributes or {})["yoi.request.id"] for span in spans.values())


def test_a_fault_of_the_runtime_is_an_error_of_its_span(traced: Traced, server: RestUnderTest) -> None:
    server.embedded.close()
    assert traced.run(ask(traced.socket, "GET", "/readyz")).status == 503
    assert traced.take_spans()["GET /readyz"].status.status_code is StatusCode.ERROR


def test_the_client_hands_its_trace_on_and_the_server_goes_on_with_it(traced: Traced) -> None:
    async def call() -> None:
        with traced.tracing.tracer.start_as_current_span("sync"):
            await asyncio.gather(traced.client.get_runtime(CALLER), traced.client.list_workers(CALLER))

    assert build_trace_headers() == {}
    traced.run(call())
    traced.run(traced.client.list_bundles(CALLER))
    spans = traced.take_spans()
    outer = spans["sync"].get_span_context()
    assert outer is not None
    for name in ("GET /v1/runtime", "GET /v1/workers"):
        parent = spans[name].parent
        assert parent is not None
        assert (parent.trace_id, parent.span_id, parent.is_remote) == (outer.trace_id, outer.span_id, True)
    assert spans["GET /v1/config-bundles"].parent is None


@pytest.mark.req("S-04")
def test_no_span_holds_anything_that_the_caller_said(traced: Traced) -> None:
    marks = {name: f"canary-{name}" for name in ("token", "state", "path", "query", "body", "task", "header")}
    headers = {
        "Authorization": f"Bearer {marks['token']}",
        "traceparent": f"00-{'a' * 32}-{'b' * 16}-01",
        "tracestate": f"vendor={marks['state']}",
        "Yoi-Workspaces": marks["header"],
        "Content-Type": "application/json",
    }
    path = f"/v1/workers/{marks['path']}/input?q={marks['query']}"
    traced.run(ask(traced.socket, "POST", path, headers=headers, pieces=[marks["body"].encode()]))
    request = WorkerRequest(selector=marks["task"], bundle_digest=NOWHERE)
    wanted = CreateWorkerRequest(workspace="library", key="k", request=request)
    with pytest.raises(BundleMissingError):
        traced.run(traced.client.create_worker(CALLER, wanted))
    spans = traced.take_spans()
    assert len(spans) == 2
    assert format(spans["POST /v1/workers/{worker}/input"].get_span_context().trace_id, "x") == "a" * 32  # type: ignore[union-attr]
    written = "".join(span.to_json() for span in spans.values())
    assert [mark for mark in marks.values() if mark in written] == []
    assert not any(span.events for span in spans.values())


def test_a_program_that_does_not_trace_imports_nothing_for_it() -> None:
    program = (
        "import json, sys, worker_runtime.rest.serving, worker_runtime.remote.runtime, yoi.commands.serve\n"
        "from yoi_wire.trace_context import build_trace_headers\n"
        "assert build_trace_headers() == {}\n"
        "print(json.dumps([name for name in sys.modules if name.startswith('opentelemetry')]))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []


def test_exporters_are_those_that_installed_packages_bring() -> None:
    assert isinstance(load_exporter("console"), ConsoleSpanExporter)
    with pytest.raises(RequestInvalidError, match="console"):
        load_exporter("nowhere")
