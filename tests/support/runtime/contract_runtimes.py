"""The Runtimes of the contract suite: embedded, and served over real sockets to callers with real tokens (R-01)."""

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Literal, Protocol, cast

from support.runtime.fake_host import FakeHost
from support.runtime.local_credentials import LocalCredentials
from support.runtime.manual_clock import ManualClock
from support.runtime.rest_services import build_services
from support.runtime.runtime_under_test import (
    SHARED_SCANNER,
    EmbeddedUnderTest,
    RuntimeUnderTest,
    build_caller,
)
from worker_runtime.contract.caller import LOCAL_ISSUER, Caller, build_local_caller
from worker_runtime.embedded.runtime import EmbeddedRuntime
from worker_runtime.remote.connection import Connection
from worker_runtime.remote.credentials import SignedCredentials
from worker_runtime.remote.runtime import RemoteRuntime
from worker_runtime.rest.app import build_app
from worker_runtime.rest.authentication import LocalTokenAuthenticator, TokenAuthenticator
from worker_runtime.rest.services import Authenticator, Services
from worker_runtime.trust.identity import create_identity
from worker_runtime.trust.local_token import LOCAL_TOKEN_FILE, create_local_token
from worker_runtime.trust.trust_store import TRUST_FILE, TrustStore
from yoi_wire.client.endpoint import Endpoint
from yoi_wire.client.messages import Answer, Request
from yoi_wire.operation import Operation
from yoi_wire.server.server import HttpServer, ListenAddress

CallerKind = Literal["local", "remote"]
ISSUERS = ("main", "other")
WORKSPACES = ("library", "museum")


class ContractRuntime(RuntimeUnderTest, Protocol):
    """A Runtime that is asked by one kind of caller.

    Attributes:
        embedded: The library behind the surface; the surface itself when there is nothing between.
        directory: Its data directory.
    """

    embedded: EmbeddedRuntime
    directory: Path

    def build_caller(self, *workspaces: str) -> Caller:
        """Return a caller of this suite's kind with every scope; for `library` when nothing is named."""

    def reopen(self, damage: Any) -> None:
        """End the Runtime, let `damage` work on its directory, and start it again on what is left."""


class EmbeddedContract(EmbeddedUnderTest):
    """Implements `ContractRuntime` without anything between."""

    def __init__(self, directory: Path, kind: CallerKind) -> None:
        super().__init__(directory)
        self._kind = kind

    @property
    def embedded(self) -> EmbeddedRuntime:
        return self.api

    def build_caller(self, *workspaces: str) -> Caller:
        return _build_caller(self._kind, workspaces)

    def reopen(self, damage: Any) -> None:
        self.api.close()
        damage(self.directory)
        self.api = self._open()
        self.run(self.api.start())


class ServedContract:
    """Implements `ContractRuntime` with client, socket, server and store in one process.

    Local callers come by a Unix socket with the local token, remote ones by TCP with tokens that a trusted key
    signed. The two servers stand for the two ways in which one is started: until a key is trusted, and from then on.
    """

    def __init__(self, directory: Path, kind: CallerKind) -> None:
        self.directory = directory
        self.clock = ManualClock()
        self.host = FakeHost()
        self._kind = kind
        self._runner = asyncio.Runner()
        self._sockets = tempfile.TemporaryDirectory()
        directory.mkdir(parents=True)
        self._trust = TrustStore(directory / TRUST_FILE)
        self._identities = {
            issuer: create_identity(directory / f"{issuer}.json", issuer=issuer) for issuer in ISSUERS
        }
        for issuer, identity in self._identities.items():
            self._trust.add(
                issuer=issuer,
                public_key=identity.active.public_key,
                workspaces=WORKSPACES,
                added_at="2026-01-31T12:00:00Z",
            )
        self._local_token = create_local_token(directory / LOCAL_TOKEN_FILE)
        self._audience = ""
        self._open_store()
        self.run(self._serve())

    def run(self, operation: Any) -> Any:
        return self._runner.run(operation)

    def build_caller(self, *workspaces: str) -> Caller:
        return _build_caller(self._kind, workspaces)

    def restart(self) -> None:
        self.reopen(lambda _: None)

    def reopen(self, damage: Any) -> None:
        self.run(self._stop())
        damage(self.directory)
        self._open_store()
        self.run(self._serve())
        self.run(self.embedded.start())

    def collect(self) -> None:
        self.run(self.embedded.maintenance.collect())

    def close(self) -> None:
        self.run(self._stop())
        self._runner.close()
        self._sockets.cleanup()

    def _open_store(self) -> None:
        self.embedded = EmbeddedRuntime(
            self.directory, host=self.host, clock=self.clock, scanner=SHARED_SCANNER
        )

    async def _serve(self) -> None:
        self._audience = self._audience or await self._get_audience()
        self._servers: list[tuple[HttpServer, Services]] = []
        doors = CallersDoors(open_local=self._open_local_door, open_remote=self._open_remote_doors)
        self.api = RemoteRuntime(cast(Connection, doors))

    async def _open_local_door(self) -> Connection:
        local = LocalTokenAuthenticator(
            self._local_token,
            signed=self._build_signed(),
            requires_key=lambda: False,
            list_workspaces=self._list_workspaces,
        )
        path = Path(self._sockets.name) / "runtime.sock"
        self._servers.append(await self._start_server(local, ListenAddress(socket=path)))
        return Connection(Endpoint(socket=path), LocalCredentials(self._local_token))

    async def _open_remote_doors(self) -> dict[str, Connection]:
        server, services = await self._start_server(self._build_signed(), ListenAddress(port=0))
        self._servers.append((server, services))
        return {
            issuer: Connection(
                Endpoint(url=server.listening.describe()),
                SignedCredentials(identity, audience=self._audience, clock=self.clock),
            )
            for issuer, identity in self._identities.items()
        }

    def _build_signed(self) -> TokenAuthenticator:
        return TokenAuthenticator(self._trust, get_audience=self._get_audience, clock=self.clock)

    async def _start_server(
        self, authenticator: Authenticator, listening: ListenAddress
    ) -> tuple[HttpServer, Services]:
        services = build_services(self.embedded, authenticator, self.embedded.check_readiness)
        server = HttpServer(build_app(services), listening)
        await server.start()
        return server, services

    async def _get_audience(self) -> str:
        return (await self.embedded.get_runtime(build_local_caller())).id

    async def _list_workspaces(self) -> tuple[str, ...]:
        return await asyncio.to_thread(self.embedded.list_workspaces, LOCAL_ISSUER)

    async def _stop(self) -> None:
        await self.api.close()
        for server, services in self._servers:
            services.http.streams.end_all()
            await server.stop()
        self.embedded.close()


class CallersDoors:
    """Sends each caller's requests by the connection that a caller of its kind and issuer would have.

    Args:
        open_local: Starts the server of local callers, when the first of them asks.
        open_remote: Starts that of remote ones, and returns a connection an issuer.
    """

    def __init__(
        self,
        *,
        open_local: Callable[[], Awaitable[Connection]],
        open_remote: Callable[[], Awaitable[dict[str, Connection]]],
    ) -> None:
        self._open_local = open_local
        self._open_remote = open_remote
        self._local: Connection | None = None
        self._remote: dict[str, Connection] = {}

    async def call(self, caller: Caller, operation: Operation[Any], /, **arguments: object) -> Any:
        door = await self._find_door(caller)
        return await door.call(caller, operation, **arguments)

    async def fetch(self, caller: Caller, operation: Operation[Any], /, **arguments: object) -> Answer:
        door = await self._find_door(caller)
        return await door.fetch(caller, operation, **arguments)

    async def send(self, caller: Caller, request: Request) -> Answer:
        door = await self._find_door(caller)
        return await door.send(caller, request)

    async def close(self) -> None:
        local = [] if self._local is None else [self._local]
        for door in (*local, *self._remote.values()):
            await door.close()

    async def _find_door(self, caller: Caller) -> Connection:
        if caller.kind == "remote":
            self._remote = self._remote or await self._open_remote()
            return self._remote[caller.issuer]
        if self._local is None:
            self._local = await self._open_local()
        return self._local


def _build_caller(kind: CallerKind, workspaces: tuple[str, ...]) -> Caller:
    if kind == "local":
        return build_local_caller(*(workspaces or ("library",)))
    return build_caller(*workspaces, kind="remote")
