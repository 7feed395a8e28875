"""P-05: create a Worker, embedded, durable (no process start).

At most 2.0 x a durable SQLite commit of the same bytes + P-04, on the profile of P-04. How we read it, the strictest way:

- The same bytes are pins, spec and explanation, exactly as one Worker has them; its record, its first event and all
  indexes are ours to bear. The commit is the fastest we found: one row of three blobs in a table without an index, in
  WAL mode with `synchronous=FULL`, on the same disk.
- "+ P-04" is added once, as the time that resolution really takes here with bundle and policy loaded, not as the three
  encodings that P-04 allows it. So the figure is (create - P-04) / commit.

Create, commit and resolution are interleaved; a ratio is taken of the medians of each batch, and the median batch counts.
Every Worker has a task of its own. A Runtime decides anew only when the facts it gathers differ from those of the
profile's last Worker; in the main figure they do not, beside it they do each time, and a third line probes real
directories and programs instead of being told. The growth from 10 to 10,000 stored Workers is printed last.

    .venv/bin/python benchmarks/p05_create_worker.py
"""

import asyncio
import statistics
import tempfile
import time
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import apsw
from msgspec import structs

from p04_resolve import FACTS, POLICY, make_bundle
from worker_runtime.contract.bundles import ManifestBody
from worker_runtime.contract.caller import build_local_caller
from worker_runtime.contract.workers import CreateWorkerRequest
from worker_runtime.embedded.runtime import EmbeddedRuntime
from worker_runtime.host.dedicated_threads import DedicatedThreads
from worker_runtime.host.facts import ABSENT_PACKAGE, HostPorts, PackageFact, PackageNeed
from worker_runtime.host.policy import HostPolicy
from worker_runtime.host.ports import Host, ReadPackage
from worker_runtime.host.probes import DirectoryProbe, PathProbe
from worker_runtime.host.secrets.port import SecretUnreadableError, SecretValue
from worker_runtime.resolution.host_plan import prepare_host_plan
from worker_runtime.resolution.plan import prepare_profile
from worker_runtime.resolution.resolve import compute_resolution
from worker_runtime.sync.transfer.pack import write_pack
from yoi_bundle.canonical import encode_canonical
from yoi_bundle.manifest import Access
from yoi_bundle.metadata import BundleMetadata, Provenance
from yoi_wire.worker_requests import NO_INTENT, Intent, WorkerRequest

ALLOWED = 2.0
BATCHES = 5
BATCH = 100
WARM_UP = 20
GROWTH = (10, 100, 1_000, 10_000)
CALLER = build_local_caller("bench")


class BenchHost:
    """The host of P-04's facts, every port answering at once."""

    policy_generation = "bench"
    rechecks_text = False

    def get_policy(self, issuer: str, workspace: str) -> HostPolicy:
        del issuer, workspace
        return POLICY

    def build_ports(self, issuer: str, workspace: str, read_package: ReadPackage) -> HostPorts:
        del issuer, workspace, read_package
        return HostPorts(secrets=self, mounts=self, commands=self, packages=self)

    async def exists(self, name: str) -> bool:
        del name
        return False

    async def read(self, name: str) -> SecretValue:
        raise SecretUnreadableError(name)

    async def probe_mount(self, name: str) -> Access | None:
        return FACTS.mounts.get(name)

    async def has_command(self, command: str) -> bool:
        return command == "sh"

    async def verify_package(self, need: PackageNeed) -> PackageFact:
        del need
        return ABSENT_PACKAGE


class ChangingHost(BenchHost):
    """A mount that can be written, and the next time cannot, and so on."""

    def __init__(self) -> None:
        self._asked = 0

    async def probe_mount(self, name: str) -> Access | None:
        self._asked += 1
        return "ro" if name in FACTS.mounts and self._asked % 2 else FACTS.mounts.get(name)


class ProbedHost(BenchHost):
    """A real directory and the programs of the search path, looked at for each Worker."""

    def __init__(self, mount: Path) -> None:
        self._mount = mount
        self._threads = DedicatedThreads("bench-probe", most=8)
        self._commands = PathProbe(self._threads)

    def build_ports(self, issuer: str, workspace: str, read_package: ReadPackage) -> HostPorts:
        del issuer, workspace, read_package
        mounts = DirectoryProbe({"workspace": str(self._mount)}, self._threads)
        return HostPorts(secrets=self, mounts=mounts, commands=self._commands, packages=self)


async def open_runtime(directory: Path, host: Host) -> tuple[EmbeddedRuntime, WorkerRequest]:
    """Return a Runtime that holds the bundle of P-04, and a request for its profile."""
    bundle = make_bundle(50)
    metadata = BundleMetadata(
        workspace="bench",
        digest=bundle.digest,
        revision=1,
        created_at="2026-01-31T12:00:00Z",
        provenance=Provenance(kind="directory", builder="bench", builder_version="1"),
    )
    runtime = EmbeddedRuntime(directory, host=host)
    body = ManifestBody(content=encode_canonical(bundle.manifest))
    outcome = await runtime.put_bundle(CALLER, bundle.digest, metadata, body)
    await runtime.put_pack(CALLER, outcome.lease.id, write_pack([(one, b"text") for one in bundle.blobs]))
    return runtime, WorkerRequest(selector="workspace:coder", bundle_digest=bundle.digest)


async def create(runtime: EmbeddedRuntime, request: WorkerRequest, number: int) -> float:
    """Create one Worker; return seconds."""
    asked = structs.replace(request, intent=Intent(task=f"Look at issue {number}."))
    wanted = CreateWorkerRequest(workspace="bench", key=f"worker-{number}", request=asked)
    begun = time.perf_counter()
    await runtime.create_worker(CALLER, wanted)
    return time.perf_counter() - begun


def open_bare(directory: Path) -> apsw.Connection:
    connection = apsw.Connection(str(directory / "bare.sqlite"))
    connection.pragma("journal_mode", "wal")
    connection.pragma("synchronous", "FULL")
    connection.execute(
        "CREATE TABLE worker (number INTEGER PRIMARY KEY, pins BLOB, spec BLOB, explanation BLOB)"
    )
    return connection


def commit_bare(connection: apsw.Connection, documents: tuple[bytes, bytes, bytes]) -> float:
    begun = time.perf_counter()
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("INSERT INTO worker (pins, spec, explanation) VALUES (?, ?, ?)", documents)
    connection.execute("COMMIT")
    return time.perf_counter() - begun


class Batch(NamedTuple):
    """Median seconds of one batch."""

    create: float
    commit: float
    resolution: float

    @property
    def ratio(self) -> float:
        return (self.create - self.resolution) / self.commit


async def measure(directory: Path, host: Host) -> tuple[list[Batch], int]:
    """Return what each batch took, and the bytes of one Worker's documents."""
    runtime, request = await open_runtime(directory, host)
    hosted = prepare_host_plan(prepare_profile(make_bundle(50), request.selector), POLICY)
    for number in range(WARM_UP):
        await create(runtime, request, number)
    documents = read_documents(directory)
    bare = open_bare(directory)
    numbers = iter(range(WARM_UP, WARM_UP + BATCHES * BATCH))
    batches = []
    for _ in range(BATCHES):
        created, committed, resolved = [], [], []
        for number in islice(numbers, BATCH):
            created.append(await create(runtime, request, number))
            committed.append(commit_bare(bare, documents))
            begun = time.perf_counter()
            compute_resolution(hosted, FACTS, NO_INTENT)
            resolved.append(time.perf_counter() - begun)
        batches.append(Batch(*map(statistics.median, (created, committed, resolved))))
    bare.close()
    runtime.close()
    return sorted(batches, key=lambda batch: batch.ratio), sum(map(len, documents))


def report(directory: Path, name: str, host: Host) -> None:
    batches, size = asyncio.run(measure(directory, host))
    middle = batches[len(batches) // 2]
    print(
        f"{name}: {middle.ratio:.2f} x a durable commit of the same {size / 1000:.1f} kB, beside P-04 "
        f"(at most {ALLOWED}; batches {batches[0].ratio:.2f} to {batches[-1].ratio:.2f}); "
        f"{middle.create * 1e6:.0f} microseconds against {middle.commit * 1e6:.0f} + {middle.resolution * 1e6:.0f}"
    )


async def measure_growth(directory: Path) -> None:
    """Print create / commit at each size over that at the first, so that the disk's own moods fall out."""
    runtime, request = await open_runtime(directory, BenchHost())
    bare = open_bare(directory)
    stored, first = 0, 0.0
    for target in GROWTH:
        while stored < target:
            await create(runtime, request, stored)
            stored += 1
        documents = read_documents(directory)
        created, committed = [], []
        for number in range(stored, stored + BATCH):
            created.append(await create(runtime, request, number))
            committed.append(commit_bare(bare, documents))
        stored += BATCH
        ratio = statistics.median(created) / statistics.median(committed)
        first = first or ratio
        print(
            f"     {target:>6} Workers stored: {ratio / first:.2f} x what it is with {GROWTH[0]} "
            f"({statistics.median(created) * 1e6:.0f} microseconds)"
        )
    bare.close()
    runtime.close()


def read_documents(directory: Path) -> tuple[bytes, bytes, bytes]:
    connection = apsw.Connection(str(directory / "runtime.sqlite"))
    row = connection.execute(
        "SELECT pins, spec, explanation FROM worker_pins JOIN worker_spec USING (worker_number) LIMIT 1"
    ).fetchall()[0]
    connection.close()
    return bytes(row[0]), bytes(row[1]), bytes(row[2])


def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        report(Path(directory), "P-05 create a Worker", BenchHost())
    with tempfile.TemporaryDirectory() as directory:
        report(Path(directory), "     facts changed since the last one", ChangingHost())
    with tempfile.TemporaryDirectory() as directory:
        report(Path(directory), "     real probes of mount and program", ProbedHost(Path(directory)))
    with tempfile.TemporaryDirectory() as directory:
        asyncio.run(measure_growth(Path(directory)))


if __name__ == "__main__":
    main()
