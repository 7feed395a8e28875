"""A whole Backend in this process: its loops run, its REST surface listens, and Runtimes stand behind sockets."""

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import aiohttp

from support.backend.in_process_jobs import InProcessJobs
from support.bundles.small_bundles import SmallBundle, build_small_bundle
from support.bundles.source_trees import WordScanner
from support.runtime.rest_services import build_services
from worker_runtime.contract.caller import build_local_caller
from worker_runtime.embedded.runtime import EmbeddedRuntime
from worker_runtime.host.ports import Host
from worker_runtime.rest.app import build_app as build_runtime_app
from worker_runtime.rest.authentication import TokenAuthenticator
from worker_runtime.trust.identity import IDENTITY_FILE, load_identity
from worker_runtime.trust.trust_store import TRUST_FILE, TrustStore
from yoi_bundle.verified import verify_manifest
from yoi_wire.backend.tokens import Role, TokenScope
from yoi_wire.client.retry import Backoff
from yoi_wire.clock import SystemClock, format_instant
from yoi_wire.server.server import HttpServer, ListenAddress
from yoi_workspace_server.configuration import EmbeddedSettings, ServerSettings
from yoi_workspace_server.first_start import create_secret
from yoi_workspace_server.publishing.builder import record_bundle
from yoi_workspace_server.reconciler.settings import ReconcilerSettings
from yoi_workspace_server.rest.app import build_app
from yoi_workspace_server.serving import open_parts
from yoi_workspace_server.tokens import NewApiToken, hash_secret

QUICK = ReconcilerSettings(
    backoff=Backoff(first_seconds=0.01, max_seconds=0.05), hopeless_seconds=0.05, probe_seconds=0.05
)
_DEADLINE_SECONDS = 30.0


@dataclass(frozen=True)
class Answer:
    """An answer, as it came."""

    status: int
    headers: str
    body: str

    @property
    def document(self) -> Any:
        return json.loads(self.body)


class LiveBackend:
    """A Backend with an embedded Runtime called `here`; made by `open_live_backend`."""

    def __init__(self, settings: ServerSettings, socket_directory: Path) -> None:
        self.settings = settings
        self.clock = SystemClock()
        self.sockets = socket_directory
        self._resources = AsyncExitStack()

    async def start(self) -> Self:
        parts = await self._resources.enter_async_context(
            open_parts(self.settings, self.clock, jobs=InProcessJobs(WordScanner()))
        )
        self.services = parts.services
        socket = self.sockets / "backend.sock"
        server = HttpServer(build_app(self.services), ListenAddress(socket=socket))
        await server.start()
        self._resources.push_async_callback(server.stop)
        self._resources.callback(self.services.http.streams.end_all)
        stopping = asyncio.Event()
        loops = [asyncio.create_task(loop.run(stopping)) for loop in (parts.reconciler, parts.prober)]
        self._resources.push_async_callback(_end, stopping, loops)
        self.client = aiohttp.ClientSession("http://backend", connector=aiohttp.UnixConnector(str(socket)))
        self._resources.push_async_callback(self.client.close)
        self.admin = await self.add_token("admin", name="ann", scopes=["runtimes:connection"])
        return self

    async def stop(self) -> None:
        await self._resources.aclose()

    def close_later(self, close: Callable[[], None]) -> None:
        """Have something closed with the Backend."""
        self._resources.callback(close)

    async def add_token(
        self,
        role: Role,
        *,
        name: str = "",
        workspaces: Iterable[str] | None = None,
        scopes: Iterable[TokenScope] = (),
    ) -> str:
        """Make a token past the REST surface, and return its secret."""
        secret = create_secret()
        new = NewApiToken(
            id=hash_secret(secret)[:32],
            secret_hash=hash_secret(secret),
            name=name or f"some-{role}",
            role=role,
            workspaces=None if workspaces is None else frozenset(workspaces),
            scopes=frozenset(scopes),
        )
        await self.services.store.tokens.add_token(new, actor="test", now=self.clock.now())
        return secret

    async def ask(
        self,
        method: str,
        path: str,
        document: Any = None,
        *,
        token: str | None = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send one request; as an admin when no token is given, and as nobody when it is empty."""
        secret = self.admin if token is None else token
        sent = {"Authorization": f"Bearer {secret}"} if secret else {}
        if document is not None:
            body = json.dumps(document).encode()
            sent["Content-Type"] = "application/json"
        sent.update(headers or {})
        async with self.client.request(method, path, data=body, headers=sent) as answer:
            text = await answer.text()
            return Answer(
                answer.status, "\n".join(f"{name}: {answer.headers[name]}" for name in answer.headers), text
            )

    async def get(self, path: str, **named: Any) -> Any:
        """Ask for a document that has to be there."""
        answer = await self.ask("GET", path, **named)
        assert answer.status == 200, answer
        return answer.document

    async def send(self, method: str, path: str, document: Any, *, status: int = 200, **named: Any) -> Any:
        """Send a document that has to be taken, or refused as it should."""
        answer = await self.ask(method, path, document, **named)
        assert answer.status == status, answer
        return answer.document

    async def add_workspace(self, workspace: str = "library", **fields: Any) -> None:
        document = {"id": workspace, "source": {"kind": "published"}, **fields}
        await self.send("POST", "/api/v1/workspaces", document, status=201)

    async def record(self, bundle: SmallBundle, workspace: str = "library") -> str:
        """Record a bundle whose texts nobody checks here, and activate it; return its digest."""
        await record_bundle(
            self.services.store,
            verify_manifest(bundle.manifest, bundle.digest),
            bundle.manifest,
            bundle.blobs.__getitem__,
            provenance=bundle.metadata.provenance,
            actor="test",
            now=self.clock.now(),
        )
        return bundle.digest

    async def publish(self, text: str, workspace: str = "library") -> str:
        """Record a bundle of one prompt, and activate it; return its digest."""
        return await self.record(
            build_small_bundle(workspace, prompts={"greeting": text.encode()}), workspace
        )

    async def add_remote(
        self, name: str, directory: Path, *, host: Host | None = None, url: str = "http://far"
    ) -> EmbeddedRuntime:
        """Start a Runtime behind a socket that trusts this Backend, and register it."""
        trust = _trust(directory, self.settings.data_directory, added_at=format_instant(self.clock.now()))
        runtime = EmbeddedRuntime(directory, host=host)
        await runtime.start()
        self._resources.callback(runtime.close)
        audience = (await runtime.get_runtime(build_local_caller())).id

        async def get_audience() -> str:
            return audience

        authenticator = TokenAuthenticator(trust, get_audience=get_audience, clock=self.clock)
        services = build_services(runtime, authenticator, runtime.check_readiness)
        socket = self.sockets / f"{name}.sock"
        server = HttpServer(build_runtime_app(services), ListenAddress(socket=socket))
        await server.start()
        self._resources.push_async_callback(server.stop)
        self._resources.callback(services.http.streams.end_all)
        document = {"name": name, "audience": audience, "connection": {"url": url, "socket": str(socket)}}
        await self.send("POST", "/api/v1/runtimes", document, status=201)
        return runtime

    async def wait_for_pair(
        self, holds: Callable[[Any], bool], runtime: str = "here", workspace: str = "library"
    ) -> Any:
        """Wait until the REST surface says of a pair what should hold; return what it says."""
        path = f"/api/v1/availability?workspace={workspace}&runtime={runtime}"
        return await self.wait_until(
            path, lambda found: bool(found["items"]) and holds(found["items"][0]), _first
        )

    async def wait_until(
        self, path: str, holds: Callable[[Any], bool], read: Callable[[Any], Any] = lambda found: found
    ) -> Any:
        """Wait until a document is as it should be; return it, or what `read` takes from it."""
        found = None
        try:
            async with asyncio.timeout(_DEADLINE_SECONDS):
                while True:
                    found = await self.get(path)
                    if holds(found):
                        return read(found)
                    seen = self.services.store.wakeups.count("audit")
                    await self.services.store.wakeups.wait("audit", seen=seen, timeout_seconds=0.02)
        except TimeoutError:
            raise AssertionError(f"{path} stays {found}") from None


@asynccontextmanager
async def open_live_backend(
    directory: Path,
    *,
    policy: str = "version = 1\n",
    environment: Mapping[str, str] | None = None,
    source_roots: Iterable[Path] = (),
    database: str | None = None,
) -> AsyncIterator[LiveBackend]:
    """Give a Backend on a data directory, whose embedded Runtime has this host policy."""
    data = directory / "data"
    data.mkdir(parents=True, exist_ok=True)
    policy_file = directory / "host-policy.toml"
    policy_file.write_text(policy, encoding="utf-8")
    settings = ServerSettings(
        data_directory=data,
        database=database or f"sqlite:///{data / 'backend.db'}",
        listening=ListenAddress(),
        source_roots=tuple(source_roots),
        embedded=EmbeddedSettings(name="here"),
        host_policy=policy_file,
        reconciler=QUICK,
        environment=dict(environment or {}),
    )
    with tempfile.TemporaryDirectory() as sockets:
        backend = LiveBackend(settings, Path(sockets))
        try:
            yield await backend.start()
        finally:
            await backend.stop()


def play(story: Callable[[], Awaitable[None]]) -> None:
    """Run a story to its end."""
    asyncio.run(_await(story))


async def _await(story: Callable[[], Awaitable[None]]) -> None:
    await story()


def _trust(directory: Path, data: Path, *, added_at: str) -> TrustStore:
    """Have a Runtime's new directory trust the Backend of a data directory."""
    directory.mkdir(parents=True, exist_ok=True)
    identity = load_identity(data / IDENTITY_FILE)
    trust = TrustStore(directory / TRUST_FILE)
    trust.add(
        issuer=identity.issuer,
        public_key=identity.active.public_key,
        workspaces=("library", "museum"),
        added_at=added_at,
    )
    return trust


async def _end(stopping: asyncio.Event, loops: list[asyncio.Task[None]]) -> None:
    stopping.set()
    async with asyncio.timeout(_DEADLINE_SECONDS):
        await asyncio.gather(*loops)


def _first(found: Any) -> Any:
    return found["items"][0]
