"""A Worker's key, when a call under it comes again and the world has changed meanwhile (K-01, K-03, K-06)."""

from pathlib import Path
from typing import Any

import pytest

from support.backend.live_backend import LiveBackend, open_live_backend, play
from worker_runtime.contract.api import RuntimeApi
from worker_runtime.contract.caller import Caller
from worker_runtime.contract.workers import CreateWorkerRequest, Worker
from yoi_bundle.errors import YoiError
from yoi_wire.errors import (
    RuntimeOverloadedError,
    RuntimeUnavailableError,
    UnauthenticatedError,
    WorkerNotFoundError,
)

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
_WORKERS = "/api/v1/workers"


class RefusingRuntime:
    """A Runtime that does what it is asked, unless an operation is to fail instead."""

    def __init__(self, inner: RuntimeApi) -> None:
        self.inner = inner
        self.creation: YoiError | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    async def create_worker(self, caller: Caller, request: CreateWorkerRequest) -> Worker:
        if self.creation is not None:
            raise self.creation
        return await self.inner.create_worker(caller, request)

    async def delete_worker(self, caller: Caller, worker: str) -> None:
        raise WorkerNotFoundError(worker)


async def _open(backend: LiveBackend) -> tuple[str, RefusingRuntime]:
    """Publish a bundle, bring it to the Runtime, and put one that refuses in its place."""
    await backend.add_workspace()
    digest = await backend.publish("Be kind.\n")
    await backend.wait_for_pair(lambda one: one["state"] == "in_sync")
    found = await backend.services.store.runtimes.get_runtime("here")
    runtime = RefusingRuntime(backend.services.dialer.dial(found).api)
    backend.services.dialer.add_embedded(found.audience, runtime)  # type: ignore[arg-type]
    return digest, runtime


async def _list_refusals(backend: LiveBackend) -> list[str]:
    return [one["details"]["code"] for one in await _list_refusal_records(backend)]


async def _list_refusal_records(backend: LiveBackend) -> list[Any]:
    records = (await backend.get("/api/v1/audit?workspace=library&limit=50"))["items"]
    return [one for one in records if one["action"] == "worker.refused"]


@pytest.mark.req("K-06", "W-01")
def test_a_worker_that_was_made_keeps_its_key_whatever_its_runtime_says_later(tmp_path: Path) -> None:
    async def story() -> None:
        async with open_live_backend(tmp_path, policy=_POLICY) as backend:
            _, runtime = await _open(backend)
            worker = await backend.send("POST", _WORKERS, _ORDER)
            runtime.creation = UnauthenticatedError("another key")
            await backend.send("POST", _WORKERS, _ORDER, status=503)
            runtime.creation = None
            assert (await backend.send("POST", _WORKERS, _ORDER))["id"] == worker["id"]

    play(story)


@pytest.mark.req("K-06", "W-01")
def test_a_key_is_not_free_while_its_worker_may_have_been_made(tmp_path: Path) -> None:
    async def story() -> None:
        async with open_live_backend(tmp_path, policy=_POLICY) as backend:
            _, runtime = await _open(backend)
            runtime.creation = RuntimeUnavailableError("unreachable")
            await backend.send("POST", _WORKERS, _ORDER, status=503)
            (kept,) = (await backend.get(_WORKERS))["items"]
            runtime.creation = UnauthenticatedError("another key")
            await backend.send("POST", _WORKERS, _ORDER, status=503)
            runtime.creation = None
            assert (await backend.send("POST", _WORKERS, _ORDER))["id"] == kept["id"]

    play(story)


@pytest.mark.req("K-06")
def test_a_faulty_host_policy_leaves_no_worker_and_frees_the_key(tmp_path: Path) -> None:
    async def story() -> None:
        async with open_live_backend(tmp_path, policy=_POLICY) as backend:
            _, runtime = await _open(backend)
            runtime.creation = RuntimeUnavailableError("policy_invalid")
            await backend.send("POST", _WORKERS, _ORDER, status=503)
            assert (await backend.get(_WORKERS))["items"] == []
            runtime.creation = RuntimeUnavailableError("unreachable")
            await backend.send("POST", _WORKERS, _ORDER, status=503)
            runtime.creation = RuntimeUnavailableError("policy_invalid")
            await backend.send("POST", _WORKERS, _ORDER, status=503)
            assert len((await backend.get(_WORKERS))["items"]) == 1, "it may have been made the first time"

    play(story)


@pytest.mark.req("K-01", "K-06", "K-10")
def test_a_key_that_was_kept_gives_no_worker_of_a_digest_that_was_revoked_since(tmp_path: Path) -> None:
    async def story() -> None:
        async with open_live_backend(tmp_path, policy=_POLICY) as backend:
            digest, runtime = await _open(backend)
            runtime.creation = RuntimeUnavailableError("unreachable")
            await backend.send("POST", _WORKERS, _ORDER, status=503)
            runtime.creation = None
            revocation = {"digest": digest, "reason": "leaked"}
            await backend.send("POST", "/api/v1/workspaces/library/revocations", revocation, status=201)
            refused = await backend.send("POST", _WORKERS, _ORDER, status=403)
            assert refused["code"] == "bundle.revoked"
            assert await _list_refusals(backend) == ["bundle.revoked", "runtime.unavailable"]

    play(story)


@pytest.mark.req("K-03", "K-06", "K-10")
def test_a_key_that_was_kept_gives_no_worker_where_placement_was_lost_since(tmp_path: Path) -> None:
    async def story() -> None:
        async with open_live_backend(tmp_path, policy=_POLICY) as backend:
            _, runtime = await _open(backend)
            runtime.creation = RuntimeUnavailableError("unreachable")
            await backend.send("POST", _WORKERS, _ORDER, status=503)
            runtime.creation = None
            deny = {"id": "none", "effect": "deny", "workspaces": ["library"], "runtimes": ["*"]}
            await backend.send("PUT", "/api/v1/placements", {"generation": 0, "rules": [deny]})
            refused = await backend.send("POST", _WORKERS, _ORDER, status=403)
            assert (refused["code"], refused["refusals"][0]["by"]) == ("placement.denied", "placement")
            assert await _list_refusals(backend) == ["placement.denied", "runtime.unavailable"]

    play(story)


@pytest.mark.req("K-06", "K-10")
@pytest.mark.parametrize(
    ("error", "stage"),
    [
        (RuntimeUnavailableError("unreachable"), "availability"),
        (RuntimeUnavailableError("storage_full"), "runtime"),
        (RuntimeOverloadedError("leases", retry_after_seconds=1), "runtime"),
    ],
    ids=["unreachable", "full", "overloaded"],
)
def test_a_runtime_that_makes_no_worker_for_now_is_on_record_with_who_refused_and_the_key_is_kept(
    tmp_path: Path, error: YoiError, stage: str
) -> None:
    async def story() -> None:
        async with open_live_backend(tmp_path, policy=_POLICY) as backend:
            _, runtime = await _open(backend)
            runtime.creation = error
            refused = await backend.send("POST", _WORKERS, _ORDER, status=503)
            assert [(one["by"], one["code"]) for one in refused["refusals"]] == [(stage, error.code)]
            (kept,) = (await backend.get(_WORKERS))["items"]
            (record,) = await _list_refusal_records(backend)
            assert (record["subject"], record["runtime"]) == (kept["id"], "here")
            assert record["details"] == {"code": error.code, "refused_by": {"here": f"{stage}: {error.code}"}}
            runtime.creation = None
            assert (await backend.send("POST", _WORKERS, _ORDER))["id"] == kept["id"]

    play(story)


@pytest.mark.req("K-10")
def test_an_order_that_is_refused_before_any_runtime_is_asked_is_on_record(tmp_path: Path) -> None:
    async def story() -> None:
        async with open_live_backend(tmp_path, policy=_POLICY) as backend:
            await backend.add_workspace()
            await backend.send("POST", _WORKERS, _ORDER, status=400)
            assert await _list_refusals(backend) == ["request.invalid"]

    play(story)


@pytest.mark.req("K-06")
def test_a_worker_that_its_runtime_has_deleted_already_is_deleted(tmp_path: Path) -> None:
    async def story() -> None:
        async with open_live_backend(tmp_path, policy=_POLICY) as backend:
            await _open(backend)
            worker = await backend.send("POST", _WORKERS, _ORDER)
            answer = await backend.ask("DELETE", f"{_WORKERS}/{worker['id']}")
            assert answer.status == 204
            assert (await backend.get(_WORKERS))["items"] == []

    play(story)
