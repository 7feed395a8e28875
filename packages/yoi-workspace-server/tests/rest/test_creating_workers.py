"""Workers through the Backend: who refuses, what is kept before anything is sent, what survives (K-06)."""

from pathlib import Path
from typing import Any

import pytest

from support.backend.live_backend import LiveBackend, open_live_backend, play
from worker_runtime.contract.api import RuntimeApi
from worker_runtime.contract.caller import Caller, build_local_caller
from worker_runtime.contract.workers import CreateWorkerRequest, Worker
from yoi_wire.errors import RuntimeUnavailableError, UnauthenticatedError

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
_ORDER = {"workspace": "library", "key": "first", "selector": "workspace:reviewer"}


class ForgetfulRuntime:
    """A Runtime whose answer to a creation is lost; it has made the Worker all the same."""

    def __init__(self, inner: RuntimeApi) -> None:
        self.inner = inner
        self.lost = 0
        self.asked: list[CreateWorkerRequest] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    async def create_worker(self, caller: Caller, request: CreateWorkerRequest) -> Worker:
        self.asked.append(request)
        worker = await self.inner.create_worker(caller, request)
        if self.lost:
            self.lost -= 1
            raise RuntimeUnavailableError("unreachable")
        return worker


async def _replace(backend: LiveBackend, name: str = "here") -> ForgetfulRuntime:
    """Put a Runtime that loses answers in the place of an embedded one."""
    found = await backend.services.store.runtimes.get_runtime(name)
    runtime = ForgetfulRuntime(backend.services.dialer.dial(found).api)
    backend.services.dialer.add_embedded(found.audience, runtime)  # type: ignore[arg-type]
    return runtime


async def _create(backend: LiveBackend, *, status: int = 200, **fields: Any) -> Any:
    return await backend.send("POST", "/api/v1/workers", {**_ORDER, **fields}, status=status)


@pytest.mark.req("K-06", "W-01")
def test_key_and_digest_are_kept_before_anything_is_sent_and_the_key_gives_the_same_worker(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        async with open_live_backend(tmp_path, policy=_POLICY) as backend:
            await backend.add_workspace()
            first = await backend.publish("Be kind.\n")
            await backend.wait_for_pair(lambda one: one["state"] == "in_sync")
            runtime = await _replace(backend)
            runtime.lost = 1
            refused = await _create(backend, status=503)
            assert (refused["code"], refused["refusals"][0]["by"]) == ("runtime.unavailable", "availability")
            (kept,) = (await backend.get("/api/v1/workers"))["items"]
            assert (kept["key"], kept["bundle_digest"], kept["state"]) == ("first", first, None)
            second = await backend.publish("Be brief.\n")
            await backend.wait_for_pair(lambda one: one["observed"]["digest"] == second)
            worker = await _create(backend)
            assert (worker["id"], worker["bundle_digest"]) == (kept["id"], first)
            assert {one.key for one in runtime.asked} == {kept["id"]}
            assert await _create(backend) == worker
            there = await runtime.list_workers(build_local_caller("library"), workspace="library")
            assert len(there.items) == 1
            other = await _create(backend, key="second")
            assert other["bundle_digest"] == second
            conflict = await _create(backend, selector="default", status=409)
            assert (conflict["code"], conflict["details"]) == (
                "worker.conflict",
                {"key": "first", "worker": kept["id"]},
            )

    play(story)


@pytest.mark.req("K-06", "K-03")
def test_who_refused_a_worker_is_named(tmp_path: Path) -> None:
    async def story() -> None:
        async with open_live_backend(tmp_path) as backend:
            await backend.add_workspace()
            await backend.publish("Be kind.\n")
            await backend.wait_for_pair(lambda one: one["state"] == "in_sync")
            await backend.add_remote("denied", tmp_path / "denied")
            gone = {"name": "gone", "audience": "gone", "connection": {"url": "http://127.0.0.1:9"}}
            await backend.send("POST", "/api/v1/runtimes", gone, status=201)
            rule = {"id": "far", "effect": "allow", "workspaces": ["library"], "runtimes": ["gone"]}
            await backend.send("PUT", "/api/v1/placements", {"generation": 0, "rules": [rule]})
            placement = await _create(backend, runtime="denied", status=403)
            assert placement["code"] == "placement.denied"
            assert [(one["runtime"], one["by"]) for one in placement["refusals"]] == [("denied", "placement")]
            away = await _create(backend, runtime="gone", status=503)
            assert [(one["runtime"], one["by"]) for one in away["refusals"]] == [("gone", "availability")]
            asked = {"intent": {"requires": ["secret:LOAN_KEY"]}}
            refused = await _create(backend, runtime="here", status=422, **asked)
            assert [(one["runtime"], one["by"]) for one in refused["refusals"]] == [("here", "runtime")]
            assert (refused["code"], refused["details"]["reasons"][0]["id"]) == (
                "resolution.refused",
                "LOAN_KEY",
            )
            await backend.send("POST", "/api/v1/workers", {**_ORDER, "runtime": "none"}, status=404)
            assert (await backend.get("/api/v1/workers"))["items"] == []
            actions = [one["action"] for one in (await backend.get("/api/v1/audit"))["items"]]
            assert actions.count("worker.refused") == 3

    play(story)


@pytest.mark.req("K-06", "S-07")
@pytest.mark.parametrize("selector", ["", "two words", "r\u00e9viseur"])
def test_a_selector_that_cannot_be_passed_on_is_still_called_one(tmp_path: Path, selector: str) -> None:
    async def story() -> None:
        async with open_live_backend(tmp_path, policy=_POLICY) as backend:
            await backend.add_workspace()
            refused = await _create(backend, selector=selector, status=422)
            assert (refused["code"], refused["details"]) == ("profile.invalid_selector", {"selector": ""})
            assert [(one["runtime"], one["by"], one["code"]) for one in refused["refusals"]] == [
                ("here", "runtime", "profile.invalid_selector")
            ]

    play(story)


@pytest.mark.req("K-06")
def test_who_does_not_see_a_runtime_is_not_told_that_it_refused(tmp_path: Path) -> None:
    async def story() -> None:
        async with open_live_backend(tmp_path) as backend:
            await backend.add_workspace()
            await backend.add_remote("denied", tmp_path / "denied")
            rule = {"id": "stop", "effect": "deny", "workspaces": ["*"], "runtimes": ["here"]}
            await backend.send("PUT", "/api/v1/placements", {"generation": 0, "rules": [rule]})
            confined = await backend.add_token("operator", workspaces=["library"])
            order = {**_ORDER, "selector": "builtin:reviewer"}
            refused = await backend.send("POST", "/api/v1/workers", order, status=403, token=confined)
            assert refused["refusals"] == []
            assert refused["details"] == {"workspace": "library", "runtime": "*", "rule": ""}
            named = {**order, "runtime": "denied"}
            missing = await backend.send("POST", "/api/v1/workers", named, status=404, token=confined)
            assert missing["code"] == "runtime.not_found"

    play(story)


@pytest.mark.req("K-06", "S-07")
def test_a_worker_of_the_built_in_set_needs_no_bundle(tmp_path: Path) -> None:
    async def story() -> None:
        async with open_live_backend(tmp_path, policy=_POLICY) as backend:
            await backend.add_workspace()
            worker = await _create(backend, selector="builtin:reviewer")
            assert (worker["bundle_digest"], worker["state"]) == (None, "created")
            explanation = await backend.get(f"/api/v1/workers/{worker['id']}/explanation")
            assert explanation["frame"]["source"] == "builtin"
            spec = await backend.get(f"/api/v1/workers/{worker['id']}/spec")
            assert spec["model"] == {"id": "default", "provider": "example", "model": "example-large"}

    play(story)


@pytest.mark.req("X-13", "W-06", "K-07")
def test_a_changed_host_policy_shows_through_the_backend_with_the_runtimes_own_reason(tmp_path: Path) -> None:
    mounts = '[workspace.mounts.workspace]\npath = "."\naccess = "ro"\n'
    policy = f'{_POLICY}\n{mounts}[workspace.tools]\nrules = ["allow *"{{}}]\n'

    async def story() -> None:
        async with open_live_backend(tmp_path, policy=policy.format("")) as backend:
            await backend.add_workspace()
            worker = await _create(backend, selector="builtin:reviewer")
            path = f"/api/v1/workers/{worker['id']}"
            rights = await backend.get(f"{path}/rights")
            assert (rights["worker"], rights["state"], rights["lost"]) == (worker["id"], "created", [])
            assert rights["now"] == rights["created"]
            tool = next(
                one["id"]
                for one in rights["now"]["decisions"]
                if (one["kind"], one["outcome"]) == ("tool", "granted")
            )
            changed = tmp_path / "changed.toml"
            changed.write_text(policy.format(f', "deny {tool}"'), encoding="utf-8")
            changed.replace(tmp_path / "host-policy.toml")
            held = await backend.wait_until(path, lambda one: one["state"] == "held")
            assert {"code": "policy.denied", "kind": "tool", "id": tool} in held["reasons"]
            said = await backend.send("POST", f"{path}/input", {"text": "go on"}, status=409)
            assert said["code"] == "worker.invalid_state"
            rights = await backend.get(f"{path}/rights")
            (lost,) = [one for one in rights["lost"] if one["kind"] == "tool"]
            assert (lost["code"], lost["id"], lost["layer"]) == ("policy.denied", tool, "host_policy")
            assert lost["sentence"]
            left = {(one["kind"], one["id"]): one["outcome"] for one in rights["now"]["decisions"]}
            assert left["tool", tool] == "denied"
            changed.write_text(policy.format(""), encoding="utf-8")
            changed.replace(tmp_path / "host-policy.toml")
            await backend.wait_until(path, lambda one: one["state"] == "created" and not one["reasons"])

    play(story)


@pytest.mark.req("K-01", "K-06")
def test_no_new_worker_uses_a_revoked_digest_and_running_ones_are_reported(tmp_path: Path) -> None:
    async def story() -> None:
        async with open_live_backend(tmp_path, policy=_POLICY) as backend:
            await backend.add_workspace()
            first = await backend.publish("Be kind.\n")
            await backend.wait_for_pair(lambda one: one["state"] == "in_sync")
            worker = await _create(backend)
            await backend.publish("Be brief.\n")
            await backend.wait_for_pair(lambda one: one["in_use"] == {first: 1})
            revocation = {"digest": first, "reason": "leaked"}
            await backend.send("POST", "/api/v1/workspaces/library/revocations", revocation, status=201)
            refused = await _create(backend, key="second", digest=first, status=403)
            assert (refused["code"], refused["details"]["digest"]) == ("bundle.revoked", first)
            pair = await backend.wait_for_pair(lambda one: bool(one["revoked_in_use"]))
            assert pair["revoked_in_use"] == [first]
            shown = await backend.get(f"/api/v1/workers/{worker['id']}")
            assert shown["state"] == "created"

    play(story)


@pytest.mark.req("K-06", "W-02")
def test_a_worker_survives_a_restart_of_the_backend(tmp_path: Path) -> None:
    async def story() -> None:
        async with open_live_backend(tmp_path, policy=_POLICY) as backend:
            await backend.add_workspace()
            await backend.publish("Be kind.\n")
            await backend.wait_for_pair(lambda one: one["state"] == "in_sync")
            worker = await _create(backend)
            spec = await backend.get(f"/api/v1/workers/{worker['id']}/spec")
        async with open_live_backend(tmp_path, policy=_POLICY) as backend:
            found = await backend.get(f"/api/v1/workers/{worker['id']}")
            assert (found["id"], found["resolution_digest"]) == (worker["id"], worker["resolution_digest"])
            assert await backend.get(f"/api/v1/workers/{worker['id']}/spec") == spec
            assert (await _create(backend))["id"] == worker["id"]

    play(story)


@pytest.mark.req("K-06", "K-09")
def test_a_runtime_that_does_not_believe_the_backend_is_not_the_callers_fault(tmp_path: Path) -> None:
    async def story() -> None:
        async with open_live_backend(tmp_path, policy=_POLICY) as backend:
            await backend.add_workspace()
            worker = await _create(backend, selector="builtin:reviewer")
            found = await backend.services.store.runtimes.get_runtime("here")

            class Unbelieving(ForgetfulRuntime):
                async def get_worker(self, caller: Caller, worker: str) -> Worker:
                    raise UnauthenticatedError("another key")

            inner = backend.services.dialer.dial(found).api
            backend.services.dialer.add_embedded(found.audience, Unbelieving(inner))  # type: ignore[arg-type]
            answer = await backend.ask("GET", f"/api/v1/workers/{worker['id']}")
            assert (answer.status, answer.document["code"]) == (503, "runtime.unavailable")

    play(story)


@pytest.mark.req("K-06", "W-03")
def test_workers_are_told_stopped_and_deleted_by_the_backends_ids(tmp_path: Path) -> None:
    async def story() -> None:
        async with open_live_backend(tmp_path, policy=_POLICY) as backend:
            await backend.add_workspace()
            worker = await _create(backend, selector="builtin:reviewer")
            path = f"/api/v1/workers/{worker['id']}"
            refused = await backend.ask("DELETE", path)
            assert (refused.status, refused.document["details"]["worker"]) == (409, worker["id"])
            said = await backend.send("POST", f"{path}/input", {"text": "hello"})
            assert (said["kind"], said["body"]) == ("input", {"text": "hello"})
            assert (await backend.send("POST", f"{path}/stop", None))["state"] == "stopped"
            late = await backend.ask("POST", f"{path}/input", {"text": "hello"})
            assert (late.status, late.document["details"]) == (
                409,
                {"worker": worker["id"], "state": "stopped", "operation": "input"},
            )
            events = await backend.get(f"{path}/events?after=1")
            assert [one["kind"] for one in events["events"]] == ["input", "state"]
            assert await backend.get(f"{path}/approvals") == []
            assert (await backend.ask("DELETE", path)).status == 204
            assert (await backend.ask("GET", path)).status == 404
            actions = [one["action"] for one in (await backend.get("/api/v1/audit"))["items"]]
            assert actions.count("worker.controlled") == 2
            assert actions.count("worker.deleted") == 1

    play(story)


@pytest.mark.req("S-08", "K-03", "K-07", "K-09")
def test_a_preview_says_what_a_worker_would_be_there_and_creates_none(tmp_path: Path) -> None:
    async def story() -> None:
        async with open_live_backend(tmp_path, policy=_POLICY) as backend:
            await backend.add_workspace()
            order = {"workspace": "library", "runtime": "here", "selector": "workspace:reviewer"}

            async def preview(*, status: int = 200, token: str | None = None, **fields: Any) -> Any:
                asked = {**order, **fields}
                return await backend.send(
                    "POST", "/api/v1/workers:resolve", asked, status=status, token=token
                )

            assert (await preview(status=400))["code"] == "request.invalid"
            digest = await backend.publish("Be kind.\n")
            await backend.wait_for_pair(lambda one: one["state"] == "in_sync")
            found = await preview(call="file.read(path: a)")
            (explained,) = found["explanations"]
            assert (found["digest"], explained["frame"]["digest"], explained["refused"]) == (
                digest,
                digest,
                [],
            )
            verdict = found["call"]
            assert (verdict["verdict"], verdict["cause"], verdict["layer"]) == (
                "deny",
                "not_granted",
                "needs",
            )
            assert "mount" in verdict["sentence"]
            created = await _create(backend)
            assert await backend.get(f"/api/v1/workers/{created['id']}/explanation") == {
                **explained,
                "resolution_digest": created["resolution_digest"],
            }
            assert len((await backend.get("/api/v1/workers"))["items"]) == 1
            every = await preview(selector="none", every_profile=True)
            assert [one["frame"]["profile"] for one in every["explanations"]] == ["workspace:reviewer"]
            secret = {"requires": ["secret:LOAN_KEY"]}
            assert (await preview(intent=secret))["explanations"][0]["refused"][0]["id"] == "LOAN_KEY"

            viewer = await backend.add_token("viewer", workspaces=["library"])
            assert (await preview(token=viewer))["digest"] == digest
            for intent in (secret, {"narrowing": {"secrets": ["LOAN_KEY"]}}):
                told = await preview(token=viewer, intent=intent, status=403)
                assert told["details"] == {"scope": "secret_names:read"}
            stranger = await backend.add_token("viewer", workspaces=["museum"])
            assert (await preview(token=stranger, status=404))["code"] == "workspace.not_found"
            assert (await preview(selector="workspace:none", status=404))["code"] == "profile.not_found"
            assert (await preview(call="no call", status=400))["details"]["field"] == "call"
            assert (await preview(call="user.ask", every_profile=True, status=400))["details"][
                "field"
            ] == "call"
            absent = await preview(digest="sha256:" + "0" * 64, status=404)
            assert absent["code"] == "bundle.missing"
            await backend.add_remote("denied", tmp_path / "denied")
            assert (await preview(runtime="denied", status=403))["code"] == "placement.denied"
            assert (await preview(token=viewer, runtime="denied", status=404))["code"] == "runtime.not_found"
            await backend.send(
                "POST", "/api/v1/workspaces/library/revocations", {"digest": digest}, status=201
            )
            assert (await preview(digest=digest, status=403))["code"] == "bundle.revoked"

    play(story)
