"""The same Runtime behind its REST surface, asked through the client over a real socket."""

import asyncio
import base64
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from support.runtime.fake_host import FakeHost
from support.runtime.manual_clock import ManualClock
from support.runtime.rest_services import build_services
from worker_runtime.contract.caller import Caller, build_local_caller
from worker_runtime.embedded.runtime import EmbeddedRuntime
from worker_runtime.remote.connection import Connection
from worker_runtime.remote.credentials import SignedCredentials
from worker_runtime.remote.runtime import RemoteRuntime
from worker_runtime.rest.app import build_app
from worker_runtime.rest.authentication import TokenAuthenticator
from worker_runtime.store.retention import DEFAULT_RETENTION, Retention
from worker_runtime.trust.identity import create_identity
from worker_runtime.trust.trust_store import TRUST_FILE, TrustStore
from yoi_wire.client.endpoint import Endpoint
from yoi_wire.server.body_limits import BodyRate
from yoi_wire.server.http_state import HttpLimits
from yoi_wire.server.server import HttpServer, ListenAddress

ISSUERS = ("main", "other")
WORKSPACES = ("library", "museum")
_CARRIED = "carried."


class CarriedOrSigned:
    """Signed tokens where a token can say what the caller is; else the caller itself, as the host's operator has it.

    A token cannot stand for a local caller, nor for one without any scope.
    """

    def __init__(self, signed: TokenAuthenticator) -> None:
        self._signed = signed

    async def authenticate(self, credentials: str, workspaces: frozenset[str] | None) -> Caller:
        if not credentials.startswith(_CARRIED):
            return await self._signed.authenticate(credentials, workspaces)
        return msgspec.json.decode(base64.urlsafe_b64decode(credentials[len(_CARRIED) :]), type=Caller)


class CarryingOrSigning:
    """The client's side of `CarriedOrSigned`."""

    def __init__(self, signing: Mapping[str, SignedCredentials]) -> None:
        self._signing = signing

    def build_headers(self, caller: Caller) -> Mapping[str, str]:
        if caller.kind == "remote" and caller.scopes:
            return self._signing[caller.issuer].build_headers(caller)
        carried = base64.urlsafe_b64encode(msgspec.json.encode(caller)).decode("ascii")
        return {"Authorization": f"Bearer {_CARRIED}{carried}"}

    def forget(self, caller: Caller) -> bool:
        del caller
        return False


class RestUnderTest:
    """Implements `RuntimeUnderTest` with client, socket, server and store in one process."""

    def __init__(
        self,
        directory: Path,
        *,
        retention: Retention = DEFAULT_RETENTION,
        rate: BodyRate | None = None,
        limits: HttpLimits | None = None,
    ) -> None:
        self.directory = directory
        self._rate = rate or BodyRate()
        self._limits = limits or HttpLimits()
        self.clock = ManualClock()
        self.host = FakeHost()
        self._retention = retention
        self._runner = asyncio.Runner()
        self._sockets = tempfile.TemporaryDirectory()
        self._trust = TrustStore(directory / TRUST_FILE)
        self.identities = {
            issuer: create_identity(directory / f"{issuer}.json", issuer=issuer) for issuer in ISSUERS
        }
        for issuer, identity in self.identities.items():
            self._trust.add(
                issuer=issuer,
                public_key=identity.active.public_key,
                workspaces=WORKSPACES,
                added_at="2026-01-31T12:00:00Z",
            )
        self.run(self._open())

    def run(self, operation: Any) -> Any:
        return self._runner.run(operation)

    def restart(self) -> None:
        self.run(self._close())
        self.run(self._open())
        self.run(self.embedded.start())

    def collect(self) -> None:
        self.run(self.embedded.maintenance.collect())

    def close(self) -> None:
        self.run(self._close())
        self._runner.close()
        self._sockets.cleanup()

    async def _open(self) -> None:
        self.embedded = EmbeddedRuntime(
            self.directory, host=self.host, clock=self.clock, retention=self._retention
        )
        self.audience = audience = (await self.embedded.get_runtime(build_local_caller())).id

        async def get_audience() -> str:
            return audience

        signed = TokenAuthenticator(self._trust, get_audience=get_audience, clock=self.clock)
        self.services = services = build_services(
            self.embedded,
            CarriedOrSigned(signed),
            self.embedded.check_readiness,
            limits=self._limits,
            rate=self._rate,
        )
        self.http = services.http
        self.socket = socket = Path(self._sockets.name) / "runtime.sock"
        self.server = HttpServer(build_app(services), ListenAddress(socket=socket))
        await self.server.start()
        signing = {
            issuer: SignedCredentials(identity, audience=audience, clock=self.clock)
            for issuer, identity in self.identities.items()
        }
        self.credentials = CarryingOrSigning(signing)
        self.api = self.open_client(socket)

    def open_client(self, socket: Path) -> RemoteRuntime:
        """Return a client by another way to the same server, such as a proxy."""
        return RemoteRuntime(Connection(Endpoint(socket=socket), self.credentials))

    async def _close(self) -> None:
        await self.api.close()
        self.http.streams.end_all()
        await self.server.stop()
        self.embedded.close()
