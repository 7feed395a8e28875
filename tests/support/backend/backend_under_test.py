"""A Backend's reconciler on a real SQLite store, with real embedded Runtimes that can be made to fail."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec

from support.bundles.small_bundles import SmallBundle, build_small_bundle
from worker_runtime.contract.caller import Caller, build_local_caller
from worker_runtime.contract.runtime_info import RuntimeInfo
from worker_runtime.embedded.runtime import EmbeddedRuntime
from worker_runtime.host.ports import Host
from yoi_bundle.errors import YoiError
from yoi_bundle.verified import verify_manifest
from yoi_wire.backend.placements import PlacementRule
from yoi_wire.backend.workspaces import NewWorkspace, PublishedSource
from yoi_wire.client.retry import Backoff
from yoi_wire.clock import SystemClock
from yoi_workspace_server.publishing.builder import record_bundle
from yoi_workspace_server.reconciler.reconciler import Reconciler
from yoi_workspace_server.reconciler.settings import ReconcilerSettings
from yoi_workspace_server.registry.dialer import Dialer
from yoi_workspace_server.registry.prober import Prober
from yoi_workspace_server.runtimes import NewRuntime
from yoi_workspace_server.store.database.migration import migrate
from yoi_workspace_server.store.store import Store, open_store
from yoi_workspace_server.sync_plan import PairState, compute_state
from yoi_workspace_server.sync_status import PairKey, PairStatus

QUICK = ReconcilerSettings(
    backoff=Backoff(first_seconds=0.01, max_seconds=0.05),
    hopeless_seconds=0.05,
    lease_seconds=5.0,
    probe_seconds=0.05,
)
_DEADLINE_SECONDS = 20.0


class WatchedRuntime:
    """A Runtime that writes down what it is asked, and fails when it is told to.

    Attributes:
        version: Announced in place of its own.
    """

    def __init__(self, inner: EmbeddedRuntime) -> None:
        self.inner = inner
        self.asked: list[str] = []
        self.failure: Callable[[str], YoiError | None] = lambda _: None
        self.version: str | None = None

    async def get_runtime(self, caller: Caller) -> RuntimeInfo:
        info: RuntimeInfo = await self.__getattr__("get_runtime")(caller)
        return info if self.version is None else msgspec.structs.replace(info, version=self.version)

    def __getattr__(self, name: str) -> Any:
        operation = getattr(self.inner, name)

        async def ask(*arguments: Any, **named: Any) -> Any:
            self.asked.append(name)
            failure = self.failure(name)
            if failure is not None:
                raise failure
            return await operation(*arguments, **named)

        return ask


class BackendUnderTest:
    """A store, a reconciler and Runtimes of this process."""

    def __init__(self, directory: Path, store: Store, settings: ReconcilerSettings) -> None:
        self.store = store
        self.clock = SystemClock()
        self.runtimes: dict[str, WatchedRuntime] = {}
        self.bundles: dict[str, SmallBundle] = {}
        self._directory = directory
        self._settings = settings
        self._embedded: dict[str, Any] = {}
        self.dialer = Dialer(_no_identity, clock=self.clock, embedded={})
        self.reconciler = Reconciler(
            store, self.dialer, clock=self.clock, owner="test", settings=settings, draw=lambda: 0.5
        )
        self.prober = Prober(
            store, self.dialer, clock=self.clock, period_seconds=settings.probe_seconds, draw=lambda: 0.5
        )

    async def add_runtime(self, name: str, *, host: Host | None = None) -> WatchedRuntime:
        """Start a Runtime of its own directory, and register it."""
        directory = self._directory / name
        directory.mkdir(exist_ok=True)
        embedded = EmbeddedRuntime(directory, host=host)
        await embedded.start()
        watched = WatchedRuntime(embedded)
        info = await embedded.get_runtime(build_local_caller())
        self.runtimes[name] = watched
        self.dialer.add_embedded(info.id, watched)  # type: ignore[arg-type]
        new = NewRuntime(name=name, kind="embedded", audience=info.id)
        await self.store.runtimes.add_runtime(new, actor="ann", now=self.clock.now())
        await self.store.placements.apply_policy(now=self.clock.now())
        return watched

    async def add_workspace(self, workspace: str = "library") -> None:
        new = NewWorkspace(id=workspace, source=PublishedSource())
        await self.store.workspaces.add_workspace(new, actor="ann", now=self.clock.now())
        await self.store.placements.apply_policy(now=self.clock.now())

    async def publish(self, text: str, workspace: str = "library") -> str:
        """Publish a small bundle, which becomes active; return its digest."""
        bundle = build_small_bundle(workspace, prompts={"greeting": text.encode()})
        self.bundles[bundle.digest] = bundle
        await record_bundle(
            self.store,
            verify_manifest(bundle.manifest, bundle.digest),
            bundle.manifest,
            bundle.blobs.__getitem__,
            provenance=bundle.metadata.provenance,
            actor="ann",
            now=self.clock.now(),
        )
        return bundle.digest

    async def put_rules(self, *rules: PlacementRule) -> None:
        policy = await self.store.placements.get_policy()
        await self.store.placements.put_policy(
            rules, expected_generation=policy.generation, actor="ann", now=self.clock.now()
        )
        await self.store.placements.apply_policy(now=self.clock.now())

    async def get_pair(self, runtime: str, workspace: str = "library") -> PairStatus:
        status = await self.store.pairs.find_pair(PairKey(runtime, workspace))
        assert status is not None, "there is no such pair"
        return status

    async def get_state(self, runtime: str, workspace: str = "library") -> PairState:
        status = await self.get_pair(runtime, workspace)
        found = await self.store.runtimes.get_runtime(runtime)
        return compute_state(
            placed=status.placed,
            desired=status.desired,
            observed=status.observed,
            withdrawal_generation=status.withdrawal_generation,
            reachable=found.reachability != "unreachable",
            failing=status.problem is not None,
            forbidden=status.forbidden,
        )

    async def wait_until(
        self, condition: Callable[[PairStatus], bool], runtime: str, workspace: str = "library"
    ) -> PairStatus:
        """Wait until a pair is as it should be."""
        async with asyncio.timeout(_DEADLINE_SECONDS):
            while True:
                seen = self.store.wakeups.count("audit")
                status = await self.get_pair(runtime, workspace)
                if condition(status):
                    return status
                await self.store.wakeups.wait("audit", seen=seen, timeout_seconds=0.02)

    async def wait_for(self, digest: str | None, *runtimes: str, workspace: str = "library") -> None:
        """Wait until Runtimes themselves said that this is assigned."""
        for name in runtimes:
            await self.wait_until(
                lambda one: (
                    one.observed is not None and one.observed.digest == digest and one.problem is None
                ),
                name,
                workspace,
            )

    async def get_assigned(self, runtime: str, workspace: str = "library") -> str | None:
        """Ask a Runtime itself, past the Backend."""
        found = await self.runtimes[runtime].inner.get_assignment(build_local_caller(workspace), workspace)
        return found.digest


def _no_identity() -> Any:
    raise AssertionError("no remote Runtime is dialled here")


@asynccontextmanager
async def open_backend(
    directory: Path, *, settings: ReconcilerSettings = QUICK, probing: bool = False
) -> AsyncIterator[BackendUnderTest]:
    """Give a Backend whose reconciler runs."""
    url = f"sqlite:///{directory / 'backend.db'}"
    await migrate(url)
    async with open_store(url) as store:
        backend = BackendUnderTest(directory, store, settings)
        stopping = asyncio.Event()
        loops = [asyncio.create_task(backend.reconciler.run(stopping))]
        if probing:
            loops.append(asyncio.create_task(backend.prober.run(stopping)))
        try:
            yield backend
        finally:
            stopping.set()
            async with asyncio.timeout(_DEADLINE_SECONDS):
                await asyncio.gather(*loops)
            for runtime in backend.runtimes.values():
                runtime.inner.close()
