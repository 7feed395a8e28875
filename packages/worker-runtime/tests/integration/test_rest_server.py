"""The REST surface over a real socket, as clients meet it that are not ours."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from support.bundles.small_bundles import build_small_bundle
from support.hostile.raw_http import RawAnswer, ask
from support.runtime.rest_under_test import RestUnderTest
from support.runtime.runtime_under_test import build_caller, create_worker, store_bundle
from worker_runtime.contract.headers import format_header_json
from worker_runtime.contract.operations import RUNTIME_OPERATIONS
from worker_runtime.rest.app import HANDLERS, RUNTIME_INTERFACE
from yoi_wire.openapi import build_openapi
from yoi_wire.server.body_limits import BodyRate
from yoi_wire.server.http_state import HttpLimits
from yoi_wire.worker_requests import WorkerInput

_MANIFEST = "application/vnd.yoi.manifest.v1+json"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RestUnderTest]:
    pace = BodyRate(grace_seconds=0.3, idle_seconds=0.2, total_seconds=1.5, min_bytes_per_second=1)
    under_test = RestUnderTest(tmp_path / "data", rate=pace, limits=HttpLimits(header_bytes=8192))
    yield under_test
    under_test.close()


def _ask(server: RestUnderTest, method: str, path: str, **request: object) -> RawAnswer:
    headers = {**server.credentials.build_headers(build_caller()), **request.pop("headers", {})}  # type: ignore[dict-item]
    answer: RawAnswer = server.run(ask(server.socket, method, path, headers=headers, **request))  # type: ignore[arg-type]
    return answer


def _manifest_headers(digest: str, **headers: str) -> dict[str, str]:
    metadata = build_small_bundle().metadata
    changed = msgspec.structs.replace(metadata, digest=digest)
    return {"Content-Type": _MANIFEST, "Yoi-Bundle-Metadata": format_header_json(changed), **headers}


@pytest.mark.req("R-01")
def test_a_bundle_is_put_and_read_with_its_entity_tag(server: RestUnderTest) -> None:
    bundle = build_small_bundle()
    store_bundle(server, build_caller(), bundle)
    path = f"/v1/config-bundles/{bundle.digest}"
    answer = _ask(server, "GET", path)
    assert (answer.status, answer.body) == (200, bundle.manifest)
    assert answer.headers["etag"] == f'"{bundle.digest}"'
    assert answer.headers["content-type"] == _MANIFEST
    again = _ask(server, "GET", path, headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status, again.body) == (304, b"")
    other = _ask(server, "GET", path, headers={"If-None-Match": '"another"'})
    assert other.status == 200


@pytest.mark.req("R-07")
def test_an_entity_tag_tells_a_stranger_nothing(server: RestUnderTest) -> None:
    bundle = build_small_bundle()
    store_bundle(server, build_caller(), bundle)
    headers = {
        **server.credentials.build_headers(build_caller("museum")),
        "If-None-Match": f'"{bundle.digest}"',
    }
    answer = server.run(ask(server.socket, "GET", f"/v1/config-bundles/{bundle.digest}", headers=headers))
    assert (answer.status, answer.problem["code"]) == (404, "bundle.missing")


@pytest.mark.req("R-01")
def test_head_says_its_problem_in_a_header(server: RestUnderTest) -> None:
    answer = _ask(server, "HEAD", f"/v1/config-bundles/sha256:{'0' * 64}")
    assert (answer.status, answer.body) == (404, b"")
    assert json.loads(answer.headers["yoi-problem"])["code"] == "bundle.missing"


@pytest.mark.req("R-01")
def test_what_is_no_operation_is_a_problem_too(server: RestUnderTest) -> None:
    missing = _ask(server, "GET", "/v1/nothing")
    assert (missing.status, missing.problem["code"]) == (404, "request.invalid")
    wrong = _ask(server, "PATCH", f"/v1/config-bundles/sha256:{'0' * 64}")
    assert wrong.status == 405
    assert set(wrong.headers["allow"].split(", ")) >= {"GET", "HEAD", "PUT", "DELETE"}


@pytest.mark.req("B-02", "R-09")
@pytest.mark.parametrize("chunked", [True, False])
def test_a_manifest_that_is_too_long_is_cut_off(server: RestUnderTest, chunked: bool) -> None:
    digest = f"sha256:{'0' * 64}"
    answer = _ask(
        server,
        "PUT",
        f"/v1/config-bundles/{digest}",
        headers=_manifest_headers(digest),
        pieces=[bytes(64 * 1024)] * 140,
        chunked=chunked,
    )
    assert (answer.status, answer.problem["code"]) == (413, "limit.exceeded")
    assert answer.problem["details"]["limit"] == "manifest_bytes"


@pytest.mark.req("R-09")
@pytest.mark.parametrize("chunked", [True, False])
def test_a_document_that_is_too_long_is_cut_off(server: RestUnderTest, chunked: bool) -> None:
    answer = _ask(
        server,
        "PUT",
        "/v1/assignments/library",
        headers={"Content-Type": "application/json"},
        pieces=[b" " * 64 * 1024] * 80,
        chunked=chunked,
    )
    assert (answer.status, answer.problem["details"]["limit"]) == (413, "document_bytes")


@pytest.mark.req("B-06")
@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b'{"digest":"x","revision":1,"generation":1}', "digest"),
        (b'{"revision":1,"revision":1,"generation":1}', "body"),
        (b'{"revision":1,"generation":1,"more":1}', "body"),
        (b"[]", "body"),
        (b"\xff", "body"),
        (b"", "body"),
        (b"[" * 100_000, "body"),
    ],
)
def test_a_document_of_another_form_is_refused_without_quoting_it(
    server: RestUnderTest, body: bytes, field: str
) -> None:
    answer = _ask(
        server,
        "PUT",
        "/v1/assignments/library",
        headers={"Content-Type": "application/json"},
        pieces=[body],
    )
    assert (answer.status, answer.problem["code"]) == (400, "request.invalid")
    assert answer.problem["details"]["field"] == field


@pytest.mark.req("B-06")
def test_a_key_that_occurs_twice_is_refused(server: RestUnderTest) -> None:
    digest = f"sha256:{'0' * 64}"
    body = f'{{"digest":"{digest}","revision":1,"generation":1,"generation":2}}'.encode()
    answer = _ask(
        server, "PUT", "/v1/assignments/library", headers={"Content-Type": "application/json"}, pieces=[body]
    )
    assert (answer.status, answer.problem["code"]) == (400, "request.invalid")


@pytest.mark.req("B-06")
def test_what_would_be_ignored_is_refused(server: RestUnderTest) -> None:
    for path, field in [
        ("/v1/workers?colour=red", "colour"),
        ("/v1/workers?limit=1&limit=2", "limit"),
        ("/v1/workers?limit=ten", "limit"),
        ("/v1/workers?limit=0", "limit"),
        ("/v1/workers?cursor=x", "cursor"),
    ]:
        answer = _ask(server, "GET", path)
        assert (answer.status, answer.problem["details"]["field"]) == (400, field)


@pytest.mark.req("R-04")
@pytest.mark.parametrize(
    ("headers", "field"),
    [
        ({"Content-Type": "application/json"}, "Content-Type"),
        ({"Content-Encoding": "gzip"}, "Content-Encoding"),
        ({"Yoi-Bundle-Metadata": "\xe9"}, "Yoi-Bundle-Metadata"),
    ],
)
def test_a_manifest_of_another_type_is_refused(
    server: RestUnderTest, headers: dict[str, str], field: str
) -> None:
    digest = f"sha256:{'0' * 64}"
    answer = _ask(
        server,
        "PUT",
        f"/v1/config-bundles/{digest}",
        headers={**_manifest_headers(digest), **headers},
        pieces=[b"{}"],
    )
    assert (answer.status, answer.problem["details"]["field"]) == (400, field)


@pytest.mark.req("R-09")
def test_a_client_that_falls_silent_within_a_body_is_cut_off(server: RestUnderTest) -> None:
    digest = f"sha256:{'0' * 64}"
    answer = _ask(
        server,
        "PUT",
        f"/v1/config-bundles/{digest}",
        headers=_manifest_headers(digest),
        pieces=[b"{"],
        length=100,
    )
    assert (answer.status, answer.problem["code"]) == (408, "request.invalid")


@pytest.mark.req("R-09")
def test_headers_that_are_too_long_are_refused(server: RestUnderTest) -> None:
    answer = _ask(server, "GET", "/v1/runtime", headers={f"X-{n}": "x" * 500 for n in range(20)})
    assert answer.status == 431


@pytest.mark.req("R-09")
def test_more_requests_than_are_served_at_once_are_sent_away(tmp_path: Path) -> None:
    pace = BodyRate(grace_seconds=3, idle_seconds=2)
    server = RestUnderTest(tmp_path / "data", rate=pace, limits=HttpLimits(concurrent_requests=1))
    try:
        server.run(_ask_while_one_hangs(server))
    finally:
        server.close()


async def _ask_while_one_hangs(server: RestUnderTest) -> None:
    credentials = server.credentials.build_headers(build_caller())
    digest = f"sha256:{'0' * 64}"
    hanging = asyncio.create_task(
        ask(
            server.socket,
            "PUT",
            f"/v1/config-bundles/{digest}",
            headers={**credentials, **_manifest_headers(digest)},
            pieces=[b"{"],
            length=9,
        )
    )
    async with asyncio.timeout(10):
        while True:
            answer = await ask(server.socket, "GET", "/healthz")
            if answer.status == 429:
                break
    assert answer.problem["code"] == "runtime.overloaded"
    assert int(answer.headers["retry-after"]) >= 1
    assert (await hanging).status == 408
    assert (await ask(server.socket, "GET", "/healthz")).status == 200


@pytest.mark.req("W-03")
def test_events_come_as_a_stream_and_go_on_after_the_last_one_read(server: RestUnderTest) -> None:
    caller, bundle = build_caller(), build_small_bundle()
    store_bundle(server, caller, bundle)
    worker = create_worker(server, caller, bundle)
    for text in ("one", "two"):
        server.run(server.api.send_worker_input(caller, worker.id, WorkerInput(text=text)))
    path = f"/v1/workers/{worker.id}/events"
    assert server.run(_read_event_ids(server, path, {}, 3)) == [1, 2, 3]
    assert server.run(_read_event_ids(server, path, {"Last-Event-ID": "2"}, 1)) == [3]
    wrong = _ask(server, "GET", path, headers={"Accept": "text/event-stream", "Last-Event-ID": "x"})
    assert wrong.problem["details"]["field"] == "Last-Event-ID"


@pytest.mark.req("R-09")
def test_streams_are_bounded_and_end_when_the_server_does(tmp_path: Path) -> None:
    server = RestUnderTest(tmp_path / "data", limits=HttpLimits(concurrent_streams=1))
    caller, bundle = build_caller(), build_small_bundle()
    store_bundle(server, caller, bundle)
    path = f"/v1/workers/{create_worker(server, caller, bundle).id}/events"
    headers = {**server.credentials.build_headers(caller), "Accept": "text/event-stream"}

    async def run() -> tuple[RawAnswer, RawAnswer]:
        both = {asyncio.create_task(ask(server.socket, "GET", path, headers=headers)) for _ in range(2)}
        async with asyncio.timeout(10):
            done, streaming = await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            server.http.streams.end_all()
            return done.pop().result(), await streaming.pop()

    refused, ended = server.run(run())
    assert (refused.status, refused.problem["code"]) == (429, "runtime.overloaded")
    assert ended.status == 200
    assert b"id: 1\n" in ended.body
    server.close()


async def _read_event_ids(server: RestUnderTest, path: str, headers: dict[str, str], count: int) -> list[int]:
    reader, writer = await asyncio.open_unix_connection(str(server.socket))
    sent = {
        **server.credentials.build_headers(build_caller()),
        "Accept": "text/event-stream",
        "Host": "x",
        **headers,
    }
    lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in sent.items()), "", ""]
    writer.write("\r\n".join(lines).encode())
    found: list[int] = []
    async with asyncio.timeout(10):
        while len(found) < count:
            line = await reader.readline()
            if line.startswith(b"id: "):
                found.append(int(line[4:]))
    writer.close()
    return found


@pytest.mark.req("R-10")
def test_health_and_readiness_are_told_to_anybody(server: RestUnderTest) -> None:
    assert server.run(ask(server.socket, "GET", "/healthz")).status == 200
    ready = server.run(ask(server.socket, "GET", "/readyz"))
    assert (ready.status, ready.problem) == (200, {"ready": True, "problems": []})
    server.embedded.close()
    unready = server.run(ask(server.socket, "GET", "/readyz"))
    assert (unready.status, unready.problem["problems"]) == (503, ["runtime.unavailable"])
    assert server.run(ask(server.socket, "GET", "/healthz")).status == 200


@pytest.mark.req("R-07")
def test_figures_are_by_route_and_name_nobody(server: RestUnderTest) -> None:
    bundle = build_small_bundle()
    store_bundle(server, build_caller(), bundle)
    text = server.run(ask(server.socket, "GET", "/metrics")).body.decode()
    assert 'method="PUT",route="/v1/config-bundles/{digest}",status="409"' in text
    assert bundle.digest not in text
    assert "library" not in text


@pytest.mark.req("R-01")
def test_the_openapi_document_says_every_route_and_no_other(server: RestUnderTest) -> None:
    routed = {(handler.operation.method, handler.operation.path) for handler in HANDLERS}
    assert set(RUNTIME_OPERATIONS) == routed
    served = server.run(ask(server.socket, "GET", "/openapi.json"))
    assert served.body == build_openapi(RUNTIME_INTERFACE)
    document = json.loads(served.body)
    assert document["components"]["schemas"]["CreateWorkerRequest"]["additionalProperties"] is False
    put = document["paths"]["/v1/config-bundles/{digest}"]["put"]
    assert _MANIFEST in put["requestBody"]["content"]
    assert {"200", "201", "401", "409", "413"} <= set(put["responses"])
    names = [one["operationId"] for path in document["paths"].values() for one in path.values()]
    assert len(names) == len(set(names))


@pytest.mark.req("R-01")
def test_a_fault_of_the_program_tells_an_id_and_nothing_else(
    server: RestUnderTest, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="worker_runtime")
    headers = {"Authorization": "Bearer carried.AAAA"}
    answer = server.run(ask(server.socket, "GET", "/v1/runtime", headers=headers))
    assert (answer.status, answer.problem["code"], answer.problem["details"]) == (500, "internal", {})
    assert answer.problem["instance"].endswith(answer.headers["yoi-request-id"])
    faults = [record.facts for record in caplog.records if record.message == "fault"]  # type: ignore[attr-defined]
    assert [fault["request"] for fault in faults] == [answer.headers["yoi-request-id"]]
    assert "AAAA" not in str(faults) + answer.body.decode()
