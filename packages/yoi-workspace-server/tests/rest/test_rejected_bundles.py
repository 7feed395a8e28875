"""A Runtime that rejects a digest, from the bytes to the API, and its recovery (K-04)."""

from pathlib import Path
from typing import Any

import pytest

from support.backend.backend_under_test import WatchedRuntime
from support.backend.live_backend import LiveBackend, open_live_backend, play
from support.bundles.small_bundles import build_small_bundle

_POLICY = """\
version = 1

[[workspace]]
issuer = "local"
id = "library"
recheck_text = {recheck}
"""
_HIDDEN = "Be kind.\u202e\n"


def _write(recheck: bool) -> str:
    return _POLICY.format(recheck=str(recheck).lower())


async def _watch(backend: LiveBackend) -> WatchedRuntime:
    """Have everything written down that the embedded Runtime is asked."""
    runtime = await backend.services.store.runtimes.get_runtime("here")
    watched = WatchedRuntime(backend.services.dialer.dial(runtime).api)  # type: ignore[arg-type]
    backend.services.dialer.add_embedded(runtime.audience, watched)  # type: ignore[arg-type]
    return watched


@pytest.mark.req("K-04", "K-05", "B-10")
def test_a_rejected_digest_is_not_sent_again_until_the_hosts_policy_changes(tmp_path: Path) -> None:
    async def story() -> None:
        async with open_live_backend(tmp_path, policy=_write(True)) as backend:
            watched = await _watch(backend)
            await backend.add_workspace()
            digest = await backend.record(build_small_bundle(prompts={"greeting": _HIDDEN.encode()}))
            pair = await backend.wait_for_pair(lambda one: one["state"] == "rejected" and one["problem"])
            _check_rejection(pair, digest)
            watched.asked.clear()
            for _ in range(3):
                await backend.send("POST", "/api/v1/runtimes/here/sync?workspace=library", None)
            assert {"put_bundle", "put_pack"}.isdisjoint(watched.asked)
            records = await backend.get("/api/v1/audit?workspace=library")
            assert [one["action"] for one in records["items"]].count("sync.rejected") == 1
            refused = await backend.send(
                "POST",
                "/api/v1/workers",
                {"workspace": "library", "key": "k", "selector": "workspace:reviewer", "runtime": "here"},
                status=422,
            )
            assert (refused["code"], refused["refusals"][0]["by"]) == ("bundle.hidden_text", "availability")
            (tmp_path / "host-policy.toml").write_text(_write(False), encoding="utf-8")
            pair = await backend.wait_for_pair(lambda one: one["state"] == "in_sync")
            assert (pair["observed"]["digest"], pair["rejected"], pair["problem"]) == (digest, [], None)

    play(story)


def _check_rejection(pair: Any, digest: str) -> None:
    (rejection,) = pair["rejected"]
    assert (rejection["digest"], rejection["code"]) == (digest, "bundle.hidden_text")
    (fault,) = rejection["details"]["faults"]
    assert fault["pointer"] == "/prompts/greeting/content"
    assert fault["message"] == "holds characters that readers cannot see"
    assert pair["problem"]["code"] == "bundle.hidden_text"
    assert pair["observed"]["digest"] is None
    assert pair["stored"] in (None, [])


async def _order(backend: LiveBackend, key: str, *, status: int = 200, **fields: Any) -> Any:
    order = {"workspace": "library", "key": key, "selector": "workspace:reviewer", "runtime": "here"}
    return await backend.send("POST", "/api/v1/workers", {**order, **fields}, status=status)


async def _reject_second(backend: LiveBackend) -> tuple[str, str]:
    """Have one revision assigned and the next rejected; return both digests."""
    await backend.add_workspace()
    first = await backend.publish("Be kind.\n")
    await backend.wait_for_pair(lambda one: one["state"] == "in_sync")
    second = await backend.publish(_HIDDEN)
    await backend.wait_for_pair(lambda one: one["state"] == "rejected" and one["rejected"])
    return first, second


@pytest.mark.req("T-06", "K-06", "K-10")
def test_new_workers_use_the_last_revision_that_the_host_accepted_and_everything_says_so(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        async with open_live_backend(tmp_path, policy=_write(True)) as backend:
            first, second = await _reject_second(backend)
            pair = (await backend.get("/api/v1/availability?workspace=library"))["items"][0]
            assert (pair["desired"]["revision"], pair["last_accepted_revision"]) == (2, 1)
            worker = await _order(backend, "k")
            assert worker["bundle_digest"] == first
            said = worker["last_accepted"]
            assert (said["revision"], said["rejected_revision"], said["rejected_digest"]) == (1, 2, second)
            assert said["code"] == "bundle.hidden_text"
            assert said["details"]["faults"][0]["pointer"] == "/prompts/greeting/content"
            shown = await backend.get(f"/api/v1/workers/{worker['id']}")
            explained = await backend.get(f"/api/v1/workers/{worker['id']}/explanation")
            rights = await backend.get(f"/api/v1/workers/{worker['id']}/rights")
            assert shown["last_accepted"] == explained["last_accepted"] == said
            assert rights["now"]["last_accepted"] == rights["created"]["last_accepted"] == said
            assert (await _order(backend, "k"))["last_accepted"] == said
            asked = {"workspace": "library", "runtime": "here", "selector": "workspace:reviewer"}
            preview = await backend.send("POST", "/api/v1/workers:resolve", asked)
            assert (preview["digest"], preview["explanations"][0]["last_accepted"]) == (first, said)
            records = (await backend.get("/api/v1/audit?workspace=library"))["items"]
            (created,) = [one for one in records if one["action"] == "worker.created"]
            assert created["details"] == {
                "digest": first,
                "selector": "workspace:reviewer",
                "revision": 1,
                "rejected_revision": 2,
                "rejected_for": "bundle.hidden_text",
            }

    play(story)


@pytest.mark.req("T-06", "K-06")
def test_a_bundle_that_was_asked_for_is_used_or_refused_and_never_another(tmp_path: Path) -> None:
    async def story() -> None:
        async with open_live_backend(tmp_path, policy=_write(True)) as backend:
            first, second = await _reject_second(backend)
            refused = await _order(backend, "a", status=422, digest=second)
            assert refused["code"] == "bundle.hidden_text"
            asked = await _order(backend, "b", digest=first)
            assert (asked["bundle_digest"], asked["last_accepted"]) == (first, None)

    play(story)


@pytest.mark.req("T-06", "K-01")
def test_neither_a_revoked_revision_nor_one_that_was_taken_back_stands_in(tmp_path: Path) -> None:
    async def story() -> None:
        async with open_live_backend(tmp_path, policy=_write(True)) as backend:
            first, _ = await _reject_second(backend)
            path = "/api/v1/workspaces/library"
            await backend.send("POST", f"{path}/revocations", {"digest": first}, status=201)
            assert (await _order(backend, "a", status=422))["code"] == "bundle.hidden_text"
            third = await backend.publish("Be brief.\n")
            await backend.wait_for_pair(lambda one: one["state"] == "in_sync")
            await backend.send("POST", f"{path}/rollback", {"revision": 2}, status=201)
            pair = await backend.wait_for_pair(lambda one: one["state"] == "rejected")
            assert (pair["observed"]["digest"], pair["last_accepted_revision"]) == (third, None)
            assert (await _order(backend, "b", status=422))["code"] == "bundle.hidden_text"

    play(story)


@pytest.mark.req("T-06")
def test_a_host_that_accepts_the_active_revision_comes_before_one_that_does_not(tmp_path: Path) -> None:
    async def story() -> None:
        async with open_live_backend(tmp_path, policy=_write(True)) as backend:
            rule = {"id": "all", "effect": "allow", "workspaces": ["library"], "runtimes": ["*"]}
            await backend.send("PUT", "/api/v1/placements", {"generation": 0, "rules": [rule]})
            first, second = await _reject_second(backend)
            assert (await _order(backend, "a", runtime=None))["bundle_digest"] == first
            # A host without a word on the workspace checks no texts; and it grants no mount, which nobody here needs.
            await backend.add_remote("there", tmp_path / "there")
            await backend.wait_for_pair(lambda one: one["state"] == "in_sync", runtime="there")
            worker = await _order(backend, "b", runtime=None)
            assert (worker["runtime"], worker["bundle_digest"], worker["last_accepted"]) == (
                "there",
                second,
                None,
            )

    play(story)
