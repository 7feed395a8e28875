"""Processes that share one data directory, and do the same work at the same time."""

import asyncio
import multiprocessing
import random
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from support.bundles.small_bundles import SmallBundle, build_metadata, build_small_bundle
from support.runtime.crash_work import CALLER, build_bundle
from support.runtime.fake_host import FakeHost
from support.runtime.manual_clock import START, ManualClock
from support.runtime.runtime_under_test import build_caller
from worker_runtime.contract.assignments import AssignmentRequest
from worker_runtime.contract.bundles import ManifestBody, StagedOutcome
from worker_runtime.contract.caller import Caller
from worker_runtime.contract.workers import CreateWorkerRequest
from worker_runtime.embedded.runtime import EmbeddedRuntime
from worker_runtime.store.retention import Retention
from worker_runtime.sync.transfer.pack import write_pack
from yoi_bundle.canonical import encode_canonical
from yoi_bundle.digest import compute_digest
from yoi_bundle.manifest import Grants, Manifest, MountGrant
from yoi_wire.client.retry import Patience, retry
from yoi_wire.clock import DAY
from yoi_wire.errors import AssignmentConflictError, AssignmentStaleError, BundleMissingError
from yoi_wire.worker_requests import WorkerRequest

KEEP_NOTHING = Retention(newest=0, young_milliseconds=0)
"""Leases, assignments and pins alone hold a bundle; every collection takes the rest."""
_DEADLINE_SECONDS = 240.0
# On a machine that is busy, a process may wait too long for its turn to write; it asks again, as a client would.
_PATIENCE = Patience(attempts=20)


class Done(Struct, frozen=True, kw_only=True):
    """What one process did.

    Attributes:
        workers: Key → id of the Worker that stood under it.
        created: How many bundles it was the one to store.
        collected: Bundles that its collections took.
        failure: What ended its work early.
    """

    workers: dict[str, str]
    created: int
    collected: int
    failure: str = ""


def work_together(directory: Path, *, processes: int, rounds: int) -> list[Done]:
    """Let processes put, assign, create and collect the same bundles at once, each in an order of its own."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["support.processes.sharing_processes", "support.runtime.crash_child"])
    started = context.Barrier(processes)
    pipes = []
    children = []
    for number in range(processes):
        reader, writer = context.Pipe(duplex=False)
        child = context.Process(target=_run, args=(str(directory), number, rounds, started, writer))
        child.start()
        writer.close()
        pipes.append(reader)
        children.append(child)
    done = [_receive(pipe) for pipe in pipes]
    for child in children:
        child.join(_DEADLINE_SECONDS)
    return done


def _receive(pipe: Connection) -> Done:
    assert pipe.poll(_DEADLINE_SECONDS), "a process says nothing"
    done: Done = pipe.recv()
    pipe.close()
    return done


def _run(directory: str, number: int, rounds: int, started: object, pipe: Connection) -> None:
    started.wait(_DEADLINE_SECONDS)  # type: ignore[attr-defined]
    order = random.Random(number).sample(range(rounds), rounds)
    pipe.send(asyncio.run(_work(Path(directory), number, order)))


async def _work(directory: Path, number: int, order: Sequence[int]) -> Done:
    caller = build_caller(subject=f"process {number}")
    runtime = EmbeddedRuntime(directory, host=FakeHost(), retention=KEEP_NOTHING)
    workers: dict[str, str] = {}
    created = collected = 0
    failure = ""
    try:
        for one in order:
            created += await retry(partial(_store, runtime, caller, one), _PATIENCE)
            await retry(partial(_assign, runtime, one), _PATIENCE)
            workers[f"key {one}"] = await retry(partial(_create, runtime, caller, one), _PATIENCE)
            collected += (await retry(runtime.maintenance.collect, _PATIENCE)).bundles
    except Exception as error:  # noqa: BLE001 - the parent shows it
        failure = repr(error)
    finally:
        runtime.close()
    return Done(workers=workers, created=created, collected=collected, failure=failure)


async def _store(runtime: EmbeddedRuntime, caller: Caller, number: int) -> bool:
    """Put a bundle, and in every second case another that nobody will pin."""
    created = False
    for wanted in (number, number + 100 if number % 2 else number):
        bundle = build_bundle(wanted)
        outcome = await runtime.put_bundle(
            caller, bundle.digest, bundle.metadata, ManifestBody(content=bundle.manifest)
        )
        while isinstance(outcome, StagedOutcome):
            part = [(digest, bundle.blobs[digest]) for digest in outcome.missing[:1]]
            outcome = await runtime.put_pack(caller, outcome.lease.id, write_pack(part))
        created = created or outcome.created
    return created


async def _assign(runtime: EmbeddedRuntime, number: int) -> None:
    current = await runtime.get_assignment(CALLER, "library")
    request = AssignmentRequest(
        digest=build_bundle(number).digest, revision=1, generation=current.generation + 1
    )
    with suppress(AssignmentStaleError, AssignmentConflictError):
        await runtime.put_assignment(CALLER, "library", request)


async def _create(runtime: EmbeddedRuntime, caller: Caller, number: int) -> str:
    request = WorkerRequest(selector="default", bundle_digest=build_bundle(number).digest)
    wanted = CreateWorkerRequest(workspace="library", key=f"key {number}", request=request)
    return (await runtime.create_worker(caller, wanted)).id


def take_hold_beside_collectors(directory: Path, *, collectors: int, rounds: int) -> list[str]:
    """Store bundles that nothing holds, and assign and pin them while other processes collect all the time.

    Returns:
        The digests of bundles that were taken although the Runtime had said that they are held.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["support.processes.sharing_processes", "support.runtime.crash_child"])
    ended = context.Event()
    reader, writer = context.Pipe(duplex=False)
    targets = [context.Process(target=_collect, args=(str(directory), ended)) for _ in range(collectors)]
    targets.append(context.Process(target=_take_hold, args=(str(directory), rounds, ended, writer)))
    for one in targets:
        one.start()
    writer.close()
    assert reader.poll(_DEADLINE_SECONDS), "a process says nothing"
    taken: list[str] = reader.recv()
    for one in targets:
        one.join(_DEADLINE_SECONDS)
    return taken


def _collect(directory: str, ended: Any) -> None:
    runtime = EmbeddedRuntime(Path(directory), host=FakeHost(), clock=ManualClock(), retention=KEEP_NOTHING)
    while not ended.is_set():
        asyncio.run(runtime.maintenance.collect())
    runtime.close()


def _take_hold(directory: str, rounds: int, ended: Any, pipe: Connection) -> None:
    # By a clock that is a day behind, so that its leases are over for the collectors.
    clock = ManualClock(START - DAY)
    runtime = EmbeddedRuntime(Path(directory), host=FakeHost(), clock=clock, retention=KEEP_NOTHING)
    try:
        taken = [asyncio.run(_hold(runtime, number)) for number in range(rounds)]
        pipe.send([digest for digest in taken if digest is not None])
    finally:
        ended.set()
        runtime.close()


def _build_without_blobs(number: int) -> SmallBundle:
    """Return a bundle that one request stores."""
    plain = msgspec.json.decode(build_small_bundle(prompts={}).manifest, type=Manifest)
    grants = Grants(mounts={f"mount-{number}": MountGrant()})
    data = encode_canonical(msgspec.structs.replace(plain, grants=grants))
    digest = compute_digest(data)
    return SmallBundle(digest=digest, manifest=data, metadata=build_metadata("library", digest), blobs={})


async def _hold(runtime: EmbeddedRuntime, number: int) -> str | None:
    bundle = _build_without_blobs(number)
    body = ManifestBody(content=bundle.manifest)
    await runtime.put_bundle(CALLER, bundle.digest, bundle.metadata, body)
    try:
        if number % 2:
            request = AssignmentRequest(digest=bundle.digest, revision=1, generation=number)
            await runtime.put_assignment(CALLER, "library", request)
        else:
            worker = WorkerRequest(selector="default", bundle_digest=bundle.digest)
            wanted = CreateWorkerRequest(workspace="library", key=f"key {number}", request=worker)
            await runtime.create_worker(CALLER, wanted)
    except BundleMissingError:
        return None
    await asyncio.sleep(0.005)
    try:
        await runtime.head_bundle(CALLER, bundle.digest)
    except BundleMissingError:
        return bundle.digest
    return None
