"""Server or client are killed while a pack is on its way: what was acknowledged stays, the rest goes on (R-02, R-04)."""

import asyncio
import multiprocessing
import os
import random
import shutil
import signal
import tempfile
import urllib.request
from collections.abc import AsyncIterable
from pathlib import Path
from typing import Any, cast

import apsw
import pytest

from support.bundles.small_bundles import SmallBundle, build_small_bundle
from support.processes.killed_client import run_client
from support.processes.served_process import ServedProcess, build_backend, wait_until
from worker_runtime.contract.api import RuntimeApi
from worker_runtime.remote.runtime import RemoteRuntime
from worker_runtime.sync.bundle_sync import BundleSource, SyncReport, sync_bundle
from yoi_wire.client.retry import Backoff, Patience

pytestmark = pytest.mark.req("R-02", "R-04", "R-06")

_WORKSPACE = "library"
_CALLER = build_backend(_WORKSPACE)
_BLOBS = 600
# With this many read, the client has sent more than the server keeps in one transaction, and the loads that it reads ahead.
_BLOBS_OF_A_BATCH = 500
_KILLS_A_STORE = 20
_DEADLINE_SECONDS = 60.0
# Until there is a server again: a second, or many on a machine that is busy.
_PATIENCE = Patience(attempts=1000, backoff=Backoff(first_seconds=0.05, max_seconds=0.2))


def _build_bundle(number: int) -> SmallBundle:
    """Build the bundle of a number: more blobs than go into two batches, none of them of another bundle."""
    prompts = {f"p{one}": f"Prompt {one} of bundle {number}.\n".encode() * 240 for one in range(_BLOBS)}
    return build_small_bundle(_WORKSPACE, prompts=prompts, revision=number + 1)


class _Sender:
    """A client that notes which blobs each of its packs was made of, and can be held within one.

    Args:
        inner: Sends.
        bundle: What is synced.
        hold_at: The blob of the first pack before which it waits for `go_on`; None for none.
    """

    def __init__(self, inner: RemoteRuntime, bundle: SmallBundle, hold_at: int | None = None) -> None:
        self.packs: list[list[str]] = []
        self.go_on = asyncio.Event()
        self._hold_at = hold_at
        self._inner = inner
        self._bundle = bundle

    async def sync(self, patience: Patience) -> SyncReport:
        source = BundleSource(
            metadata=self._bundle.metadata, manifest=self._bundle.manifest, read_blob=self._read_blob
        )
        generation = self._bundle.metadata.revision
        runtime = cast(RuntimeApi, self)
        return await sync_bundle(runtime, _CALLER, source, generation=generation, patience=patience)

    async def put_bundle(self, *arguments: Any) -> Any:
        return await self._inner.put_bundle(*arguments)

    async def put_pack(self, caller: Any, lease: str, pack: AsyncIterable[bytes]) -> Any:
        self.packs.append([])
        return await self._inner.put_pack(caller, lease, pack)

    async def put_assignment(self, *arguments: Any) -> Any:
        return await self._inner.put_assignment(*arguments)

    async def _read_blob(self, digest: str) -> bytes:
        self.packs[-1].append(digest)
        if len(self.packs) == 1 and len(self.packs[0]) == self._hold_at:
            await self.go_on.wait()
        return self._bundle.blobs[digest]


class _Kills:
    """One kill after another, on one store: every second one when a batch is kept, the others at any moment.

    Attributes:
        partly: Kills that left some blobs of a bundle verified, and not all.
        wholly: Kills that came when all of it was held, acknowledged or not.
    """

    def __init__(self, served: ServedProcess, source: random.Random) -> None:
        self.partly = 0
        self.wholly = 0
        self._served = served
        self._random = source
        self._acknowledged: list[SmallBundle] = []
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(
            ["worker_runtime.sync.bundle_sync", "worker_runtime.remote.runtime"]
        )

    async def kill_server(self, number: int) -> None:
        """Kill the server within a sync; that sync goes on by itself once there is a server again."""
        bundle = _build_bundle(number)
        client = self._served.open_client()
        within = number % 2 == 0
        at = self._random.randrange(_BLOBS_OF_A_BATCH if within else 1, _BLOBS)
        sender = _Sender(client, bundle, at if within else None)
        sync = asyncio.create_task(sender.sync(_PATIENCE))
        await wait_until(lambda: bool(sender.packs) and len(sender.packs[0]) >= at, "no pack", poll_seconds=0)
        if within:
            await wait_until(lambda: self._keeps_some(bundle), "no batch is kept")
        else:
            await asyncio.sleep(self._random.random() * 0.012)
        self._served.kill()
        sender.go_on.set()
        verified = self._note_verified(bundle, _read_blobs_of_the_dead(self._served))
        packs_before = len(sender.packs)
        await asyncio.to_thread(self._served.start)
        await sync
        await self._verify(client, bundle, sender.packs[packs_before:], verified)
        await client.close()

    async def kill_client(self, number: int) -> None:
        """Kill a client within its sync; another one makes the next, at once."""
        bundle = _build_bundle(number)
        within = number % 2 == 0
        await self._run_and_kill(bundle, within=within)
        client = self._served.open_client()
        sender = _Sender(client, bundle)
        if within or self._random.random() < 0.5:
            await wait_until(self._is_idle, "the server still waits for a client that was killed")
            verified = self._note_verified(bundle, _read_blobs(self._served.data))
        else:
            verified = None
        report = await sender.sync(Patience(attempts=1))
        assert list(report.sent_blobs) == [digest for pack in sender.packs for digest in pack]
        await self._verify(client, bundle, sender.packs, verified)
        await client.close()

    async def _run_and_kill(self, bundle: SmallBundle, *, within: bool) -> None:
        reader, writer = self._context.Pipe(duplex=False)
        where = (self._served.port, self._served.identity_file, self._served.runtime_id)
        at = self._random.randrange(_BLOBS_OF_A_BATCH if within else 1, _BLOBS)
        child = self._context.Process(target=run_client, args=(*where, bundle, at, writer), daemon=True)
        child.start()
        writer.close()
        assert await asyncio.to_thread(reader.poll, _DEADLINE_SECONDS), "the client says nothing"
        if within:
            await wait_until(lambda: self._keeps_some(bundle), "no batch is kept")
        assert child.pid is not None
        os.kill(child.pid, signal.SIGKILL)
        await asyncio.to_thread(child.join, _DEADLINE_SECONDS)
        assert child.exitcode == -signal.SIGKILL, "the client ended by itself"
        reader.close()

    def _keeps_some(self, bundle: SmallBundle) -> bool:
        return not bundle.blobs.keys().isdisjoint(_list_blobs(self._served.data))

    def _note_verified(self, bundle: SmallBundle, held: dict[str, bytes]) -> set[str]:
        """Return the blobs that the store holds; every one was verified before it was kept."""
        verified = held.keys() & bundle.blobs.keys()
        self.partly += 0 < len(verified) < len(bundle.blobs)
        self.wholly += len(verified) == len(bundle.blobs)
        return verified

    async def _verify(
        self, client: RemoteRuntime, bundle: SmallBundle, packs: list[list[str]], verified: set[str] | None
    ) -> None:
        """Check what was sent since the kill, and everything that was ever acknowledged."""
        sent = [digest for pack in packs for digest in pack]
        assert len(sent) == len(set(sent))
        if verified is not None:
            assert set(sent) == bundle.blobs.keys() - verified
        self._acknowledged.append(bundle)
        held = _read_blobs(self._served.data)
        for one in self._acknowledged:
            assert (await client.get_bundle(_CALLER, one.digest)).manifest == one.manifest
            assert one.blobs.items() <= held.items()
        assert (await client.get_assignment(_CALLER, _WORKSPACE)).digest == bundle.digest
        assert (await client.get_bundle_status(_CALLER, bundle.digest)).verified

    def _is_idle(self) -> bool:
        with urllib.request.urlopen(f"http://127.0.0.1:{self._served.port}/metrics") as answer:
            return b"\nyoi_runtime_requests_running 1.0\n" in answer.read()


def _list_blobs(directory: Path) -> set[str]:
    connection = apsw.Connection(str(directory / "runtime.sqlite"))
    try:
        return {digest for (digest,) in connection.execute("SELECT digest FROM blob")}
    finally:
        connection.close()


def _read_blobs(directory: Path) -> dict[str, bytes]:
    connection = apsw.Connection(str(directory / "runtime.sqlite"))
    try:
        return dict(connection.execute("SELECT digest, bytes FROM blob"))
    finally:
        connection.close()


def _read_blobs_of_the_dead(served: ServedProcess) -> dict[str, bytes]:
    """Read a copy: whoever opens the files of a server that was killed mends them, and that is for the next one to do."""
    with tempfile.TemporaryDirectory(dir=served.data.parent) as copy:
        for name in ("runtime.sqlite", "runtime.sqlite-wal"):
            shutil.copy(served.data / name, copy)
        return _read_blobs(Path(copy))


def _kill(directory: Path, who: str, count: int, capsys: pytest.CaptureFixture[str]) -> None:
    source = random.Random(count)
    partly = wholly = 0

    async def run(served: ServedProcess) -> None:
        nonlocal partly, wholly
        kills = _Kills(served, source)
        for number in range(_KILLS_A_STORE):
            await (kills.kill_server(number) if who == "server" else kills.kill_client(number))
        partly += kills.partly
        wholly += kills.wholly
        assert await asyncio.to_thread(served.stop) == 0
        assert "Traceback" not in served.log

    for store in range(count // _KILLS_A_STORE):
        with ServedProcess(directory / str(store), workspaces=[_WORKSPACE]) as served:
            asyncio.run(run(served))
    with capsys.disabled():
        print(f"\n{count} kills of the {who}: {partly} with a part verified, {wholly} with all")  # noqa: T201
    assert partly >= count // 2


def test_twenty_kills_of_the_server_lose_nothing_that_was_acknowledged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _kill(tmp_path, "server", 20, capsys)


def test_twenty_kills_of_the_client_cost_only_what_was_not_verified(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _kill(tmp_path, "client", 20, capsys)


@pytest.mark.soak
def test_two_hundred_kills_of_the_server_lose_nothing_that_was_acknowledged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _kill(tmp_path, "server", 200, capsys)


@pytest.mark.soak
def test_two_hundred_kills_of_the_client_cost_only_what_was_not_verified(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _kill(tmp_path, "client", 200, capsys)
