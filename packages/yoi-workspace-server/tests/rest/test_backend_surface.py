"""The Backend's surface about itself: document, page, figures, methods (K-09)."""

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import pytest

from support.backend.backend_rest import BackendRest
from yoi_wire.backend.operations import BACKEND_OPERATIONS
from yoi_wire.backend.placements import PlacementRule
from yoi_wire.server.server import HttpServer, ListenAddress
from yoi_workspace_server.reconciler.metrics import classify_settlement
from yoi_workspace_server.rest.app import build_app
from yoi_workspace_server.runtimes import SafeProblem
from yoi_workspace_server.sync_status import BundleRejection, PairKey, Settlement

pytestmark = pytest.mark.req("K-09")


def test_the_document_and_the_page_say_every_operation(backend: BackendRest) -> None:
    document = json.loads(backend.ask("GET", "/openapi.json", token="").body)
    said = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    assert (document["info"]["title"], said) == ("Yoi Backend", set(BACKEND_OPERATIONS))
    names = [one["operationId"] for methods in document["paths"].values() for one in methods.values()]
    assert len(names) == len(set(names))
    page = backend.ask("GET", "/docs", token="")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    for method, path in BACKEND_OPERATIONS:
        assert f"{method} {path}<" in page.body.decode()


def test_a_path_names_its_methods_to_who_asks_for_another(backend: BackendRest) -> None:
    for path in {path for _, path in BACKEND_OPERATIONS}:
        expected = {method for method, template in BACKEND_OPERATIONS if template == path}
        expected |= {"HEAD"} if "GET" in expected else set()
        for method in ("OPTIONS", "PROPFIND"):
            answer = backend.ask(method, re.sub(r"\{\w+\}", "x", path))
            assert (answer.status, set(answer.headers["allow"].split(", "))) == (405, expected), path


def test_figures_are_by_route_and_never_by_workspace(backend: BackendRest) -> None:
    backend.add_workspace()
    backend.get("/api/v1/workspaces/library")
    backend.ask("PATCH", "/api/v1/workspaces/library", document={})
    figures = backend.ask("GET", "/metrics", token="").body.decode()
    routes = set(re.findall(r'yoi_backend_requests_total\{method="(\w+)",route="([^"]*)"', figures))
    assert {method for method, route in routes if route.startswith("/api/v1/workspaces/")} == {"GET", "PATCH"}
    assert "library" not in figures
    assert "yoi_runtime_" not in figures


@pytest.mark.req("K-04")
def test_attempts_are_counted_by_what_came_of_them(tmp_path: Path) -> None:
    backend = BackendRest(tmp_path / "data", embedded="embedded")
    try:
        backend.add_workspace()
        store, now = backend.services.store, backend.clock.now()
        policy = backend.run(store.placements.get_policy())
        rule = PlacementRule(id="all", effect="allow", workspaces=("*",), runtimes=("*",))
        backend.run(
            store.placements.put_policy([rule], expected_generation=policy.generation, actor="test", now=now)
        )
        backend.run(store.placements.apply_policy(now=now))
        backend.publish("Be kind.")
        for _ in range(2):
            backend.run(
                backend.services.reconciler.sync_now(PairKey("embedded", "library"), deadline_seconds=20)
            )
        figures = backend.ask("GET", "/metrics").body.decode()
    finally:
        backend.close()
    counted = dict(re.findall(r'yoi_backend_syncs_total\{outcome="(\w+)"\} (\d+)', figures))
    assert counted == {"changed": "1", "confirmed": "1"}


_PROBLEM = SafeProblem(code="runtime.unavailable", retryable=True, occurred_at="2026-01-31T12:00:00.000Z")
_REJECTION = BundleRejection(
    workspace="library",
    digest="sha256:" + "0" * 64,
    runtime="embedded",
    runtime_version="1",
    policy_generation="1",
    code="schema.unsupported",
    details={},
    rejected_at="2026-01-31T12:00:00.000Z",
)


@pytest.mark.req("K-04")
@pytest.mark.parametrize(
    ("fields", "outcome"),
    [
        ({"asked": False, "problem": _PROBLEM}, "idle"),
        ({"problem": _PROBLEM}, "failed"),
        ({"problem": _PROBLEM, "rejection": _REJECTION}, "rejected"),
        ({}, "confirmed"),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_an_attempt_has_one_outcome(fields: dict[str, Any], outcome: str) -> None:
    settlement = Settlement(key=PairKey("embedded", "library"), lease=1, due_at=0, **fields)
    assert classify_settlement(settlement) == outcome


@pytest.mark.req("K-09")
def test_a_web_page_with_a_name_of_its_own_for_this_host_reads_nothing(backend: BackendRest) -> None:
    async def story() -> list[int]:
        tcp = HttpServer(build_app(backend.services), ListenAddress(port=0, host_names=("own.test",)))
        await tcp.start()
        try:
            port = tcp.listening.port
            hosts = (f"127.0.0.1:{port}", f"localhost:{port}", f"own.test:{port}", f"evil.example:{port}")
            return [await _ask_over_tcp(tcp, f"HTTP/1.1\r\nHost: {host}") for host in hosts]
        finally:
            await tcp.stop()

    assert backend.run(story()) == [200, 200, 200, 421]


@pytest.mark.req("K-09")
@pytest.mark.parametrize("version", ["HTTP/1.0", "HTTP/1.1"])
def test_a_probe_that_names_no_host_is_answered(backend: BackendRest, version: str) -> None:
    async def story() -> int:
        tcp = HttpServer(build_app(backend.services), ListenAddress(port=0))
        await tcp.start()
        try:
            return await _ask_over_tcp(tcp, version)
        finally:
            await tcp.stop()

    assert backend.run(story()) == 200


async def _ask_over_tcp(tcp: HttpServer, head: str) -> int:
    reader, writer = await asyncio.open_connection(tcp.listening.address, tcp.listening.port)
    writer.write(f"GET /metrics {head}\r\nConnection: close\r\n\r\n".encode())
    status = int((await reader.readline()).split()[1])
    writer.close()
    return status
