"""What must be in a store after a cut, from what was announced and acknowledged before it."""

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

from support.bundles.small_bundles import SmallBundle
from support.runtime.crash_work import CALLER, RETENTION, build_bundle
from support.runtime.fake_host import FakeHost
from support.runtime.manual_clock import START, ManualClock
from worker_runtime.contract.workers import Worker
from worker_runtime.embedded.runtime import EmbeddedRuntime

_BUNDLES: dict[str, SmallBundle] = {}
for _number in range(12):
    _bundle = build_bundle(_number)
    _BUNDLES[_bundle.digest] = _bundle


class Ledger:
    """Listens to `CrashWork`, and compares with a store."""

    def __init__(self) -> None:
        self.acknowledged: Counter[str] = Counter()
        self._open: tuple[str, dict[str, Any]] | None = None
        self._workers: dict[str, dict[str, Any]] = {}
        self._inputs: list[dict[str, Any]] = []
        self._ended: set[str] = set()
        self._deleted: set[str] = set()
        self._maybe: set[str] = set()
        self._assigned: dict[str, Any] | None = None
        self._stored: set[str] = set()

    def listen(self, what: str, kind: str, about: dict[str, Any]) -> None:
        if what == "begin":
            self._open = (kind, about)
            if kind == "delete":
                self._maybe.add(about["id"])
            if kind == "collect":
                self._stored.clear()
            return
        self._open = None
        self.acknowledged[kind] += 1
        match kind:
            case "store":
                self._stored.add(about["digest"])
            case "create":
                self._workers[about["id"]] = about
            case "input":
                self._inputs.append(about)
            case "end":
                self._ended.add(about["id"])
            case "delete":
                self._deleted.add(about["id"])
            case "assign":
                self._assigned = about

    def find_open(self) -> str | None:
        """Return the kind of step that was announced and not acknowledged."""
        return self._open[0] if self._open else None

    def verify(self, directory: Path) -> None:
        """Check that nothing acknowledged is lost, and nothing half-done visible."""
        asyncio.run(self._verify(directory))
        self._open = None

    async def _verify(self, directory: Path) -> None:
        clock = ManualClock(START)
        runtime = EmbeddedRuntime(directory, host=FakeHost(), clock=clock, retention=RETENTION)
        try:
            readiness = await runtime.check_readiness()
            assert readiness.ready, readiness.problems
            await self._verify_bundles(runtime)
            await self._verify_workers(runtime)
            await self._verify_assignment(runtime)
        finally:
            runtime.close()

    async def _verify_bundles(self, runtime: EmbeddedRuntime) -> None:
        entries = (await runtime.list_bundles(CALLER)).items
        lost = self._stored - {entry.digest for entry in entries}
        assert not lost, f"lost: {lost}"
        for entry in entries:
            bundle = _BUNDLES[entry.digest]
            assert (await runtime.get_bundle(CALLER, entry.digest)).manifest == bundle.manifest
            for digest, data in bundle.blobs.items():
                assert await runtime.get_blob(CALLER, entry.digest, digest) == data

    async def _verify_workers(self, runtime: EmbeddedRuntime) -> None:
        found = await _list_all(runtime)
        must = self._workers.keys() - self._deleted - self._maybe
        assert must <= found.keys(), f"lost: {must - found.keys()}"
        assert not found.keys() & self._deleted, "deleted Workers are back"
        self._deleted |= self._maybe - found.keys()
        self._maybe.clear()
        held = {entry.digest for entry in (await runtime.list_bundles(CALLER)).items}
        for worker in found.values():
            reproduced = await runtime.maintenance.reproduce_worker(CALLER, worker.id)
            assert reproduced.equal
            assert worker.bundle_digest in held, "a pinned bundle was taken"
            events = (await runtime.list_worker_events(CALLER, worker.id, limit=500)).events
            assert [event.sequence for event in events] == list(range(1, len(events) + 1))
            said = {event.body.get("text") for event in events}
            assert {one["text"] for one in self._inputs if one["id"] == worker.id} <= said
            if worker.id in self._ended:
                assert worker.state == "cancelled"

    async def _verify_assignment(self, runtime: EmbeddedRuntime) -> None:
        found = await runtime.get_assignment(CALLER, "library")
        if found.digest is not None:
            await runtime.get_bundle(CALLER, found.digest)
        possible = [self._assigned] if self._assigned else [None]
        if self._open is not None and self._open[0] == "assign":
            possible.append(self._open[1])
        now = {"digest": found.digest, "generation": found.generation} if found.generation else None
        assert now in possible
        self._assigned = now


async def _list_all(runtime: EmbeddedRuntime) -> dict[str, Worker]:
    found: dict[str, Worker] = {}
    cursor = None
    while True:
        page = await runtime.list_workers(CALLER, cursor=cursor, limit=500)
        found |= {worker.id: worker for worker in page.items}
        cursor = page.next_cursor
        if cursor is None:
            return found
