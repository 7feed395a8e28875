"""What a token of some workspaces does not learn, and does not reach, by a way round (K-07, K-09)."""

import json

import pytest

from support.backend.backend_rest import BackendRest
from yoi_wire.backend.placements import PlacementRule
from yoi_wire.backend.runtimes import RuntimeConnection
from yoi_workspace_server.runtimes import NewRuntime

_NAMES = ("alpha", "beta", "delta", "gamma")
_SEEN = ("alpha", "gamma")


async def _register(backend: BackendRest) -> None:
    """Register Runtimes, some of which may have the library's bundle."""
    store, now = backend.services.store, backend.clock.now()
    for name in _NAMES:
        connection = RuntimeConnection(url="https://runtime.example:7319")
        new = NewRuntime(name=name, kind="remote", audience=f"id-{name}", connection=connection)
        await store.runtimes.add_runtime(new, actor="test", now=now)
    rule = PlacementRule(id="some", effect="allow", workspaces=("library",), runtimes=_SEEN)
    await store.placements.put_policy([rule], expected_generation=0, actor="test", now=now)


@pytest.mark.req("K-07", "K-09")
def test_neither_a_page_nor_its_cursor_names_a_runtime_that_the_token_does_not_see(
    backend: BackendRest,
) -> None:
    backend.add_workspace()
    backend.run(_register(backend))
    token = backend.add_token("viewer", workspaces=["library"])
    seen: list[str] = []
    path = "/api/v1/runtimes?limit=1"
    while True:
        page = json.loads(backend.ask("GET", path, token=token).body)
        seen += [one["name"] for one in page["items"]]
        cursor = page.get("next_cursor")
        if cursor is None:
            break
        assert cursor in _SEEN
        path = f"/api/v1/runtimes?limit=1&cursor={cursor}"
    assert tuple(seen) == _SEEN


@pytest.mark.req("K-09")
def test_nothing_of_a_body_is_read_for_a_worker_that_the_token_does_not_see(backend: BackendRest) -> None:
    token = backend.add_token("operator", workspaces=["library"])
    worker = f"/api/v1/workers/{'f' * 32}"
    json_body = {"Content-Type": "application/json"}
    for path in (f"{worker}/input", f"{worker}/approvals/a", f"{worker}/stop", f"{worker}/cancel"):
        answer = backend.ask("POST", path, token=token, body=b'{"text":', headers=json_body)
        assert (answer.status, json.loads(answer.body)["code"]) == (404, "worker.not_found"), path


@pytest.mark.req("K-09")
def test_who_is_confined_points_its_workspace_at_no_other_source(backend: BackendRest) -> None:
    backend.add_workspace()
    token = backend.add_token("admin", workspaces=["library"])
    for source in ({"kind": "git", "url": "https://git.example/other", "ref": "main"}, {"kind": "published"}):
        answer = backend.ask("PATCH", "/api/v1/workspaces/library", token=token, document={"source": source})
        assert (answer.status, json.loads(answer.body)["code"]) == (403, "auth.forbidden")
    changed = {"title": "Reading room"}
    assert backend.ask("PATCH", "/api/v1/workspaces/library", token=token, document=changed).status == 200
