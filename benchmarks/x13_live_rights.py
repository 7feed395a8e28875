"""X-13: a change of host policy reaches live Workers: 100 changes while 20 Workers exist, each held or freed.

The aim is 2 s. Each change puts another policy file in the place of the former one, durably; the latency is from then until the
last of the 20 Workers has the state that follows: held when the grant was taken away, created when it came back. It is
printed as a multiple of what a bare watcher needs that polls the same kind of file at the same interval and does one durable
commit when it sees a change: nothing that watches by polling and keeps what it did can be faster.

    .venv/bin/python benchmarks/x13_live_rights.py
"""

import asyncio
import os
import statistics
import tempfile
import time
from pathlib import Path

import apsw

from p04_resolve import make_bundle
from worker_runtime.contract.bundles import ManifestBody
from worker_runtime.contract.caller import build_local_caller
from worker_runtime.contract.workers import CreateWorkerRequest
from worker_runtime.embedded.live_rights import LOOK_SECONDS
from worker_runtime.embedded.runtime import EmbeddedRuntime
from worker_runtime.event_log import LOG
from worker_runtime.host.local_host import LocalHost
from worker_runtime.sync.transfer.pack import write_pack
from yoi_bundle.canonical import encode_canonical
from yoi_bundle.metadata import BundleMetadata, Provenance
from yoi_wire.worker_requests import WorkerRequest

CHANGES = 100
WORKERS = 20
AIM_SECONDS = 2.0
POLL_SECONDS = 0.002
CALLER = build_local_caller("bench")
POLICY = """\
version = 1
[[workspace]]
issuer = "local"
id = "bench"
host = ["shell"]
network = ["docs.example.org"]
origins = ["https://tools.example.org"]
[workspace.mounts]
workspace = {{ path = ".", access = "rw" }}
[workspace.endpoints]
main = {{ provider = "example", url = "https://models.example.org", models = ["*"] }}
[workspace.tools]
rules = ["allow *"{more}]
"""
WIDE, NARROW = POLICY.format(more=""), POLICY.format(more=', "deny file.read"')


def replace_file(path: Path, text: str) -> None:
    """Put another file in the place of the former one, so that it survives a power cut."""
    written = path.with_suffix(".new")
    with written.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    written.replace(path)


async def open_runtime(directory: Path, policy: Path) -> tuple[EmbeddedRuntime, list[str]]:
    """Return a Runtime under this policy file, and its Workers."""
    host = LocalHost(policy, data_directory=directory, environment={})
    runtime = EmbeddedRuntime(directory / "data", host=host)
    bundle = make_bundle(50)
    provenance = Provenance(kind="directory", builder="bench", builder_version="1")
    metadata = BundleMetadata(
        workspace="bench",
        digest=bundle.digest,
        revision=1,
        created_at="2026-01-31T12:00:00Z",
        provenance=provenance,
    )
    body = ManifestBody(content=encode_canonical(bundle.manifest))
    outcome = await runtime.put_bundle(CALLER, bundle.digest, metadata, body)
    await runtime.put_pack(CALLER, outcome.lease.id, write_pack([(one, b"text") for one in bundle.blobs]))
    request = WorkerRequest(selector="workspace:coder", bundle_digest=bundle.digest)
    workers = [
        await runtime.create_worker(
            CALLER, CreateWorkerRequest(workspace="bench", key=f"w{number}", request=request)
        )
        for number in range(WORKERS)
    ]
    return runtime, [one.id for one in workers]


async def wait_for(runtime: EmbeddedRuntime, state: str) -> None:
    while True:
        found = (await runtime.list_workers(CALLER)).items
        if {one.state for one in found} == {state}:
            return
        await asyncio.sleep(POLL_SECONDS)


async def measure_live(directory: Path) -> list[float]:
    """Return the seconds that each change took to reach the last Worker."""
    policy = directory / "host-policy.toml"
    replace_file(policy, WIDE)
    runtime, workers = await open_runtime(directory, policy)
    watch = asyncio.create_task(runtime.watch_live_rights(LOG))
    taken = []
    for number in range(CHANGES):
        text, state = (NARROW, "held") if number % 2 == 0 else (WIDE, "created")
        replace_file(policy, text)
        begun = time.perf_counter()
        await wait_for(runtime, state)
        taken.append(time.perf_counter() - begun)
    watch.cancel()
    events = [(await runtime.list_worker_events(CALLER, one, limit=200)).events for one in workers]
    # A change that came and went between two looks would show as a missing pair of events.
    assert {len(one) for one in events} == {CHANGES + 1}, "a change did not reach a Worker"
    runtime.close()
    return taken


async def measure_bare(directory: Path) -> list[float]:
    """Return the seconds that a bare watcher takes to see each change and keep one row of it."""
    watched = directory / "bare.toml"
    replace_file(watched, WIDE)
    seen = asyncio.Event()
    connection = apsw.Connection(str(directory / "bare.sqlite"))
    connection.pragma("journal_mode", "wal")
    connection.pragma("synchronous", "FULL")
    connection.execute("CREATE TABLE change (text TEXT)")

    async def watch(inode: int) -> None:
        while True:
            found = watched.stat().st_ino
            if found != inode:
                inode = found
                connection.execute("INSERT INTO change VALUES (?)", (watched.read_text(encoding="utf-8"),))
                seen.set()
            await asyncio.sleep(LOOK_SECONDS)

    task = asyncio.create_task(watch(watched.stat().st_ino))
    taken = []
    for number in range(CHANGES):
        replace_file(watched, NARROW if number % 2 == 0 else WIDE)
        begun = time.perf_counter()
        await seen.wait()
        taken.append(time.perf_counter() - begun)
        seen.clear()
    task.cancel()
    connection.close()
    return taken


async def measure(directory: Path) -> None:
    live, bare = sorted(await measure_live(directory)), sorted(await measure_bare(directory))
    middle = statistics.median(live), statistics.median(bare)
    print(
        f"X-13 {CHANGES} changes of host policy, {WORKERS} Workers: each was held or freed; "
        f"{middle[0] / middle[1]:.2f} x a bare file watch and commit at the same interval "
        f"(worst {live[-1] / bare[-1]:.2f} x); median {middle[0]:.2f} s, worst {live[-1]:.2f} s "
        f"(aim {AIM_SECONDS:.0f} s: {'held' if live[-1] <= AIM_SECONDS else 'MISSED'})"
    )


def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        asyncio.run(measure(Path(directory)))


if __name__ == "__main__":
    main()
