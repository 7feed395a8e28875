"""Runtimes that leave the registry, and such as come back to it with what they were told before (K-02, K-03)."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from support.backend.backend_under_test import BackendUnderTest, open_backend
from worker_runtime.contract.caller import build_local_caller
from yoi_wire.backend.errors import RuntimeConflictError
from yoi_wire.backend.placements import PlacementRule
from yoi_wire.errors import RuntimeUnavailableError
from yoi_workspace_server.registry.registration import Registration

_NOWHERE = PlacementRule(id="nowhere", effect="deny", workspaces=("*",), runtimes=("*",))


def _play(directory: Path, story: Callable[[BackendUnderTest, Registration], Awaitable[None]]) -> None:
    async def play() -> None:
        async with open_backend(directory) as backend:
            await story(backend, Registration(backend.store, backend.dialer, clock=backend.clock))

    asyncio.run(play())


@pytest.mark.req("K-02", "K-03")
def test_a_runtime_that_is_removed_has_no_assignment_any_more(tmp_path: Path) -> None:
    async def story(backend: BackendUnderTest, registration: Registration) -> None:
        await backend.add_workspace()
        await backend.add_runtime("one")
        digest = await backend.publish("Be kind.\n")
        await backend.wait_for(digest, "one")
        await registration.remove("one", actor="ann")
        assert await backend.get_assigned("one") is None
        assert await backend.store.runtimes.find_runtime("one") is None

    _play(tmp_path, story)


@pytest.mark.req("K-02", "K-03")
def test_a_runtime_that_cannot_be_asked_is_removed_by_force_alone(tmp_path: Path) -> None:
    async def story(backend: BackendUnderTest, registration: Registration) -> None:
        await backend.add_workspace()
        runtime = await backend.add_runtime("one")
        digest = await backend.publish("Be kind.\n")
        await backend.wait_for(digest, "one")
        runtime.failure = lambda _: RuntimeUnavailableError("unreachable")
        with pytest.raises(RuntimeConflictError) as caught:
            await registration.remove("one", actor="ann", deadline_seconds=10)
        assert caught.value.reason == "still_assigned"
        assert (await backend.get_pair("one")).placed
        await registration.remove("one", actor="ann", force=True, deadline_seconds=10)
        assert await backend.store.runtimes.find_runtime("one") is None
        last = (await backend.store.audit.list_records(limit=100)).items
        (deleted,) = [one for one in last if one.action == "runtime.deleted"]
        assert deleted.details == {"still_assigned": ["library"]}

    _play(tmp_path, story)


@pytest.mark.req("K-03")
def test_a_runtime_that_comes_back_loses_what_it_may_not_have_any_more(tmp_path: Path) -> None:
    async def story(backend: BackendUnderTest, registration: Registration) -> None:
        await backend.add_workspace()
        runtime = await backend.add_runtime("one")
        digest = await backend.publish("Be kind.\n")
        await backend.wait_for(digest, "one")
        runtime.failure = lambda _: RuntimeUnavailableError("unreachable")
        await registration.remove("one", actor="ann", force=True, deadline_seconds=10)
        runtime.failure = lambda _: None
        await backend.put_rules(_NOWHERE)
        info = await runtime.inner.get_runtime(build_local_caller())
        await registration.add_embedded("again", info, labels={}, actor="ann")
        await backend.wait_for(None, "again")
        assert await backend.get_state("again") == "withdrawn"
        found = await runtime.inner.get_assignment(build_local_caller("library"), "library")
        assert found.digest is None

    _play(tmp_path, story)
