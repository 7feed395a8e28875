"""P-05: create a Worker, embedded, durable (no process start).

At most 2.0 x a durable SQLite commit of the same bytes + P-04, on the profile of P-04. The denominator's commit writes the
same pins, spec and explanation as three blobs of one row, in WAL mode with `synchronous=FULL`; its P-04 is the resolution
alone, with bundle and policy loaded. All parts are interleaved in one run. The growth from 10 to 10,000 stored Workers is
printed beside it.

    .venv/bin/python benchmarks/p05_create_worker.py
"""

import asyncio
import statistics
import tempfile
import time
from pathlib import Path

import apsw

from p04_resolve import FACTS, POLICY, make_bundle
from worker_runtime.bundles import ManifestBody
from worker_runtime.caller import build_local_caller
from worker_runtime.embedded import EmbeddedRuntime
from worker_runtime.facts import ABSENT_PACKAGE, HostPorts, PackageFact, PackageNeed
from worker_runtime.host import ReadPackage
from worker_runtime.policy import HostPolicy
from worker_runtime.requests import NO_INTENT, WorkerRequest
from worker_runtime.resolution.host_plan import prepare_host_plan
from worker_runtime.resolution.plan import prepare_profile
from worker_runtime.resolution.resolve import compute_resolution
from worker_runtime.secrets.port import SecretUnreadableError, SecretValue
from worker_runtime.transfer.pack import write_pack
from worker_runtime.workers import CreateWorkerRequest
from yoi_bundle.canonical import encode_canonical
from yoi_bundle.manifest import Access
from yoi_bundle.metadata import BundleMetadata, Provenance

ALLOWED = 2.0
ROUNDS = 300
GROWTH = (10, 100, 1_000, 10_000)
CALLER = build_local_caller("bench")


class BenchHost:
    """The host of P-04's facts, every port answering at once."""

    policy_generation = "bench"

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


async def open_runtime(directory: Path) -> tuple[EmbeddedRuntime, WorkerRequest]:
    """Return a Runtime that holds the bundle of P-04, and a request for its profile."""
    bundle = make_bundle(50)
    metadata = BundleMetadata(
        workspace="bench",
        digest=bundle.digest,
        revision=1,
        created_at="2026-01-31T12:00:00Z",
        provenance=Provenance(kind="directory", builder="bench", builder_version="1"),
    )
    runtime = EmbeddedRuntime(directory, host=BenchHost())
    body = ManifestBody(content=encode_canonical(bundle.manifest))
    outcome = await runtime.put_bundle(CALLER, bundle.digest, metadata, body)
    await runtime.put_pack(CALLER, outcome.lease.id, write_pack([(one, b"text") for one in bundle.blobs]))
    return runtime, WorkerRequest(selector="workspace:coder", bundle_digest=bundle.digest)


async def create(runtime: EmbeddedRuntime, request: WorkerRequest, number: int) -> float:
    """Create one Worker; return seconds."""
    wanted = CreateWorkerRequest(workspace="bench", key=f"worker-{number}", request=request)
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


async def measure(directory: Path) -> None:
    runtime, request = await open_runtime(directory)
    hosted = prepare_host_plan(prepare_profile(make_bundle(50), request.selector), POLICY)
    for number in range(20):
        await create(runtime, request, number)
    documents = read_documents(directory)
    bare = open_bare(directory)
    created, committed, resolved = [], [], []
    for number in range(20, 20 + ROUNDS):
        created.append(await create(runtime, request, number))
        committed.append(commit_bare(bare, documents))
        begun = time.perf_counter()
        compute_resolution(hosted, FACTS, NO_INTENT)
        resolved.append(time.perf_counter() - begun)
    ours, commit, resolution = (statistics.median(one) for one in (created, committed, resolved))
    print(
        f"P-05 create a Worker: {(ours - resolution) / commit:.2f} x a durable commit of the same "
        f"{sum(map(len, documents)) / 1000:.1f} kB, beside P-04 (at most {ALLOWED}); "
        f"{ours * 1e6:.0f} microseconds against {commit * 1e6:.0f} + {resolution * 1e6:.0f}"
    )
    bare.close()
    runtime.close()


async def measure_growth(directory: Path) -> None:
    runtime, request = await open_runtime(directory)
    stored, first = 0, 0.0
    for target in GROWTH:
        while stored < target:
            await create(runtime, request, stored)
            stored += 1
        taken = statistics.median([await create(runtime, request, stored + number) for number in range(50)])
        stored += 50
        first = first or taken
        print(f"     {target:>6} Workers stored: {taken / first:.2f} x the time with {GROWTH[0]}")
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
        asyncio.run(measure(Path(directory)))
    with tempfile.TemporaryDirectory() as directory:
        asyncio.run(measure_growth(Path(directory)))


if __name__ == "__main__":
    main()
