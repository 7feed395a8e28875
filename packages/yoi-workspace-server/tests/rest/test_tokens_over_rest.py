"""API tokens over HTTP: a secret is shown once, and nobody gives more than they have (K-09)."""

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from support.backend.backend_rest import BackendRest
from yoi_wire.backend.runtimes import RuntimeConnection
from yoi_wire.event_log import JsonLines
from yoi_workspace_server.runtimes import NewRuntime

pytestmark = pytest.mark.req("K-09")

TOKENS = "/api/v1/tokens"
WHOAMI = "/api/v1/whoami"


def _make(backend: BackendRest, maker: str | None = None, **fields: Any) -> dict[str, Any]:
    document: dict[str, Any] = backend.post(TOKENS, {"name": "ann", "role": "viewer", **fields}, token=maker)
    return document


def test_a_token_may_do_what_it_was_made_for(backend: BackendRest) -> None:
    made = _make(backend, role="operator", workspaces=["museum", "library"], lifetime_seconds=60)
    whoami = backend.get(WHOAMI, token=made["secret"])
    assert (whoami["name"], whoami["role"]) == ("ann", "operator")
    assert whoami["workspaces"] == ["library", "museum"]
    backend.clock.advance(minutes=1)
    assert backend.ask("GET", WHOAMI, token=made["secret"]).status == 401


def test_a_revoked_token_is_out_of_force_at_once(backend: BackendRest) -> None:
    made = _make(backend)
    path = f"{TOKENS}/{made['token']['id']}"
    assert backend.ask("DELETE", path).status == 204
    assert backend.ask("GET", WHOAMI, token=made["secret"]).status == 401
    assert backend.ask("DELETE", path).status == 204
    listed = {one["id"]: one for one in backend.get(TOKENS)["items"]}
    assert listed[made["token"]["id"]]["revoked_at"] is not None
    actions = [one["action"] for one in backend.get("/api/v1/audit")["items"]]
    assert actions.count("token.revoked") == 1


def test_a_secret_is_shown_once_and_kept_nowhere(
    backend: BackendRest, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", logger="yoi_workspace_server")
    answer = backend.ask("POST", TOKENS, document={"name": "ann", "role": "admin"})
    assert answer.headers["cache-control"] == "no-store"
    secret = json.loads(answer.body)["secret"]
    paths = (TOKENS, "/api/v1/audit", WHOAMI, "/metrics", "/openapi.json", "/readyz")
    for path in paths:
        assert secret.encode() not in backend.ask("GET", path, token=secret).body, path
    backend.ask("GET", f"/api/v1/{secret}", token=secret + "x")
    lines = [JsonLines().format(record) for record in caplog.records]
    said = "\n".join(line for line in lines if f"/api/v1/{secret}" not in line)
    assert any("/api/v1/tokens" in line for line in lines)
    assert secret not in said
    with sqlite3.connect(tmp_path / "data" / "backend.db") as database:
        assert secret not in "\n".join(database.iterdump())
    kept = b"".join(path.read_bytes() for path in (tmp_path / "data").glob("backend.db*"))
    assert secret.encode() not in kept


@pytest.mark.parametrize(
    ("maker", "fields", "status"),
    [
        ({"role": "admin"}, {"scopes": ["runtimes:connection"]}, 403),
        ({"role": "admin", "scopes": ["runtimes:connection"]}, {"scopes": ["runtimes:connection"]}, 201),
        ({"role": "admin", "lifetime_seconds": 60}, {}, 400),
        ({"role": "admin", "lifetime_seconds": 60}, {"lifetime_seconds": 61}, 400),
        ({"role": "admin", "lifetime_seconds": 60}, {"lifetime_seconds": 60}, 201),
        ({"role": "admin", "workspaces": ["library"]}, {"workspaces": ["library"]}, 403),
        ({"role": "operator"}, {}, 403),
    ],
    ids=["a scope", "its own scope", "for ever", "for longer", "as long", "confined", "operator"],
)
def test_a_token_gives_no_more_than_its_maker_has(
    backend: BackendRest, maker: dict[str, Any], fields: dict[str, Any], status: int
) -> None:
    secret = backend.add_token(**maker)
    before = len(backend.get(TOKENS)["items"])
    answer = backend.ask("POST", TOKENS, document={"name": "ann", "role": "admin", **fields}, token=secret)
    assert answer.status == status
    assert len(backend.get(TOKENS)["items"]) == before + (status == 201)


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "backend"},
        {"name": "two words"},
        {"name": "ann\n"},
        {"name": ""},
        {"role": "owner"},
        {"workspaces": ["Not an id"]},
        {"scopes": ["everything"]},
        {"lifetime_seconds": 0},
        {"lifetime_seconds": 10**12},
        {"secret": "mine"},
    ],
    ids=str,
)
def test_a_token_of_another_form_is_not_made(backend: BackendRest, fields: dict[str, Any]) -> None:
    answer = backend.ask("POST", TOKENS, document={"name": "ann", "role": "viewer", **fields})
    assert (answer.status, answer.problem["code"]) == (400, "request.invalid")
    assert len(backend.get(TOKENS)["items"]) == 1


def test_the_last_admin_cannot_lock_itself_out(backend: BackendRest) -> None:
    first = backend.get_first_token_id()
    backend.add_token("admin", workspaces=["library"])
    backend.add_token("admin", lifetime_seconds=60)
    backend.add_token("operator")
    backend.clock.advance(minutes=2)
    answer = backend.ask("DELETE", f"{TOKENS}/{first}")
    assert (answer.status, answer.problem["details"]["field"]) == (400, "token")
    successor = _make(backend, role="admin")
    assert backend.ask("DELETE", f"{TOKENS}/{first}").status == 204
    assert backend.ask("GET", WHOAMI).status == 401
    assert (
        backend.ask("DELETE", f"{TOKENS}/{successor['token']['id']}", token=successor["secret"]).status == 400
    )


@pytest.mark.req("K-10")
def test_nobody_makes_a_token_to_act_as_somebody_else(backend: BackendRest) -> None:
    second = backend.add_token("admin", name="bob")
    for fields in ({"name": "bob"}, {"name": "laptop", "principal": "bob"}):
        answer = backend.ask("POST", TOKENS, document={"role": "viewer", **fields})
        assert (answer.status, answer.problem["details"]["field"]) == (400, "principal")
    own = _make(backend, second, name="laptop", principal="bob")
    assert own["token"]["principal"] == "bob"
    whoami = backend.get(WHOAMI, token=own["secret"])
    assert (whoami["name"], whoami["token"]) == ("bob", own["token"]["id"])
    assert _make(backend, name="ci", principal="robot")["token"]["principal"] == "robot"
    assert (
        backend.ask("POST", TOKENS, document={"name": "x", "principal": "backend", "role": "viewer"}).status
        == 400
    )


@pytest.mark.req("K-10")
def test_a_record_names_the_principal_and_its_token(backend: BackendRest) -> None:
    made = _make(
        backend,
        name="laptop",
        principal="bob",
        role="operator",
        workspaces=["library"],
        lifetime_seconds=60,
    )
    created = backend.get("/api/v1/audit?limit=1")["items"][0]
    assert (created["actor"], created["token"]) == ("first-admin", backend.get_first_token_id())
    assert created["details"] == {
        "name": "laptop",
        "principal": "bob",
        "role": "operator",
        "workspaces": ["library"],
        "scopes": [],
        "expires_at": made["token"]["expires_at"],
    }
    backend.add_workspace()
    bundle = backend.publish("Be kind.\n")
    path = f"/api/v1/workspaces/library/bundles/{bundle.digest}/archive"
    assert backend.ask("GET", path, token=made["secret"]).status == 200
    exported = backend.get("/api/v1/audit?limit=1")["items"][0]
    assert (exported["action"], exported["subject"]) == ("bundle.exported", bundle.digest)
    assert (exported["actor"], exported["token"]) == ("bob", made["token"]["id"])


@pytest.mark.req("K-10")
def test_the_head_of_an_answer_is_no_reading_of_it(backend: BackendRest) -> None:
    backend.add_workspace()
    bundle = backend.publish("Be kind.\n")
    connection = RuntimeConnection(url="https://runtime.example:7319")
    new = NewRuntime(name="desk", kind="remote", audience="id-desk", connection=connection)
    now = backend.clock.now()
    backend.run(backend.services.store.runtimes.add_runtime(new, actor="test", now=now))
    read = {
        "bundle.exported": f"/api/v1/workspaces/library/bundles/{bundle.digest}/archive",
        "connection.read": "/api/v1/runtimes/desk/connection",
    }

    def count(action: str) -> int:
        return len(backend.get(f"/api/v1/audit?action={action}")["items"])

    for action, path in read.items():
        assert backend.ask("HEAD", path).status == 200
        assert count(action) == 0, action
        assert backend.ask("GET", path).status == 200
        assert count(action) == 1, action


@pytest.mark.req("K-10")
def test_refused_tokens_are_on_record_once_a_minute(backend: BackendRest) -> None:
    made = _make(backend)
    backend.ask("DELETE", f"{TOKENS}/{made['token']['id']}")

    def list_refusals() -> list[tuple[str, int]]:
        page = backend.get("/api/v1/audit")["items"]
        return [(one["subject"], one["details"]["count"]) for one in page if one["action"] == "token.refused"]

    for _ in range(30):
        assert backend.ask("GET", WHOAMI, token=made["secret"]).status == 401
    assert list_refusals() == [(made["token"]["id"], 1)]
    backend.clock.advance(minutes=1)
    backend.ask("GET", WHOAMI, token=f"{made['secret']}x")
    assert list_refusals() == [("", 30), (made["token"]["id"], 1)]


def test_a_token_that_there_is_not_is_missing(backend: BackendRest) -> None:
    answer = backend.ask("DELETE", f"{TOKENS}/nobody")
    assert (answer.status, answer.problem["code"]) == (404, "token.not_found")


@pytest.mark.parametrize(
    "header", ["Basic {}", "{}", "Bearer", "Bearer ", "Bearer {} {}", "Bearer x{}"], ids=str
)
def test_a_secret_counts_in_one_form_of_one_header_only(backend: BackendRest, header: str) -> None:
    sent = {"Authorization": header.replace("{}", backend.admin)}
    assert backend.ask("GET", WHOAMI, token="", headers=sent).status == 401
    assert backend.ask("GET", f"{WHOAMI}?token={backend.admin}", token="").status == 401
    assert backend.ask("GET", WHOAMI, token="", headers={"Cookie": backend.admin}).status == 401
    assert backend.ask("GET", WHOAMI).status == 200
