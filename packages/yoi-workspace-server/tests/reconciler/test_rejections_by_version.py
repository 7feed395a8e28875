"""What a Runtime rejected is offered again when the Runtime is another version, and not before (K-04)."""

import asyncio
from pathlib import Path

import pytest

from support.backend.backend_under_test import BackendUnderTest, WatchedRuntime, open_backend
from support.runtime.fake_host import FakeHost
from worker_runtime.host.policy import NO_POLICY, HostPolicy
from yoi_wire.clock import format_instant
from yoi_workspace_server.sync_status import PairKey

_TRIGGERS = 3


async def _trigger(backend: BackendUnderTest) -> None:
    """Make the pair due over and over, and wait each time until it was looked at."""
    for _ in range(_TRIGGERS):
        now = backend.clock.now()
        assert await backend.store.pairs.mark_due(runtime="one", now=now) == 1
        instant = format_instant(now)
        await backend.wait_until(lambda one, at=instant: one.due_at is not None and one.due_at > at, "one")


async def _wait_for_rejection(backend: BackendUnderTest, digest: str, version: str) -> None:
    """Wait until it is written down that the Runtime of this version rejects a digest."""
    pair = PairKey("one", "library")
    async with asyncio.timeout(20):
        while True:
            seen = backend.store.wakeups.count("audit")
            found = await backend.store.rejections.list_in_force([pair])
            if (digest, version) in {(one.digest, one.runtime_version) for one in found.get(pair, ())}:
                return
            await backend.store.wakeups.wait("audit", seen=seen, timeout_seconds=0.02)


def _count_offers(runtime: WatchedRuntime) -> int:
    return sum(asked in {"put_bundle", "put_pack"} for asked in runtime.asked)


@pytest.mark.req("K-04")
def test_a_rejected_digest_is_offered_again_to_another_version_once_and_not_in_between(
    tmp_path: Path,
) -> None:
    async def story(backend: BackendUnderTest) -> None:
        await backend.add_workspace()
        host = FakeHost(HostPolicy(recheck_text=True))
        runtime = await backend.add_runtime("one", host=host)
        runtime.version = "1.0"
        digest = await backend.publish("Be kind.\u202e\n")
        await _wait_for_rejection(backend, digest, "1.0")
        await _trigger(backend)
        assert runtime.asked.count("put_bundle") == 1
        runtime.version = "1.1"
        await _wait_for_rejection(backend, digest, "1.1")
        await _trigger(backend)
        assert runtime.asked.count("put_bundle") == 2
        # The same policy as before by its generation: nothing but the version says that the answer may be another.
        host.policy = NO_POLICY
        offers = _count_offers(runtime)
        await _trigger(backend)
        assert _count_offers(runtime) == offers
        assert await backend.get_assigned("one") is None
        runtime.version = "2.0"
        await backend.wait_for(digest, "one")
        assert runtime.asked.count("put_bundle") == 3
        assert await backend.get_assigned("one") == digest
        assert await backend.get_state("one") == "in_sync"

    async def play() -> None:
        async with open_backend(tmp_path, probing=True) as backend:
            await story(backend)

    asyncio.run(play())
