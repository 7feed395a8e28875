"""Serving one Runtime until it is told to stop: authentication, listening, the order in which it ends."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from worker_runtime.contract.caller import LOCAL_ISSUER, build_local_caller
from worker_runtime.embedded.maintenance import run_maintenance
from worker_runtime.embedded.runtime import EmbeddedRuntime
from worker_runtime.event_log import LOG
from worker_runtime.rest.app import build_app
from worker_runtime.rest.authentication import LocalTokenAuthenticator, TokenAuthenticator
from worker_runtime.rest.services import Authenticator, Services
from worker_runtime.trust.local_token import LOCAL_TOKEN_FILE, create_local_token
from worker_runtime.trust.trust_store import TRUST_FILE, TrustStore
from yoi_wire.clock import Clock
from yoi_wire.readiness import RecentReadiness
from yoi_wire.server.http_state import HttpState
from yoi_wire.server.metrics import Metrics
from yoi_wire.server.middleware import Asgi
from yoi_wire.server.server import HttpServer, ListenAddress, verify_listen_address
from yoi_wire.stop_signals import watch_signals

_GRACE_SECONDS = 5.0


@dataclass(frozen=True, kw_only=True)
class Served:
    """What a server says at its start.

    Attributes:
        address: Where it listens.
        local_token_file: Where the local token lies, as long as no key ever was trusted.
    """

    address: str
    local_token_file: Path | None


class _Audience:
    """This Runtime's id, asked for until the store can say it."""

    def __init__(self, embedded: EmbeddedRuntime) -> None:
        self._embedded = embedded
        self._id: str | None = None

    async def get(self) -> str:
        if self._id is None:
            self._id = (await self._embedded.get_runtime(build_local_caller())).id
        return self._id


async def serve_runtime(
    embedded: EmbeddedRuntime,
    listening: ListenAddress,
    *,
    data_directory: Path,
    clock: Clock,
    announce: Callable[[Served], None],
    wrap: Callable[[Asgi], Asgi] | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT, then let running requests end.

    Args:
        embedded: The Runtime; started here, closed by whoever made it.
        listening: Where.
        data_directory: Where trusted keys and the local token lie.
        clock: What tokens are judged by.
        announce: Called once the server listens.
        wrap: Puts something around the application, such as `yoi_wire.server.tracing.TracedApp`.

    Raises:
        RequestInvalidError: It would be open to the network; see `verify_listen_address`.
    """
    trust = TrustStore(data_directory / TRUST_FILE)
    verify_listen_address(listening, has_trusted_keys=bool(trust.read().keys))
    stopping = watch_signals()
    report = await embedded.start()
    LOG.event("started", ready=report.readiness.ready)
    token_file = data_directory / LOCAL_TOKEN_FILE
    http = HttpState(RecentReadiness(embedded.check_readiness).check, metrics=Metrics("runtime"), log=LOG)
    services = Services(
        http=http,
        runtime=embedded,
        authenticator=_build_authenticator(embedded, trust, listening, token_file, clock),
    )
    app: Asgi = build_app(services)
    server = HttpServer(app if wrap is None else wrap(app), listening)
    await server.start()
    alone = listening.is_local and not trust.requires_key()
    announce(Served(address=server.listening.describe(), local_token_file=token_file if alone else None))
    maintenance = (
        asyncio.create_task(run_maintenance(embedded.maintenance, LOG)) if report.readiness.ready else None
    )
    live_rights = asyncio.create_task(embedded.watch_live_rights(LOG))
    try:
        await stopping.wait()
    finally:
        LOG.event("stopping")
        for task in (live_rights, maintenance):
            if task is not None:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
        http.streams.end_all()
        # What is coming in may come to its end, for a moment; the rest is refused, and told to come back.
        refusing = asyncio.get_running_loop().call_later(_GRACE_SECONDS, http.bodies.end_all)
        await server.stop()
        refusing.cancel()
        LOG.event("stopped")


def _build_authenticator(
    embedded: EmbeddedRuntime, trust: TrustStore, listening: ListenAddress, token_file: Path, clock: Clock
) -> Authenticator:
    """Let the local token in only where strangers cannot come; it ends for good when the first key is trusted."""
    signed = TokenAuthenticator(trust, get_audience=_Audience(embedded).get, clock=clock)
    if not listening.is_local:
        return signed

    async def list_workspaces() -> tuple[str, ...]:
        return await asyncio.to_thread(embedded.list_workspaces, LOCAL_ISSUER)

    return LocalTokenAuthenticator(
        create_local_token(token_file),
        signed=signed,
        requires_key=trust.requires_key,
        list_workspaces=list_workspaces,
    )
