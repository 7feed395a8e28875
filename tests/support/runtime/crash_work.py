"""Work for a Runtime that is about to be cut: random, repeatable, every step announced and acknowledged.

A step is announced before it begins and acknowledged after the Runtime has answered. Whoever listens knows what must
be there afterwards, and what may be.
"""

import asyncio
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

from support.bundles.small_bundles import SmallBundle, build_small_bundle
from support.runtime.fake_host import FakeHost
from support.runtime.manual_clock import START, ManualClock
from worker_runtime.contract.assignments import AssignmentRequest
from worker_runtime.contract.bundles import ManifestBody, StagedOutcome
from worker_runtime.contract.caller import Caller
from worker_runtime.contract.workers import CreateWorkerRequest
from worker_runtime.embedded.repair import repair_data_directory
from worker_runtime.embedded.runtime import EmbeddedRuntime
from worker_runtime.store.connection import Database
from worker_runtime.store.retention import Retention
from worker_runtime.sync.transfer.pack import write_pack
from yoi_wire.worker_requests import WorkerInput, WorkerRequest

Listen = Callable[[str, str, dict[str, Any]], None]
"""Takes `begin` or `ack`, the kind of step, and what it is about."""

CALLER = Caller(kind="local", issuer="main", workspaces=frozenset({"library"}))
RETENTION = Retention(newest=1, young_milliseconds=0, lease_milliseconds=5 * 60_000)
KINDS = ("store", "assign", "create", "input", "end", "delete", "collect", "salvage")
_WEIGHTS = (6, 3, 5, 3, 2, 1, 2, 1)


def build_bundle(number: int) -> SmallBundle:
    """Return the bundle of a number; neighbours share a blob, and some blobs fill pages of their own."""
    texts = {
        "shared": f"shared by {number // 2}\n".encode(),
        "own": f"bundle {number}\n".encode() * (1 + number % 3 * 700),
        "more": f"more of {number}\n".encode(),
    }
    return build_small_bundle(prompts=texts)


class CrashWork:
    """One run of random steps on a store that may have been cut before."""

    def __init__(
        self,
        directory: Path,
        seed: int,
        listen: Listen,
        *,
        open_database: Callable[[Path], Database] = Database,
        kinds: tuple[str, ...] = KINDS,
    ) -> None:
        self._directory = directory
        self._random = random.Random(seed)
        self._seed = seed
        self._listen = listen
        self._open_database = open_database
        self._weights = [_WEIGHTS[KINDS.index(kind)] for kind in kinds]
        self._kinds = kinds
        self._clock = ManualClock(START + seed * 600_000)
        self._host = FakeHost()
        self._counter = 0

    async def run(self, steps: int) -> None:
        """Do some steps, one after another."""
        self._runtime = self._open()
        for _ in range(steps):
            self._counter += 1
            self._clock.advance(minutes=1)
            (kind,) = self._random.choices(self._kinds, self._weights)
            await getattr(self, f"_{kind}")()
        self._runtime.close()

    def _open(self) -> EmbeddedRuntime:
        return EmbeddedRuntime(
            self._directory,
            host=self._host,
            clock=self._clock,
            retention=RETENTION,
            open_database=self._open_database,
        )

    async def _store(self) -> None:
        number = self._random.randrange(12)
        bundle = build_bundle(number)
        self._listen("begin", "store", {"number": number, "digest": bundle.digest})
        outcome = await self._runtime.put_bundle(
            CALLER, bundle.digest, bundle.metadata, ManifestBody(content=bundle.manifest)
        )
        while isinstance(outcome, StagedOutcome):
            part = [(digest, bundle.blobs[digest]) for digest in outcome.missing[:2]]
            outcome = await self._runtime.put_pack(CALLER, outcome.lease.id, write_pack(part))
        self._listen("ack", "store", {"number": number, "digest": bundle.digest})

    async def _list_digests(self) -> list[str]:
        page = await self._runtime.list_bundles(CALLER)
        return [entry.digest for entry in page.items]

    async def _assign(self) -> None:
        digests = await self._list_digests()
        if not digests:
            return
        current = await self._runtime.get_assignment(CALLER, "library")
        wanted = {"digest": self._random.choice(digests), "generation": current.generation + 1}
        self._listen("begin", "assign", wanted)
        request = AssignmentRequest(revision=1, **wanted)
        await self._runtime.put_assignment(CALLER, "library", request)
        self._listen("ack", "assign", wanted)

    async def _create(self) -> None:
        digests = await self._list_digests()
        if not digests:
            return
        key = f"{self._seed}-{self._counter}"
        digest = self._random.choice(digests)
        self._listen("begin", "create", {"key": key, "digest": digest})
        worker = await self._runtime.create_worker(
            CALLER,
            CreateWorkerRequest(
                workspace="library",
                key=key,
                request=WorkerRequest(selector="default", bundle_digest=digest),
            ),
        )
        self._listen("ack", "create", {"key": key, "digest": digest, "id": worker.id})

    async def _choose_live(self) -> str | None:
        page = await self._runtime.list_workers(CALLER, limit=20)
        live = [worker.id for worker in page.items if worker.ended_at is None]
        return self._random.choice(live) if live else None

    async def _input(self) -> None:
        worker = await self._choose_live()
        if worker is None:
            return
        said = {"id": worker, "text": f"{self._seed}-{self._counter}"}
        self._listen("begin", "input", said)
        await self._runtime.send_worker_input(CALLER, worker, WorkerInput(text=said["text"]))
        self._listen("ack", "input", said)

    async def _end(self) -> None:
        worker = await self._choose_live()
        if worker is None:
            return
        self._listen("begin", "end", {"id": worker})
        await self._runtime.cancel_worker(CALLER, worker)
        self._listen("ack", "end", {"id": worker})

    async def _delete(self) -> None:
        page = await self._runtime.list_workers(CALLER, limit=50)
        ended = [worker.id for worker in page.items if worker.ended_at is not None]
        if not ended:
            return
        worker = self._random.choice(ended)
        self._listen("begin", "delete", {"id": worker})
        await self._runtime.delete_worker(CALLER, worker)
        self._listen("ack", "delete", {"id": worker})

    async def _collect(self) -> None:
        self._listen("begin", "collect", {})
        await self._runtime.maintenance.collect()
        self._listen("ack", "collect", {})

    async def _salvage(self) -> None:
        self._runtime.close()
        self._listen("begin", "salvage", {})
        await asyncio.to_thread(repair_data_directory, self._directory, host=self._host, clock=self._clock)
        self._listen("ack", "salvage", {})
        self._runtime = self._open()
