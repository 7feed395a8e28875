"""What one Runtime, or one bad moment of the database, may not do to the work on all others (K-04, K-08)."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from support.backend.backend_under_test import QUICK, BackendUnderTest, WatchedRuntime, open_backend
from worker_runtime.contract.assignments import Assignment
from worker_runtime.contract.caller import Caller, build_local_caller
from worker_runtime.contract.runtime_info import RuntimeInfo
from yoi_wire.backend.errors import BackendUnavailableError
from yoi_workspace_server.reconciler.settings import ReconcilerSettings
from yoi_workspace_server.registry.prober import Prober
from yoi_workspace_server.sync_status import PairKey

_DEADLINE_SECONDS = 20.0
_ANSWER_SECONDS = 10.0
"""How long a probe waits for an answer."""
_Story = Callable[[BackendUnderTest], Awaitable[None]]


class FailingClaims:
    """Claims of a database that is gone for a moment, just when it is asked what is due next."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner
        self.failures = 1

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    async def find_next_due(self, **named: Any) -> int | None:
        if self.failures:
            self.failures -= 1
            raise BackendUnavailableError("database_unreachable")
        found: int | None = await self.inner.find_next_due(**named)
        return found


class WildRuntime:
    """A Runtime whose word on itself, and on its assignment, no database can hold."""

    def __init__(self, inner: WatchedRuntime) -> None:
        self.inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    async def get_runtime(self, caller: Caller) -> RuntimeInfo:
        info: RuntimeInfo = await self.inner.get_runtime(caller)
        return msgspec.structs.replace(info, version="1\0")

    async def put_assignment(self, *arguments: Any, **named: Any) -> Assignment:
        kept: Assignment = await self.inner.put_assignment(*arguments, **named)
        return msgspec.structs.replace(kept, generation=2**70)


class SilentRuntime:
    """A Runtime that takes every request, and never answers."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()

    def __getattr__(self, name: str) -> Any:
        async def ask(*_: Any, **__: Any) -> Any:
            self.asked.set()
            await asyncio.Event().wait()

        return ask


def _play(directory: Path, story: _Story, *, settings: ReconcilerSettings = QUICK) -> None:
    async def play() -> None:
        async with asyncio.timeout(_DEADLINE_SECONDS):
            async with open_backend(directory, settings=settings) as backend:
                await story(backend)

    asyncio.run(play())


async def _put_in_place(backend: BackendUnderTest, name: str, runtime: Any) -> None:
    info = await backend.runtimes[name].inner.get_runtime(build_local_caller())
    backend.dialer.add_embedded(info.id, runtime)


@pytest.mark.req("K-04", "K-08")
def test_a_database_that_is_gone_for_a_moment_does_not_end_the_reconciler(tmp_path: Path) -> None:
    async def story(backend: BackendUnderTest) -> None:
        claims = FailingClaims(backend.store.claims)
        backend.store.claims = claims  # type: ignore[assignment]
        backend.store.wakeups.notify("pairs")  # type: ignore[attr-defined]
        await backend.add_workspace()
        await backend.add_runtime("one")
        digest = await backend.publish("Be kind.\n")
        await backend.wait_for(digest, "one")
        assert claims.failures == 0

    _play(tmp_path, story)


@pytest.mark.req("K-04", "K-05")
def test_a_word_that_no_database_can_hold_is_the_failure_of_its_own_runtime_alone(tmp_path: Path) -> None:
    async def story(backend: BackendUnderTest) -> None:
        await backend.add_workspace()
        await backend.add_runtime("one")
        await _put_in_place(backend, "one", WildRuntime(backend.runtimes["one"]))
        await backend.add_runtime("two")
        digest = await backend.publish("Be kind.\n")
        await backend.wait_for(digest, "two")
        status = await backend.wait_until(lambda one: one.attempts >= 2, "one")
        assert status.problem is not None
        assert status.problem.code == "internal"

    _play(tmp_path, story)


@pytest.mark.req("K-04")
def test_a_silent_runtime_of_many_workspaces_does_not_keep_others_waiting(tmp_path: Path) -> None:
    async def story(backend: BackendUnderTest) -> None:
        await backend.add_runtime("one")
        silent = SilentRuntime()
        await _put_in_place(backend, "one", silent)
        for number in range(8):
            await backend.add_workspace(f"silent-{number}")
            await backend.publish("Be quiet.\n", f"silent-{number}")
        await silent.asked.wait()
        await backend.add_workspace()
        await backend.add_runtime("two")
        digest = await backend.publish("Be kind.\n")
        await backend.wait_for(digest, "two")

    few = msgspec.structs.replace(QUICK, concurrency=4, concurrency_per_runtime=2)
    _play(tmp_path, story, settings=few)


@pytest.mark.req("K-04", "K-06")
def test_a_sync_on_demand_is_waited_for_no_longer_than_was_said(tmp_path: Path) -> None:
    async def story(backend: BackendUnderTest) -> None:
        await backend.add_runtime("one")
        silent = SilentRuntime()
        await _put_in_place(backend, "one", silent)
        await backend.add_workspace()
        status = await backend.reconciler.sync_now(PairKey("one", "library"), deadline_seconds=0.2)
        assert status is not None
        assert status.observed is None

    _play(tmp_path, story)


@pytest.mark.req("K-02", "K-05")
def test_a_silent_runtime_neither_delays_word_of_others_nor_the_end(tmp_path: Path) -> None:
    async def story(backend: BackendUnderTest) -> None:
        await backend.add_runtime("one")
        silent = SilentRuntime()
        await _put_in_place(backend, "one", silent)
        await backend.add_runtime("two")
        before = (await backend.store.runtimes.get_runtime("two")).last_seen_at
        prober = Prober(backend.store, backend.dialer, clock=backend.clock, period_seconds=0.05)
        stopping = asyncio.Event()
        probing = asyncio.create_task(prober.run(stopping))
        while (await backend.store.runtimes.get_runtime("two")).last_seen_at == before:
            await asyncio.wait({probing}, timeout=0.02)
        assert silent.asked.is_set()
        stopping.set()
        async with asyncio.timeout(_ANSWER_SECONDS / 2):
            await probing

    _play(tmp_path, story)


@pytest.mark.req("K-02", "K-05")
def test_a_runtime_that_does_not_answer_in_time_is_unreachable(tmp_path: Path) -> None:
    async def story(backend: BackendUnderTest) -> None:
        await backend.add_runtime("one")
        await _put_in_place(backend, "one", SilentRuntime())
        prober = Prober(
            backend.store, backend.dialer, clock=backend.clock, period_seconds=0.05, answer_seconds=0.01
        )
        await prober.probe_due()
        found = await backend.store.runtimes.get_runtime("one")
        assert found.reachability == "unreachable"

    _play(tmp_path, story)


@pytest.mark.req("K-02", "K-05")
def test_an_announcement_that_no_database_can_hold_is_a_fault_of_its_runtime_alone(tmp_path: Path) -> None:
    async def story(backend: BackendUnderTest) -> None:
        for name in ("one", "two"):
            await backend.add_runtime(name)
        await _put_in_place(backend, "one", WildRuntime(backend.runtimes["one"]))
        await backend.prober.probe_due()
        wild = await backend.store.runtimes.get_runtime("one")
        assert wild.problem is not None
        assert (wild.reachability, wild.problem.code) == ("unreachable", "internal")
        assert (await backend.store.runtimes.get_runtime("two")).reachability == "reachable"

    _play(tmp_path, story)
