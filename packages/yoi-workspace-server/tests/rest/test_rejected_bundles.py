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
