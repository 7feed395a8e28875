"""Server of one Backend: the composition of its parts, and the order in which they end."""

import asyncio
import fcntl
import os
import secrets
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from worker_runtime.contract.caller import build_local_caller
from worker_runtime.embedded.maintenance import run_maintenance
from worker_runtime.embedded.runtime import EmbeddedRuntime
from worker_runtime.host.local_host import LocalHost
from worker_runtime.trust.identity import Identity, load_identity
from yoi_bundle.errors import YoiError
from yoi_wire.clock import Clock, SystemClock
from yoi_wire.errors import RuntimeUnavailableError
from yoi_wire.random_ids import create_id
from yoi_wire.readiness import Readiness, RecentReadiness
from yoi_wire.server.http_state import HttpState
from yoi_wire.server.metrics import Metrics
from yoi_wire.server.server import HttpServer, verify_listen_address
from yoi_wire.stop_signals import watch_signals
from yoi_workspace_server.audit import SYSTEM_ACTOR
from yoi_workspace_server.configuration import ServerSettings
from yoi_workspace_server.event_log import LOG
from yoi_workspace_server.first_start import ensure_identity, ensure_token, make_admin_token
from yoi_workspace_server.publishing.archives import Uploads
from yoi_workspace_server.publishing.build_processes import BuildProcesses, JobRunner
from yoi_workspace_server.publishing.builder import Builder
from yoi_workspace_server.publishing.collector import BundleCollector
from yoi_workspace_server.publishing.source_follower import SourceFollower
from yoi_workspace_server.reconciler.metrics import SyncMetrics
from yoi_workspace_server.reconciler.reconciler import Reconciler
from yoi_workspace_server.registry.dialer import Dialer
from yoi_workspace_server.registry.prober import Prober
from yoi_workspace_server.registry.registration import Registration
from yoi_workspace_server.rest.app import build_app
from yoi_workspace_server.rest.refused_tokens import RefusedTokens
from yoi_workspace_server.rest.services import Services
from yoi_workspace_server.sources.git import GitReader
from yoi_workspace_server.sources.git_program import GitProgram
from yoi_workspace_server.sources.reading import SourceReader
from yoi_workspace_server.store.database.migration import migrate
from yoi_workspace_server.store.retention import RetentionRules
from yoi_workspace_server.store.store import Store, open_store
from yoi_workspace_server.workers.access import WorkerAccess
from yoi_workspace_server.workers.creation import WorkerCreation

_GRACE_SECONDS = 5.0


@dataclass(frozen=True, kw_only=True)
class Served:
    """What a server says at its start.

    Attributes:
        address: Where it listens.
        token_file: Where the first token lies, when this is the first start.
    """

    address: str
    token_file: Path | None


@dataclass(frozen=True, kw_only=True)
class Parts:
    """The parts of one Backend; made in the event loop that uses them."""

    services: Services
    reconciler: Reconciler
    prober: Prober
    follower: SourceFollower
    collector: BundleCollector
    token_file: Path | None
    processes: BuildProcesses | None = None


async def serve_backend(
    settings: ServerSettings, *, announce: Callable[[Served], None], clock: Clock | None = None
) -> None:
    """Serve until SIGTERM or SIGINT, then let running requests end.

    Raises:
        RequestInvalidError: A setting is wrong, or it would be open to the network; see `verify_listen_address`.
        BackendUnavailableError: The database cannot be asked, or is of a newer version.
    """
    verify_listen_address(settings.listening, has_trusted_keys=True)
    stopping = watch_signals()
    async with open_parts(settings, clock or SystemClock()) as parts:
        server = HttpServer(build_app(parts.services), settings.listening)
        await server.start()
        announce(Served(address=server.listening.describe(), token_file=parts.token_file))
        LOG.event("started")
        loops = [
            asyncio.create_task(loop.run(stopping))
            for loop in (parts.reconciler, parts.prober, parts.follower, parts.collector)
        ]
        try:
            await _wait_for_end(stopping, loops)
        finally:
            LOG.event("stopping")
            stopping.set()
            parts.services.http.streams.end_all()
            if parts.processes is not None:
                await parts.processes.close()
            refusing = asyncio.get_running_loop().call_later(
                _GRACE_SECONDS, parts.services.http.bodies.end_all
            )
            await server.stop()
            refusing.cancel()
            await asyncio.gather(*loops, return_exceptions=True)
            LOG.event("stopped")


async def _wait_for_end(stopping: asyncio.Event, loops: Sequence[asyncio.Task[None]]) -> None:
    """Return when the server is told to stop; a loop that ends by itself is a fault that ends the server, too.

    A server that answers, and reconciles nothing any more, would be the worse of the two.
    """
    told = asyncio.create_task(stopping.wait())
    try:
        await asyncio.wait({told, *loops}, return_when=asyncio.FIRST_COMPLETED)
        for loop in loops:
            if loop.done():
                loop.result()
    finally:
        told.cancel()


async def _build_parts(
    settings: ServerSettings,
    store: Store,
    dialer: Dialer,
    *,
    temporary: Path,
    clock: Clock,
    jobs: JobRunner,
) -> Parts:
    git = GitProgram(settings.environment, configuration=settings.git_configuration)
    sources = SourceReader(GitReader(git, temporary=temporary), roots=settings.source_roots)
    builder = Builder(
        store,
        sources,
        jobs=jobs,
        temporary=temporary,
        clock=clock,
        quota_bytes=settings.workspace_bytes,
    )
    owner = f"{socket.gethostname()}-{secrets.token_hex(4)}"
    metrics = Metrics("backend")
    reconciler = Reconciler(
        store,
        dialer,
        clock=clock,
        owner=owner,
        settings=settings.reconciler,
        observe=SyncMetrics(metrics.registry).count,
    )
    token_file = await _make_token(settings, store, clock)
    return Parts(
        services=Services(
            http=HttpState(
                RecentReadiness(lambda: _check_readiness(store, clock)).check, metrics=metrics, log=LOG
            ),
            store=store,
            dialer=dialer,
            registration=Registration(store, dialer, clock=clock),
            creation=WorkerCreation(store, dialer, reconciler, clock=clock, new_id=create_id),
            workers=WorkerAccess(store, dialer, clock=clock),
            reconciler=reconciler,
            builder=builder,
            sources=sources,
            archives=Uploads(
                store,
                jobs=jobs,
                temporary=temporary,
                clock=clock,
                quota_bytes=settings.workspace_bytes,
            ),
            refused_tokens=RefusedTokens(store),
            clock=clock,
            new_id=create_id,
        ),
        reconciler=reconciler,
        prober=Prober(store, dialer, clock=clock, period_seconds=settings.reconciler.probe_seconds),
        follower=SourceFollower(store, builder, poll_seconds=settings.poll_seconds),
        collector=BundleCollector(
            store,
            RetentionRules(
                latest=settings.keep_revisions, milliseconds=settings.keep_days * MILLISECONDS_A_DAY
            ),
            clock=clock,
        ),
        token_file=token_file,
    )


async def _make_token(settings: ServerSettings, store: Store, clock: Clock) -> Path | None:
    """Make the first token; after a restore suspend what the backup says, and make a new token for who set it right."""
    directory = settings.data_directory
    if not settings.restored or not await store.tokens.has_tokens():
        return await ensure_token(store, directory, clock=clock, token_id=create_id())
    suspended = await store.restoring.suspend_all(now=clock.now())
    LOG.event("restored", workspaces=suspended.workspaces, tokens=suspended.tokens)
    return await make_admin_token(store, directory, clock=clock, token_id=create_id(), name="restored-admin")


async def _embed_runtime(settings: ServerSettings, parts: Parts, resources: AsyncExitStack) -> None:
    """Start the Runtime of this process, and register it; it belongs to this process alone (K-08)."""
    wanted = settings.embedded
    if wanted is None:
        return
    directory = settings.data_directory / "runtime"
    directory.mkdir(mode=0o700, exist_ok=True)
    policy = settings.host_policy or settings.data_directory / "host-policy.toml"
    host = LocalHost(
        policy,
        data_directory=directory,
        environment=settings.environment,
        secrets_directory=settings.secrets_directory,
    )
    embedded = EmbeddedRuntime(directory, host=host, labels=wanted.labels)
    resources.callback(embedded.close)
    await embedded.start()
    info = await embedded.get_runtime(build_local_caller())
    parts.services.dialer.add_embedded(info.id, embedded)
    await parts.services.registration.add_embedded(
        wanted.name, info, labels=wanted.labels, actor=SYSTEM_ACTOR
    )
    for work in (run_maintenance(embedded.maintenance, LOG), embedded.watch_live_rights(LOG)):
        resources.push_async_callback(_cancel, asyncio.create_task(work))


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def _check_readiness(store: Store, clock: Clock) -> Readiness:
    try:
        await store.claims.find_next_due(now=clock.now())
    except YoiError as error:
        return Readiness(ready=False, problems=({"code": error.code, "details": error.details()},))
    return Readiness(ready=True)


MILLISECONDS_A_DAY = 86_400_000
_PREFIX = "work-"
_LOCK = "in-use"


def _remove_unheld(place: Path) -> None:
    """Remove a directory, unless a process holds it or has only just made it."""
    try:
        descriptor = os.open(place / _LOCK, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(place, ignore_errors=True)
    except BlockingIOError:
        return
    finally:
        os.close(descriptor)


class IdentityFile:
    """Gives the identity as it is now."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._version: tuple[int, int] | None = None
        self._identity: Identity | None = None

    def get(self) -> Identity:
        """Return the identity.

        Raises:
            RequestInvalidError, StoreCorruptError, RuntimeUnavailableError: See `load_identity`.
        """
        version = self._find_version()
        if self._identity is None or version is None or version != self._version:
            self._identity = load_identity(self._path)
            self._version = version
        return self._identity

    def _find_version(self) -> tuple[int, int] | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns


@contextmanager
def open_work_directory(parent: Path) -> Iterator[Path]:
    """Give a new directory of this process alone, and remove it at the end.

    Those beside it that no living process holds are removed at once: a lock ends with the process, however it ends.
    """
    for left in parent.glob(f"{_PREFIX}*"):
        _remove_unheld(left)
    place = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
    descriptor = os.open(place / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)
        os.close(descriptor)


@asynccontextmanager
async def open_parts(
    settings: ServerSettings, clock: Clock, *, jobs: JobRunner | None = None
) -> AsyncIterator[Parts]:
    """Give the parts of a Backend that is ready to be asked; whoever takes them runs the loops.

    Args:
        settings: What it is told.
        clock: The source of time.
        jobs: Does builds and checks; processes of its own when absent.

    Raises:
        BackendUnavailableError: The database cannot be asked, or is of a newer version.
        RuntimeUnavailableError: The data directory cannot be used.
    """
    directory = settings.data_directory
    caches = settings.cache_directory or directory
    try:
        for needed in (directory, caches):
            needed.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise RuntimeUnavailableError("storage_failed") from error
    await migrate(settings.database)
    async with AsyncExitStack() as resources:
        store = await resources.enter_async_context(open_store(settings.database))
        temporary = resources.enter_context(open_work_directory(directory))
        identity = IdentityFile(settings.identity or ensure_identity(directory, issuer=settings.issuer))
        identity.get()  # a server that cannot prove who it is does not start
        dialer = Dialer(identity.get, clock=clock)
        resources.push_async_callback(dialer.close)
        processes = None
        if jobs is None:
            jobs = processes = BuildProcesses(caches / "scanner")
            resources.push_async_callback(processes.close)
            processes.warm()
        parts = await _build_parts(settings, store, dialer, temporary=temporary, clock=clock, jobs=jobs)
        parts = replace(parts, processes=processes)
        await _embed_runtime(settings, parts, resources)
        await store.placements.apply_policy(now=clock.now())
        yield parts
