"""docs/spec/runtime-rest.md says the routes there are, and what they carry; each row is asked over a real socket."""

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from support.bundles.small_bundles import build_small_bundle
from support.hostile.raw_http import RawAnswer, ask
from support.runtime.rest_under_test import RestUnderTest
from support.runtime.runtime_under_test import build_caller, create_worker, store_bundle
from worker_runtime.contract.operations import RUNTIME_OPERATIONS

CALLER = build_caller(kind="remote")
BUNDLES = [build_small_bundle(prompts={"p": text}) for text in (b"one\n", b"two\n", b"three\n")]
ROWS = [operation for operation in RUNTIME_OPERATIONS.values() if operation.path != "/"]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RestUnderTest]:
    under_test = RestUnderTest(tmp_path / "data")
    yield under_test
    under_test.close()


@pytest.fixture
def worker(server: RestUnderTest) -> str:
    """The first of two Workers, in a store of three bundles."""
    for bundle in BUNDLES:
        store_bundle(server, CALLER, bundle)
    create_worker(server, CALLER, BUNDLES[0], key="second")
    return create_worker(server, CALLER, BUNDLES[0]).id


def _find_entities() -> list[tuple[str, str]]:
    return [(operation.method, operation.path) for operation in ROWS if "ETag" in operation.answer_headers]


def _find_lists() -> list[tuple[str, str]]:
    return [
        (operation.method, operation.path)
        for operation in ROWS
        if "cursor" in {parameter.name for parameter in operation.query}
    ]


def _fill(path: str, worker: str = "0") -> str:
    names = {"digest": BUNDLES[0].digest, "lease": "0", "workspace": "library", "approval": "1"}
    names["blob"] = next(iter(BUNDLES[0].blobs))
    return path.format(worker=worker, **names)


def _ask(server: RestUnderTest, method: str, path: str, **headers: str) -> RawAnswer:
    signed = server.credentials.build_headers(CALLER)
    answer: RawAnswer = server.run(ask(server.socket, method, path, headers={**signed, **headers}))
    return answer


@pytest.mark.req("R-05", "W-04")
def test_what_has_a_digest_has_an_entity_tag_and_is_not_sent_to_who_has_it(
    server: RestUnderTest, worker: str
) -> None:
    assert len(_find_entities()) == 4
    for method, path in _find_entities():
        first = _ask(server, method, _fill(path, worker))
        tag = first.headers["etag"]
        assert first.status == 200
        assert tag.startswith('"sha256:')
        if method == "GET":
            again = _ask(server, method, _fill(path, worker), **{"If-None-Match": tag})
            assert (again.status, again.body, again.headers["etag"]) == (304, b"", tag)
            other = _ask(server, method, _fill(path, worker), **{"If-None-Match": '"sha256:0"'})
            assert (other.status, other.body) == (200, first.body)


@pytest.mark.req("R-05")
def test_a_list_is_read_to_its_end_by_cursors(server: RestUnderTest, worker: str) -> None:
    del worker
    assert len(_find_lists()) == 2
    for method, path in _find_lists():
        whole = json.loads(_ask(server, method, path).body)
        read, query = [], "?limit=1"
        while query:
            page = json.loads(_ask(server, method, path + query).body)
            read += page["items"]
            cursor = page.get("next_cursor")
            query = f"?limit=1&cursor={quote(cursor)}" if cursor else ""
        assert read == whole["items"]
        assert len(read) >= 2


@pytest.mark.req("W-03")
def test_one_path_alone_is_read_on_by_the_last_event(server: RestUnderTest, worker: str) -> None:
    ((method, path),) = [(row.method, row.path) for row in ROWS if row.event_stream]
    stream = {"Accept": "text/event-stream", "Last-Event-ID": "nothing"}
    wrong = _ask(server, method, _fill(path, worker), **stream)
    assert (wrong.status, wrong.problem["details"]["field"]) == (400, "Last-Event-ID")
    page = json.loads(_ask(server, method, f"{_fill(path, worker)}?after=1").body)
    assert page == {"events": [], "last": 1, "more": False}


@pytest.mark.req("K-09")
def test_every_path_of_the_version_asks_who_is_there_and_no_other_does(server: RestUnderTest) -> None:
    for method, path in RUNTIME_OPERATIONS:
        answer = server.run(ask(server.socket, method, _fill(path)))
        if path.startswith("/v1/"):
            assert (answer.status, answer.headers["www-authenticate"]) == (401, "Bearer"), path
        else:
            assert answer.status == (303 if path == "/" else 200), path


@pytest.mark.req("R-09", "R-10")
def test_a_runtime_that_cannot_serve_says_on_every_path_when_to_come_back(server: RestUnderTest) -> None:
    """Those that take a body look at it first; the contract suite asks them too."""
    server.embedded.close()
    asked = [(method, path) for method, path in RUNTIME_OPERATIONS if method in {"GET", "HEAD", "DELETE"}]
    for method, path in asked:
        if path.startswith("/v1/") or path == "/readyz":
            query = "?generation=1" if method == "DELETE" and path.startswith("/v1/assignments/") else ""
            answer = _ask(server, method, _fill(path) + query)
            assert (answer.status, answer.headers.get("retry-after", "").isdigit()) == (503, True), path
