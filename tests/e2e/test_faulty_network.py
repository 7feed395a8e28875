"""Syncs over a bad network end stored and verified, or refused in order; the server keeps nothing of them (R-04, R-09)."""

import asyncio
import random
from collections import Counter
from pathlib import Path

import apsw
import pytest

from support.bundles.small_bundles import SmallBundle, build_small_bundle
from support.hostile.fault_plans import KINDS, draw_plan
from support.hostile.fault_proxy import FaultProxy
from support.processes.served_process import ServedProcess, build_backend, wait_until
from support.runtime.manual_clock import ManualClock
from worker_runtime.embedded.runtime import EmbeddedRuntime
from worker_runtime.remote.runtime import RemoteRuntime
from worker_runtime.sync.bundle_sync import BundleSource, sync_bundle
from yoi_bundle.errors import YoiError
from yoi_wire.client.deadlines import Deadlines
from yoi_wire.client.retry import Backoff, Patience
from yoi_wire.clock import MINUTE, SystemClock
from yoi_wire.errors import BundleMissingError

pytestmark = pytest.mark.req("R-02", "R-04", "R-06", "R-09")

_SYNCS_A_WORKSPACE = 10
"""A bundle's lease lasts for longer than this test, and a workspace has 32 at the most."""
_AT_ONCE = 10
_LARGE_BYTES = 1_200_000
_MAX_GROWTH_BYTES = 32 * 1024 * 1024
# Some throttled packs come to their end within these, and some do not.
_DEADLINES = Deadlines(
    connect_seconds=2.0,
    idle_seconds=1.5,
    request_seconds=4.0,
    stream_seconds=5.0,
    min_bytes_per_second=1024 * 1024,
)
_REFUSALS = {"runtime.unavailable", "runtime.overloaded", "request.invalid", "lease.expired"}


def _build_bundle(number: int, workspace: str) -> SmallBundle:
    """Build the bundle of a number: a few small blobs, one of them in all; now and then one that goes through a file."""
    source = random.Random(number)
    prompts = {f"p{one}": source.randbytes(source.randrange(1, 400)).hex().encode() for one in range(1, 6)}
    if number % 3 == 0:
        prompts["large"] = source.randbytes(_LARGE_BYTES // 2).hex().encode()
    return build_small_bundle(workspace, prompts={"shared": b"In all.\n", **prompts}, revision=number + 1)


def _make_source(bundle: SmallBundle) -> BundleSource:
    async def read_blob(digest: str) -> bytes:
        return bundle.blobs[digest]

    return BundleSource(metadata=bundle.metadata, manifest=bundle.manifest, read_blob=read_blob)


class _Trials:
    """Many syncs, each through a proxy of its own, some at once; no two of one workspace."""

    def __init__(self, served: ServedProcess, direct: RemoteRuntime, *, lanes: int) -> None:
        self.outcomes: Counter[str] = Counter()
        self.struck: Counter[str] = Counter()
        self.bundles: list[SmallBundle] = []
        self._lanes = lanes
        self._served = served
        self._direct = direct
        self._slots = asyncio.Semaphore(_AT_ONCE)

    async def run(self, numbers: range) -> None:
        async with asyncio.TaskGroup() as group:
            for lane in range(self._lanes):
                group.create_task(self._run_lane(lane, numbers[lane :: self._lanes]))

    async def _run_lane(self, lane: int, numbers: range) -> None:
        workspace = f"w{lane}"
        for number in numbers:
            async with self._slots:
                bundle = _build_bundle(number, workspace)
                await self._sync_badly(bundle, number)
                await self._sync_cleanly(bundle, number)
                self.bundles.append(bundle)

    async def _sync_badly(self, bundle: SmallBundle, number: int) -> None:
        """Sync through faults; what the Runtime says of the bundle then has to fit what the sync said."""
        size = sum(1024 + len(blob) for blob in bundle.blobs.values())
        proxy = FaultProxy(self._served.port, draw_plan(number), stream_bytes=size)
        await proxy.start()
        client = self._served.open_client(proxy.port, _DEADLINES)
        patience = Patience(
            attempts=4,
            deadline_seconds=15.0,
            backoff=Backoff(first_seconds=0.02, max_seconds=0.2),
            draw=random.Random(number).random,
        )
        caller = build_backend(bundle.metadata.workspace)
        try:
            report = await sync_bundle(
                client, caller, _make_source(bundle), generation=number + 1, patience=patience
            )
        except YoiError as error:
            assert error.code in _REFUSALS, f"sync {number}: {error.code} {error.details()}"
            self.outcomes[error.code] += 1
            await self._verify_refused(bundle)
        else:
            self.outcomes["stored"] += 1
            assert report.assignment.digest == bundle.digest
            await self._verify_stored(bundle)
        finally:
            await client.close()
            await proxy.stop()
            self.struck += proxy.struck

    async def _sync_cleanly(self, bundle: SmallBundle, number: int) -> None:
        """The next sync needs no help, and is over when its answer is there."""
        caller = build_backend(bundle.metadata.workspace)
        await sync_bundle(self._direct, caller, _make_source(bundle), generation=number + 1)
        await self._verify_stored(bundle)

    async def _verify_stored(self, bundle: SmallBundle) -> None:
        caller = build_backend(bundle.metadata.workspace)
        status = await self._direct.get_bundle_status(caller, bundle.digest)
        assert (status.stored, status.verified, status.staged, status.assigned) == (True, True, False, True)
        assert (await self._direct.get_bundle(caller, bundle.digest)).manifest == bundle.manifest

    async def _verify_refused(self, bundle: SmallBundle) -> None:
        """Nothing, a part that is never shown, or all of it: the answer alone may have been lost."""
        caller = build_backend(bundle.metadata.workspace)
        try:
            status = await self._direct.get_bundle_status(caller, bundle.digest)
        except BundleMissingError:
            return
        assert status.stored is status.verified
        assert status.stored is not status.staged
        assert status.rejected is None


async def _verify_contents(served: ServedProcess, bundles: list[SmallBundle]) -> None:
    """Compare every blob, byte by byte, beside the server that runs."""
    store = EmbeddedRuntime(served.data)
    try:
        for bundle in bundles:
            caller = build_backend(bundle.metadata.workspace)
            for digest, data in bundle.blobs.items():
                assert await store.get_blob(caller, bundle.digest, digest) == data
    finally:
        store.close()


def _count_rows(served: ServedProcess, table: str) -> int:
    connection = apsw.Connection(str(served.data / "runtime.sqlite"), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        return int(connection.execute(f"SELECT count(*) FROM {table}").get)
    finally:
        connection.close()


async def _collect_later(served: ServedProcess, held: int) -> None:
    """Once all leases are over, the collector takes them and nothing else."""
    clock = ManualClock(SystemClock().now() + 16 * MINUTE)
    store = EmbeddedRuntime(served.data, clock=clock)
    try:
        collected = await store.maintenance.collect()
    finally:
        store.close()
    assert (collected.leases, collected.bundles, collected.blobs) == (held, 0, 0)
    assert _count_rows(served, "lease") == 0


def _run_trials(directory: Path, count: int, capsys: pytest.CaptureFixture[str]) -> None:
    # As many beforehand as there are workspaces: threads, connections and caches are there then.
    lanes = warmed = max(_AT_ONCE, count // _SYNCS_A_WORKSPACE)

    async def run(served: ServedProcess) -> None:
        direct = served.open_client()
        trials = _Trials(served, direct, lanes=lanes)
        await trials.run(range(warmed))
        await direct.close()
        quiet = served.count_sockets()
        memory = served.measure_resident_bytes()
        files = served.list_files()
        trials.struck.clear()
        trials.outcomes.clear()

        await trials.run(range(warmed, warmed + count))
        await _verify_contents(served, trials.bundles)
        await direct.close()
        await wait_until(lambda: served.count_sockets() <= quiet, "sockets stay open")
        await wait_until(lambda: not served.list_unnamed_files(), "files of packs stay open")
        grown = served.measure_resident_bytes() - memory
        _report(trials, count, grown, capsys)
        assert trials.outcomes.total() == count
        assert set(KINDS) <= trials.struck.keys()
        assert trials.outcomes["stored"] > count // 2, "what passes by itself is waited for"
        assert served.list_files() == files
        assert grown < _MAX_GROWTH_BYTES
        assert _count_rows(served, "staged") == 0
        assert _count_rows(served, "lease") == len(trials.bundles) == count + warmed
        assert await asyncio.to_thread(served.stop) == 0
        assert '"fault"' not in served.log
        assert "Traceback" not in served.log
        await _collect_later(served, count + warmed)

    with ServedProcess(directory, workspaces=[f"w{lane}" for lane in range(lanes)], anew=True) as served:
        asyncio.run(run(served))


def _report(trials: _Trials, count: int, grown: int, capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        ended = ", ".join(f"{code} {number}" for code, number in sorted(trials.outcomes.items()))
        struck = ", ".join(f"{kind} {trials.struck[kind]}" for kind in KINDS)
        print(f"\n{count} syncs ended: {ended}; requests struck: {struck}; memory +{grown // 1024} KiB")  # noqa: T201


def test_fifty_syncs_end_stored_or_refused_and_leave_nothing_behind(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _run_trials(tmp_path, 50, capsys)


@pytest.mark.soak
def test_five_hundred_syncs_end_stored_or_refused_and_leave_nothing_behind(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _run_trials(tmp_path, 500, capsys)
