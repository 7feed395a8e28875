"""Several processes on one data directory: a server beside commands, and Runtimes that do the same at once (R-02)."""

import asyncio
from pathlib import Path

import pytest

from support.processes.sharing_processes import KEEP_NOTHING, take_hold_beside_collectors, work_together
from support.runtime.crash_work import CALLER, build_bundle
from support.runtime.fake_host import FakeHost
from support.runtime.scrubbing import scrub_everything
from worker_runtime.embedded.runtime import EmbeddedRuntime
from yoi_wire.clock import DAY, SystemClock

PROCESSES = 3
ROUNDS = 12


@pytest.mark.req("R-02", "R-06", "W-01")
def test_processes_that_store_assign_create_and_collect_the_same_at_once_lose_nothing(tmp_path: Path) -> None:
    done = work_together(tmp_path, processes=PROCESSES, rounds=ROUNDS)
    assert [one.failure for one in done] == [""] * PROCESSES
    keys = {f"key {number}" for number in range(ROUNDS)}
    assert all(one.workers.keys() == keys for one in done)
    assert all(one.workers == done[0].workers for one in done)
    assert sum(one.created for one in done) >= ROUNDS
    asyncio.run(_verify(tmp_path, done[0].workers))


@pytest.mark.req("R-06")
def test_what_is_assigned_or_pinned_is_never_taken_by_a_collector_that_had_seen_it_free(
    tmp_path: Path,
) -> None:
    assert take_hold_beside_collectors(tmp_path, collectors=2, rounds=150) == []


async def _verify(directory: Path, workers: dict[str, str]) -> None:
    """Everything that a Worker pins is whole, and nothing else stays once its leases are over."""
    clock = _Tomorrow()
    runtime = EmbeddedRuntime(directory, host=FakeHost(), clock=clock, retention=KEEP_NOTHING)
    try:
        assert (await runtime.start()).readiness.ready
        found = (await runtime.list_workers(CALLER, limit=500)).items
        assert {worker.key: worker.id for worker in found} == workers
        assert (await runtime.maintenance.collect()).bundles > 0
        entries = (await runtime.list_bundles(CALLER)).items
        assert {entry.digest for entry in entries} == {worker.bundle_digest for worker in found}
        for number in range(ROUNDS):
            bundle = build_bundle(number)
            assert (await runtime.get_bundle(CALLER, bundle.digest)).manifest == bundle.manifest
            for digest, data in bundle.blobs.items():
                assert await runtime.get_blob(CALLER, bundle.digest, digest) == data
        assert not any(step.damaged_records or step.quarantined for step in await scrub_everything(runtime))
    finally:
        runtime.close()


class _Tomorrow:
    """A clock by which every lease is over."""

    def now(self) -> int:
        return SystemClock().now() + DAY
