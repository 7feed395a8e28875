"""Runtimes, placement and availability over REST: what is shown, to whom, and what is refused (K-02, K-03, K-05)."""

from pathlib import Path
from typing import Any

import pytest

from support.backend.live_backend import LiveBackend, open_live_backend, play

_FAR = {"id": "far", "effect": "allow", "workspaces": ["library"], "runtimes": ["far"]}
_STOP = {"id": "museum-stays", "effect": "deny", "workspaces": ["museum"], "runtimes": ["*"]}
_POLICY = """\
version = 1

[[workspace]]
issuer = "local"
id = "library"
default_model = "desk"

[workspace.models.desk]
provider = "example"
model = "example-large"
"""


async def _put_rules(backend: LiveBackend, *rules: dict[str, Any]) -> Any:
    seen = await backend.get("/api/v1/placements")
    document = {"generation": seen["generation"], "rules": list(rules)}
    return await backend.send("PUT", "/api/v1/placements", document)


@pytest.mark.req("K-02", "K-05")
def test_a_remote_runtime_is_registered_placed_synced_and_removed(tmp_path: Path) -> None:
    async def story() -> None:
        async with open_live_backend(tmp_path) as backend:
            await backend.add_workspace()
            digest = await backend.publish("Be kind.\n")
            await backend.add_remote("far", tmp_path / "far")
            shown = await backend.get("/api/v1/runtimes/far")
            assert (shown["kind"], shown["reachability"]) == ("remote", "reachable")
            assert shown["announcement"]["schema_versions"] == [1]
            denied = await backend.ask("POST", "/api/v1/runtimes/far/sync?workspace=library")
            assert (denied.status, denied.document["code"]) == (403, "placement.denied")
            await _put_rules(backend, _FAR)
            synced = await backend.send("POST", "/api/v1/runtimes/far/sync?workspace=library", None)
            assert synced["pair"]["observed"]["digest"] == digest
            assert (synced["pair"]["state"], synced["pair"]["skew"]) == ("in_sync", 0)
            assert await backend.send("POST", "/api/v1/runtimes/far/sync", None) == {"due": 1, "pair": None}
            labelled = await backend.send("PATCH", "/api/v1/runtimes/far", {"labels": {"floor": "2"}})
            assert labelled["labels"] == {"floor": "2"}
            await _put_rules(backend)
            await backend.wait_for_pair(lambda one: one["state"] == "withdrawn", "far")
            assert (await backend.ask("DELETE", "/api/v1/runtimes/far")).status == 204
            assert (await backend.ask("GET", "/api/v1/runtimes/far")).status == 404

    play(story)


@pytest.mark.req("K-02", "K-09")
@pytest.mark.parametrize(
    ("connection", "field"),
    [
        ({"url": "http://runtime.example.com"}, "connection.url"),
        ({"url": "ftp://runtime.example.com"}, "connection.url"),
        ({"url": "https://user@runtime.example.com"}, "connection.url"),
        ({"url": "https://runtime.example.com/v1"}, "connection.url"),
        ({"url": "http://localhost", "fingerprint": "0" * 64}, "connection.url"),
        ({"url": "https://localhost", "fingerprint": "0" * 63}, "connection.fingerprint"),
        ({"url": "https://localhost", "authority": "no certificate"}, "connection.authority"),
        ({"url": "http://localhost", "socket": "runtime.sock"}, "connection.socket"),
        ({"url": "http://localhost", "password": "x"}, "connection"),
    ],
)
def test_a_connection_that_is_none_is_refused_before_it_is_kept(
    tmp_path: Path, connection: dict[str, str], field: str
) -> None:
    async def story() -> None:
        async with open_live_backend(tmp_path) as backend:
            document = {"name": "far", "audience": "far", "connection": connection}
            refused = await backend.send("POST", "/api/v1/runtimes", document, status=400)
            assert refused["details"]["field"] == field
            assert (await backend.ask("GET", "/api/v1/runtimes/far")).status == 404

    play(story)


@pytest.mark.req("K-03")
def test_rules_change_only_for_who_has_seen_the_latest_ones(tmp_path: Path) -> None:
    async def story() -> None:
        async with open_live_backend(tmp_path) as backend:
            assert (await _put_rules(backend, _FAR))["generation"] == 1
            late = await backend.send("PUT", "/api/v1/placements", {"generation": 0, "rules": []}, status=409)
            assert (late["code"], late["details"]["reason"]) == ("workspace.conflict", "superseded")
            twins = {"generation": 1, "rules": [_FAR, _FAR]}
            await backend.send("PUT", "/api/v1/placements", twins, status=400)
            (rule,) = (await backend.get("/api/v1/placements"))["rules"]
            assert rule == {**_FAR, "visibility": [], "labels": {}}

    play(story)


@pytest.mark.req("K-03", "K-07")
def test_a_decision_explains_itself_without_the_rules_of_others(tmp_path: Path) -> None:
    async def story() -> None:
        async with open_live_backend(tmp_path) as backend:
            await backend.add_workspace("library")
            await backend.add_workspace("museum")
            await _put_rules(backend, _STOP, {**_FAR, "id": "here", "runtimes": ["here"]})
            path = "/api/v1/placements/explain?workspace=library&runtime=here"
            decision = await backend.get(path)
            assert (decision["allowed"], decision["rule"]) == (True, "here")
            assert [(one["rule"], one["failed"]) for one in decision["steps"]] == [
                ("museum-stays", "workspaces"),
                ("here", None),
            ]
            confined = await backend.add_token("viewer", workspaces=["library"])
            steps = (await backend.get(path, token=confined))["steps"]
            assert [one["rule"] for one in steps] == ["here"]

    play(story)


@pytest.mark.req("K-05", "K-07", "K-09")
def test_who_is_confined_sees_only_what_concerns_its_workspaces(tmp_path: Path) -> None:
    async def story() -> None:
        async with open_live_backend(tmp_path, policy=_POLICY) as backend:
            await backend.add_workspace("library")
            await backend.add_workspace("museum")
            await backend.add_remote("far", tmp_path / "far")
            await _put_rules(backend, _FAR)
            order = {"workspace": "library", "key": "k", "selector": "builtin:reviewer", "runtime": "here"}
            worker = (await backend.send("POST", "/api/v1/workers", order))["id"]
            await backend.wait_for_pair(lambda one: one["observed"] is not None, "far")
            stranger = await backend.add_token("admin", workspaces=["museum"])
            runtimes = await backend.get("/api/v1/runtimes", token=stranger)
            assert [one["name"] for one in runtimes["items"]] == ["here"]
            pairs = await backend.get("/api/v1/availability", token=stranger)
            assert {(one["runtime"], one["workspace"]) for one in pairs["items"]} == {("here", "museum")}
            assert (await backend.get("/api/v1/workers", token=stranger))["items"] == []
            await _check_missing(backend, stranger, worker)

    play(story)


async def _check_missing(backend: LiveBackend, token: str, worker: str) -> None:
    """Check that what belongs to `library` is not there for somebody else."""
    order = {"workspace": "library", "key": "x", "selector": "builtin:reviewer"}
    questions: list[tuple[str, str, Any, str]] = [
        ("GET", "/api/v1/runtimes/far", None, "runtime.not_found"),
        ("POST", "/api/v1/runtimes/far/sync", None, "runtime.not_found"),
        ("POST", "/api/v1/runtimes/here/sync?workspace=library", None, "workspace.not_found"),
        ("GET", "/api/v1/availability?workspace=library", None, "workspace.not_found"),
        ("GET", "/api/v1/availability?runtime=far", None, "runtime.not_found"),
        ("GET", "/api/v1/placements/explain?workspace=museum&runtime=far", None, "runtime.not_found"),
        ("GET", "/api/v1/placements/explain?workspace=library&runtime=here", None, "workspace.not_found"),
        ("GET", "/api/v1/workers?workspace=library", None, "workspace.not_found"),
        ("POST", "/api/v1/workers", order, "workspace.not_found"),
        *(("GET", f"/api/v1/workers/{worker}{rest}", None, "worker.not_found") for rest in _READINGS),
        *(("POST", f"/api/v1/workers/{worker}/{rest}", None, "worker.not_found") for rest in _ENDINGS),
        ("POST", f"/api/v1/workers/{worker}/input", {"text": "x"}, "worker.not_found"),
        ("POST", f"/api/v1/workers/{worker}/approvals/a", {"verdict": "allow"}, "worker.not_found"),
        ("DELETE", f"/api/v1/workers/{worker}", None, "worker.not_found"),
    ]
    for method, path, document, code in questions:
        answer = await backend.ask(method, path, document, token=token)
        assert (answer.status, answer.document["code"]) == (404, code), path


_READINGS = ("", "/spec", "/explanation", "/rights", "/events", "/approvals")
_ENDINGS = ("stop", "cancel")


@pytest.mark.req("K-07", "K-09")
def test_connections_are_for_tokens_that_name_the_scope(tmp_path: Path) -> None:
    async def story() -> None:
        async with open_live_backend(tmp_path) as backend:
            await backend.add_remote("far", tmp_path / "far", url="http://reading-room")
            scoped = await backend.add_token("operator", scopes=["runtimes:connection"])
            shown = await backend.get("/api/v1/runtimes/far/connection", token=scoped)
            assert (shown["url"], shown["socket"]) == (
                "http://reading-room",
                str(backend.sockets / "far.sock"),
            )
            viewer = await backend.add_token("viewer", scopes=["runtimes:connection"])
            admin = await backend.add_token("admin")
            elsewhere = {"connection": {"url": "http://127.0.0.1:9"}}
            new = {"name": "other", "audience": "other", **elsewhere}
            for token, asked in (
                (admin, ("GET", "/api/v1/runtimes/far/connection")),
                (viewer, ("GET", "/api/v1/runtimes/far/connection")),
                # Who may not see where a Runtime is may not send the Backend's tokens elsewhere, either.
                (admin, ("POST", "/api/v1/runtimes", new)),
                (admin, ("PATCH", "/api/v1/runtimes/far", elsewhere)),
            ):
                refused = await backend.ask(*asked, token=token)
                assert (refused.status, refused.document["details"]) == (
                    403,
                    {"scope": "runtimes:connection"},
                )

    play(story)
