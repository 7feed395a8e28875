"""Several writers at once: threads of one Runtime, and Runtimes of several connections (R-02, W-01)."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.bundles.small_bundles import build_many_prompts, build_small_bundle
from support.runtime.fake_host import FakeHost
from support.runtime.manual_clock import ManualClock
from support.runtime.runtime_under_test import build_caller
from worker_runtime.contract.bundles import ManifestBody, StagedOutcome, StoredOutcome
from worker_runtime.contract.workers import CreateWorkerRequest, Worker
from worker_runtime.embedded.runtime import EmbeddedRuntime
from worker_runtime.sync.transfer.pack import write_pack
from yoi_wire.errors import WorkerConflictError
from yoi_wire.worker_requests import Intent, WorkerRequest

CALLER = build_caller()


@pytest.fixture
def runtimes(tmp_path: Path) -> Iterator[list[EmbeddedRuntime]]:
    opened = [EmbeddedRuntime(tmp_path, host=FakeHost(), clock=ManualClock()) for _ in range(3)]
    yield opened
    for runtime in opened:
        runtime.close()


@pytest.mark.req("R-02")
def test_many_callers_that_store_the_same_bundle_all_succeed(runtimes: list[EmbeddedRuntime]) -> None:
    bundle = build_small_bundle(prompts=build_many_prompts(40))

    async def store(number: int) -> StoredOutcome:
        runtime = runtimes[number % len(runtimes)]
        caller = build_caller(subject=str(number))
        body = ManifestBody(content=bundle.manifest)
        outcome = await runtime.put_bundle(caller, bundle.digest, bundle.metadata, body)
        while isinstance(outcome, StagedOutcome):
            half = [(digest, bundle.blobs[digest]) for digest in outcome.missing[:20]]
            outcome = await runtime.put_pack(caller, outcome.lease.id, write_pack(half))
        return outcome

    async def store_all() -> list[StoredOutcome]:
        return await asyncio.gather(*(store(number) for number in range(9)))

    outcomes = asyncio.run(store_all())
    assert sum(outcome.created for outcome in outcomes) == 1
    assert asyncio.run(runtimes[0].get_bundle(CALLER, bundle.digest)).manifest == bundle.manifest


@pytest.mark.req("W-01")
def test_many_creates_under_one_key_give_one_worker(runtimes: list[EmbeddedRuntime]) -> None:
    bundle = build_small_bundle(prompts={})

    async def create(number: int) -> Worker:
        request = WorkerRequest(selector="default", bundle_digest=bundle.digest)
        wanted = CreateWorkerRequest(workspace="library", key="same", request=request)
        return await runtimes[number % len(runtimes)].create_worker(CALLER, wanted)

    async def create_all() -> list[Worker]:
        body = ManifestBody(content=bundle.manifest)
        await runtimes[0].put_bundle(CALLER, bundle.digest, bundle.metadata, body)
        return await asyncio.gather(*(create(number) for number in range(12)))

    workers = asyncio.run(create_all())
    assert len({worker.id for worker in workers}) == 1
    assert len(asyncio.run(runtimes[0].list_worker_events(CALLER, workers[0].id)).events) == 1


@pytest.mark.req("W-01")
def test_of_two_contents_under_one_key_just_one_wins(runtimes: list[EmbeddedRuntime]) -> None:
    bundle = build_small_bundle(prompts={})

    async def create(number: int) -> Worker:
        request = WorkerRequest(
            selector="default", bundle_digest=bundle.digest, intent=Intent(task=str(number % 2))
        )
        wanted = CreateWorkerRequest(workspace="library", key="same", request=request)
        return await runtimes[number % len(runtimes)].create_worker(CALLER, wanted)

    async def create_all() -> list[Worker | BaseException]:
        body = ManifestBody(content=bundle.manifest)
        await runtimes[0].put_bundle(CALLER, bundle.digest, bundle.metadata, body)
        return await asyncio.gather(*(create(number) for number in range(12)), return_exceptions=True)

    results = asyncio.run(create_all())
    assert len({result.id for result in results if isinstance(result, Worker)}) == 1
    assert sum(isinstance(result, WorkerConflictError) for result in results) == 6
