"""A fleet for tests: replicas of the Backend on PostgreSQL, and Runtimes behind links that can be cut; real processes all."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from io import BytesIO
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp

from support.backend.watched_link import WatchedLink
from support.bundles.small_bundles import SmallBundle
from support.processes.served_process import ServedProcess, build_backend
from support.processes.served_replica import ReplicaApi, ServedReplica
from worker_runtime.contract.assignments import Assignment
from worker_runtime.remote.runtime import RemoteRuntime
from worker_runtime.trust.identity import create_identity
from yoi_bundle.archive import write_archive
from yoi_bundle.media_types import BUNDLE_ARCHIVE_MEDIA_TYPE
from yoi_bundle.verified import verify_manifest
from yoi_wire.clock import SystemClock, format_instant

WORKSPACE = "library"
_ISSUER = "fleet"
_REPLICAS = 2
_DEADLINE_SECONDS = 90.0
_POLL_SECONDS = 0.1
_SETTINGS = """
[reconciler]
lease_seconds = {lease_seconds}
confirm_seconds = 2.0
inspect_seconds = 2.0
hopeless_seconds = 1.0
probe_seconds = 0.5
backoff = {{ first_seconds = 0.1, max_seconds = 1.0 }}
"""


class FleetRuntime:
    """One Runtime, and the link by which replicas reach it."""

    def __init__(self, name: str, process: ServedProcess) -> None:
        self.name = name
        self.process = process
        self.link = WatchedLink(process.port)

    async def start(self) -> None:
        await asyncio.to_thread(self.process.start)

    async def get_assignment(self) -> Assignment:
        """Ask the Runtime itself, past Backend and link."""
        async with self._open_client() as client:
            return await client.get_assignment(build_backend(WORKSPACE, _ISSUER), WORKSPACE)

    async def list_stored(self) -> set[str]:
        """Return the digests that the Runtime itself says it has, complete and verified."""
        async with self._open_client() as client:
            page = await client.list_bundles(
                build_backend(WORKSPACE, _ISSUER), workspace=WORKSPACE, limit=100
            )
        return {entry.digest for entry in page.items if entry.state == "stored"}

    @asynccontextmanager
    async def _open_client(self) -> AsyncIterator[RemoteRuntime]:
        client = self.process.open_client()
        try:
            yield client
        finally:
            await client.close()


class Fleet:
    """Replicas and Runtimes, and what was published to them.

    Attributes:
        published: Every bundle, in the order of the revisions.
    """

    def __init__(self, replicas: Sequence[ServedReplica], runtimes: Sequence[FleetRuntime]) -> None:
        self.replicas = replicas
        self.runtimes = runtimes
        self.published: list[SmallBundle] = []
        self.session: aiohttp.ClientSession | None = None

    def ask(self, replica: ServedReplica) -> ReplicaApi:
        assert self.session is not None, "it is not open"
        return ReplicaApi(self.session, replica.url)

    async def publish(self, bundle: SmallBundle, *, to: ServedReplica | None = None) -> None:
        """Publish as a careful program does: by turns to each replica, until one of them has taken it."""
        archive = write_small_archive(bundle)
        turns = count(len(self.published))
        self.published.append(bundle)

        async def send() -> bool:
            replica = to or self.replicas[next(turns) % len(self.replicas)]
            path = f"workspaces/{WORKSPACE}/bundles"
            with suppress(aiohttp.ClientError):
                await self.ask(replica).send(path, archive, BUNDLE_ARCHIVE_MEDIA_TYPE)
                return True
            return False

        await wait_until(send, self.describe)

    async def list_availability(self, replica: ServedReplica | None = None) -> dict[str, Any]:
        """Return what a replica says of each Runtime."""
        found = await self.ask(replica or self._find_listening()).list_all(
            "availability", workspace=WORKSPACE
        )
        return {row["runtime"]: row for row in found}

    async def wait_for(
        self,
        digest: str,
        list_runtimes: Callable[[], Sequence[FleetRuntime]],
        *,
        ask: ServedReplica | None = None,
    ) -> None:
        """Wait until a replica has the Runtimes' own word that they have it assigned, and stored.

        Args:
            digest: Of the bundle.
            list_runtimes: Those to wait for, as things stand by then.
            ask: Whom to believe; any replica that listens by default.
        """

        async def holds() -> bool:
            try:
                rows = await self.list_availability(ask)
            except aiohttp.ClientError:
                return False  # the replica was killed meanwhile
            wanted = [rows[runtime.name] for runtime in list_runtimes()]
            return all(_has(row, digest) for row in wanted)

        await wait_until(holds, self.describe)

    async def wait_for_inspection(self) -> None:
        """Wait until it was looked what every Runtime stores, later than now."""
        now = format_instant(SystemClock().now())

        async def holds() -> bool:
            rows = await self.list_availability()
            return all((row["inspected_at"] or "") > now for row in rows.values())

        await wait_until(holds, self.describe)

    async def describe(self) -> str:
        """Return what there is to know when something did not come about."""
        rows = await self.list_availability()
        logs = [f"{one.url}: {one.log[-1500:]}" for one in self.replicas]
        return "\n".join([*map(str, rows.values()), *logs])

    def _find_listening(self) -> ServedReplica:
        return next(replica for replica in self.replicas if replica.listens)


def _has(row: dict[str, Any], digest: str) -> bool:
    """Tell whether a Runtime is said to have the digest; what it stores is looked at a little later."""
    return (row["state"], row["observed"] and row["observed"]["digest"]) == ("in_sync", digest)


async def wait_until(holds: Callable[[], Awaitable[bool]], describe: Callable[[], Awaitable[str]]) -> None:
    """Return once something holds; fail, and say how things stand, when that takes too long."""
    deadline = time.monotonic() + _DEADLINE_SECONDS
    while not await holds():
        assert time.monotonic() < deadline, await describe()
        await asyncio.sleep(_POLL_SECONDS)


@asynccontextmanager
async def open_fleet(
    directory: Path, *, database: str, runtimes: int, started: int = 2, lease_seconds: float = 5.0
) -> AsyncIterator[Fleet]:
    """Give a fleet in which every Runtime may have the one workspace's bundle, and has nothing yet.

    Args:
        directory: For all its files.
        database: URL of an empty one.
        runtimes: How many.
        started: How many of the two replicas are running.
        lease_seconds: After which a replica takes over what the other one does not go on with.
    """
    identity = directory / "identity.json"
    create_identity(identity, issuer=_ISSUER)
    settings = _SETTINGS.format(lease_seconds=lease_seconds)
    served = [
        ServedReplica(
            directory / f"replica-{number}", database=database, identity=identity, settings=settings
        )
        for number in range(_REPLICAS)
    ]
    fleet = Fleet(served, await _build_runtimes(directory, identity, runtimes))
    try:
        await asyncio.to_thread(_start_replicas, served[:started])
        await asyncio.gather(*(runtime.start() for runtime in fleet.runtimes))
        for runtime in fleet.runtimes:
            await runtime.link.start()
        headers = {"Authorization": f"Bearer {served[0].read_token()}"}
        async with aiohttp.ClientSession(headers=headers) as session:
            fleet.session = session
            await _register(fleet)
            yield fleet
    finally:
        for replica in served:
            replica.clean_up()
        for runtime in fleet.runtimes:
            runtime.process.clean_up()
            await runtime.link.stop()


async def _build_runtimes(directory: Path, identity: Path, number: int) -> list[FleetRuntime]:
    def build(one: int) -> ServedProcess:
        return ServedProcess(directory / f"runtime-{one}", workspaces=[WORKSPACE], identity_file=identity)

    return [FleetRuntime(f"r{one}", await asyncio.to_thread(build, one)) for one in range(number)]


def _start_replicas(replicas: Sequence[ServedReplica]) -> None:
    for replica in replicas:
        replica.start()


async def _register(fleet: Fleet) -> None:
    api = fleet.ask(fleet.replicas[0])
    await api.post("workspaces", {"id": WORKSPACE, "source": {"kind": "published"}, "visibility": "internal"})
    everywhere = {"id": "everywhere", "effect": "allow", "workspaces": ["*"], "runtimes": ["*"]}
    await api.put("placements", {"generation": 0, "rules": [everywhere]})
    for runtime in fleet.runtimes:
        connection = {"url": f"http://127.0.0.1:{runtime.link.port}"}
        added = {"name": runtime.name, "audience": runtime.process.runtime_id, "connection": connection}
        await api.post("runtimes", added)


def write_small_archive(bundle: SmallBundle) -> bytes:
    """Return a bundle as it is published."""
    out = BytesIO()
    write_archive(
        bundle.manifest,
        verify_manifest(bundle.manifest, bundle.digest),
        bundle.blobs.__getitem__,
        out,
        metadata=bundle.metadata,
    )
    return out.getvalue()
