"""Where a Runtime listens, and that it never does so in the open (K-09)."""

import asyncio
import ipaddress
import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server.embed import Server

from yoi_wire.errors import RequestInvalidError
from yoi_wire.server.known_hosts import note_host
from yoi_wire.server.middleware import Asgi

HEADER_SECONDS = 10.0
_CONNECTIONS = 512
_WAITING_CONNECTIONS = 1024
_START_SECONDS = 10
_STOP_SECONDS = 15
_POLL_SECONDS = 0.01


def _reachable(address: str) -> str:
    """Every address of this host includes its loopback."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address, address)  # noqa: S104 - compared, not bound


def _is_loopback(address: str) -> bool:
    if address == "localhost":
        return True
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True, kw_only=True)
class ListenAddress:
    """Where to listen: on a Unix socket, or on an address and a port.

    Attributes:
        socket: Path of a Unix socket; goes before the address.
        port: TCP port; 0 for a free one, which the server chooses.
        certificate: PEM file of the certificate chain, for TLS.
        private_key: PEM file of its key.
        behind_proxy: The operator says that something in front of this server speaks TLS.
        host_names: Further names by which callers on this host call a server on loopback.
    """

    socket: Path | None = None
    address: str = "127.0.0.1"
    port: int = 7319
    certificate: Path | None = None
    private_key: Path | None = None
    behind_proxy: bool = False
    host_names: tuple[str, ...] = ()

    @property
    def checks_hosts(self) -> bool:
        """Whether only a `Host` that means this host is answered; see `yoi_wire.server.known_hosts`."""
        plain = self.socket is None and not self.has_tls and not self.behind_proxy
        return plain and _is_loopback(self.address)

    @property
    def is_local(self) -> bool:
        """Whether only this host can reach it."""
        return self.socket is not None or _is_loopback(self.address)

    @property
    def has_tls(self) -> bool:
        return self.certificate is not None and self.private_key is not None

    def describe(self) -> str:
        if self.socket is not None:
            return f"unix:{self.socket}"
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"{'https' if self.has_tls else 'http'}://{host}:{self.port}"


def verify_listen_address(listening: ListenAddress, *, has_trusted_keys: bool) -> None:
    """Refuse to listen where strangers could listen in, or could come in.

    Raises:
        RequestInvalidError: Saying what to do about it.
    """
    if (listening.certificate is None) != (listening.private_key is None):
        raise RequestInvalidError("a certificate and its private key go together", field="certificate")
    if listening.is_local:
        return
    if not has_trusted_keys:
        raise RequestInvalidError(
            "without a trusted key only a Unix socket or loopback is served; trust a key first",
            field="address",
        )
    if not listening.has_tls and not listening.behind_proxy:
        raise RequestInvalidError(
            "beyond loopback a certificate is needed, or `behind_proxy` when something in front speaks TLS",
            field="certificate",
        )


async def is_answered(listening: ListenAddress) -> bool:
    """Tell whether somebody takes connections there."""
    try:
        if listening.socket is not None:
            _, writer = await asyncio.open_unix_connection(str(listening.socket))
        else:
            _, writer = await asyncio.open_connection(_reachable(listening.address), listening.port)
    except OSError:
        return False
    writer.close()
    return True


def _find_family(listening: ListenAddress) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in listening.address else socket.AF_INET


@contextmanager
def reserve_port(listening: ListenAddress) -> Iterator[ListenAddress]:
    """Choose a free port where port 0 is asked for, and keep it until the server has bound it, too.

    The socket that keeps it never listens, so no connection goes to it. The kernel chooses no port that another socket
    has, not even one that would share it.

    Returns:
        Where to listen, with a port that is not 0.

    Raises:
        RequestInvalidError: Nobody can listen on this address.
    """
    if listening.socket is not None or listening.port != 0:
        yield listening
        return
    with socket.socket(_find_family(listening), socket.SOCK_STREAM) as kept:
        kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        try:
            kept.bind((listening.address, 0))
        except OSError:
            raise RequestInvalidError("nobody can listen on this address", field="address") from None
        yield replace(listening, port=kept.getsockname()[1])


def _try_to_bind(listening: ListenAddress) -> None:
    with socket.socket(_find_family(listening), socket.SOCK_STREAM) as probe:
        # Connections of a former server that are still ending do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((listening.address, listening.port))
        except OSError:
            raise RequestInvalidError("another server listens there, or nobody can", field="port") from None


class HttpServer:
    """Serves an application until it is told to stop; runs in the event loop of its caller.

    Takes up to 512 connections, more than there may be requests at once, so that there is one to say 429 on; others wait.

    Attributes:
        listening: Where it listens; from `start` on with the real port, where port 0 was asked for.

    Args:
        app: What answers.
        listening: Where.
        header_seconds: How long a connection may take for its next headers, the first or those after an answer.
    """

    def __init__(
        self, app: Asgi, listening: ListenAddress, *, header_seconds: float = HEADER_SECONDS
    ) -> None:
        self.app = app
        self.listening = listening
        # The server logs through its own loggers; requests are logged by the envelope, as JSON.
        for name in ("_granian", "granian.access"):
            logging.getLogger(name).setLevel(logging.ERROR)
        self._server = Server(
            self._answer,
            address=listening.address,
            port=listening.port,
            uds=listening.socket,
            interface=Interfaces.ASGINL,
            # Of HTTP/2 the server would wait for a first byte without end, and for headers likewise.
            http=HTTPModes.http1,
            websockets=False,
            backlog=_WAITING_CONNECTIONS,
            backpressure=_CONNECTIONS,
            http1_settings=HTTP1Settings(header_read_timeout=round(header_seconds * 1000)),
            log_enabled=False,
            ssl_cert=listening.certificate,
            ssl_key=listening.private_key,
        )
        if listening.socket is not None:
            self._server.uds_permissions = 0o600
        self._task: asyncio.Task[None] | None = None

    async def _answer(self, scope: Any, receive: Any, send: Any) -> None:
        if self.listening.checks_hosts:
            note_host(scope, self.listening.host_names)
        await self.app(scope, receive, send)

    async def start(self) -> None:
        """Return once connections are taken.

        Raises:
            RequestInvalidError: Somebody else listens there, or nobody can.
        """
        await verify_free(self.listening)
        with reserve_port(self.listening) as self.listening:
            self._server.bind_port = self.listening.port
            self._task = asyncio.create_task(self._server.serve())
            await self._wait_until_answered(self._task)

    async def _wait_until_answered(self, serving: asyncio.Task[None]) -> None:
        async with asyncio.timeout(_START_SECONDS):
            while not await is_answered(self.listening):
                if serving.done():
                    failure = serving.exception()
                    raise RequestInvalidError("cannot be listened on", field="address") from failure
                await asyncio.sleep(_POLL_SECONDS)

    async def stop(self) -> None:
        """Take no further requests, and let those that run come to their end, for some seconds."""
        if self._task is None:
            return
        self._server.stop()  # type: ignore[no-untyped-call]
        with suppress(TimeoutError, asyncio.CancelledError):
            async with asyncio.timeout(_STOP_SECONDS):
                await self._task


async def verify_free(listening: ListenAddress) -> None:
    """Check that nobody listens there; take away what a server that was killed has left of its Unix socket.

    Raises:
        RequestInvalidError: Somebody does, or nobody can.
    """
    if listening.socket is None:
        _try_to_bind(listening)
        return
    if await is_answered(listening):
        raise RequestInvalidError("another server listens there", field="socket")
    try:
        if listening.socket.is_socket():
            listening.socket.unlink()
    except OSError:
        raise RequestInvalidError("cannot be listened on", field="socket") from None
    if listening.socket.exists():
        raise RequestInvalidError("there is a file of this name", field="socket")
