"""The product's Backend without its REST surface: store on SQLite, registry, placement, dialer and reconciler."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fleet import Fleet
from worker_runtime.sync.bundle_sync import BundleSource
from worker_runtime.trust.identity import Identity
from yoi_bundle.verified import VerifiedBundle, verify_manifest
from yoi_wire.backend.placements import PlacementRule
from yoi_wire.backend.runtimes import RuntimeConnection
from yoi_wire.backend.workspaces import NewWorkspace, PublishedSource
from yoi_wire.clock import SystemClock
from yoi_workspace_server.publishing.builder import record_bundle
from yoi_workspace_server.reconciler.reconciler import Reconciler
from yoi_workspace_server.reconciler.settings import ReconcilerSettings
from yoi_workspace_server.registry.dialer import Dialer
from yoi_workspace_server.registry.registration import Registration
from yoi_workspace_server.revisions import Activation, Revision
from yoi_workspace_server.store.database.migration import migrate
from yoi_workspace_server.store.store import Store, open_store

# What is looked at some time after a sync would come in the middle of a later round.
SETTINGS = ReconcilerSettings(probe_seconds=3600.0, confirm_seconds=3600.0)
_ACTOR = "bench"
_POLL_SECONDS = 0.01
_DEADLINE_SECONDS = 600.0
_REGISTERING = 16


class FleetBackend:
    """A Backend that works, and one workspace."""

    def __init__(self, store: Store, database: Path, identity: Identity, workspace: str) -> None:
        self.store = store
        self._workspace = workspace
        self._clock = SystemClock()
        self._dialer = Dialer(lambda: identity, clock=self._clock)
        self._registration = Registration(store, self._dialer, clock=self._clock)
        self.reconciler = Reconciler(store, self._dialer, clock=self._clock, owner="bench", settings=SETTINGS)
        self._watching = sqlite3.connect(f"file:{database}?mode=ro", uri=True)

    async def start(self, fleet: Fleet, first: BundleSource) -> None:
        """Register every Runtime, let each have the workspace, and wait until all have its first bundle."""
        new = NewWorkspace(id=self._workspace, source=PublishedSource(), automatic=False)
        await self.store.workspaces.add_workspace(new, actor=_ACTOR, now=self._clock.now())
        limit = asyncio.Semaphore(_REGISTERING)

        async def add(host: str, runtime_id: str, socket: str) -> None:
            connection = RuntimeConnection(url=f"http://{host}", socket=socket)
            async with limit:
                await self._registration.add_remote(
                    host, connection, audience=runtime_id, labels={}, actor=_ACTOR
                )

        await asyncio.gather(*(add(one.host, one.runtime_id, one.socket) for one in fleet.members))
        await self._activate(await self.publish(first))
        rule = PlacementRule(id="all", effect="allow", workspaces=(self._workspace,), runtimes=("*",))
        await self._registration.put_rules([rule], expected_generation=0, actor=_ACTOR)
        query = "SELECT count(*) FROM pair WHERE observed_digest = ?"
        await self._wait(query, (first.metadata.digest,), len(fleet.members))

    async def publish(self, source: BundleSource) -> Revision:
        """Record a bundle as a revision; nothing is activated."""
        bundle: VerifiedBundle = verify_manifest(source.manifest, source.metadata.digest)
        missing = await self.store.bundles.find_missing_blobs(self._workspace, sorted(bundle.blobs))
        blobs = {digest: await source.read_blob(digest) for digest in missing}
        recorded = await record_bundle(
            self.store,
            bundle,
            source.manifest,
            blobs.__getitem__,
            provenance=source.metadata.provenance,
            actor=_ACTOR,
            now=self._clock.now(),
        )
        return recorded.revision

    async def activate(self, revision: Revision) -> float:
        """Activate a revision; return the seconds until every Runtime is known to have it assigned."""
        count = self._count_pairs()
        begun = time.perf_counter()
        activation = await self._activate(revision)
        # A Runtime that held an assignment before it was registered has generations of its own, above the workspace's.
        query = (
            "SELECT count(*) FROM pair WHERE observed_digest = ? AND observed_generation - generation_offset = ? "
            "AND problem IS NULL"
        )
        await self._wait(query, (activation.digest, activation.generation), count)
        return time.perf_counter() - begun

    async def confirm(self) -> float:
        """Have every pair looked at again; return the seconds until that is written down."""
        count = self._count_pairs()
        since = self._clock.now()
        begun = time.perf_counter()
        await self.store.pairs.mark_due(workspace=self._workspace, now=since)
        await self._wait("SELECT count(*) FROM pair WHERE last_success_at >= ?", (since,), count)
        return time.perf_counter() - begun

    async def close(self) -> None:
        """Close what was opened."""
        self._watching.close()
        await self._dialer.close()

    async def _activate(self, revision: Revision) -> Activation:
        return await self.store.activations.activate(
            self._workspace, revision.revision, actor=_ACTOR, reason="", now=self._clock.now()
        )

    def _count_pairs(self) -> int:
        return int(self._watching.execute("SELECT count(*) FROM pair").fetchone()[0])

    async def _wait(self, query: str, arguments: tuple[object, ...], count: int) -> None:
        async with asyncio.timeout(_DEADLINE_SECONDS):
            while self._watching.execute(query, arguments).fetchone()[0] < count:  # noqa: ASYNC110
                await asyncio.sleep(_POLL_SECONDS)


@asynccontextmanager
async def run_backend(directory: Path, identity: Identity, workspace: str) -> AsyncIterator[FleetBackend]:
    """Run a Backend on a new database until the block ends."""
    url = f"sqlite:///{directory / 'backend.sqlite'}"
    await migrate(url)
    async with open_store(url) as store:
        backend = FleetBackend(store, directory / "backend.sqlite", identity, workspace)
        stopping = asyncio.Event()
        running = asyncio.create_task(backend.reconciler.run(stopping))
        try:
            yield backend
        finally:
            stopping.set()
            await running
            await backend.close()
