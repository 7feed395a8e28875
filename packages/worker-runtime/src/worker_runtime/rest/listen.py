"""Where a Runtime listens, and that it never does so in the open (K-09)."""

import asyncio
import ipaddress
import logging
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from granian.constants import Interfaces
from granian.http import HTTP1Settings
from granian.server.embed import Server

from worker_runtime.errors import RequestInvalidError
from worker_runtime.rest.envelope import Envelope

_HEADER_SECONDS = 10


@dataclass(frozen=True, kw_only=True)
class Listening:
    """Where to listen: on a Unix socket, or on an address and a port.

    Attributes:
        socket: Path of a Unix socket; goes before the address.
        certificate: PEM file of the certificate chain, for TLS.
        private_key: PEM file of its key.
        behind_proxy: The operator says that something in front of this server speaks TLS.
    """

    socket: Path | None = None
    address: str = "127.0.0.1"
    port: int = 7319
    certificate: Path | None = None
    private_key: Path | None = None
    behind_proxy: bool = False

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


def verify_listening(listening: Listening, *, has_trusted_keys: bool) -> None:
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


class RestServer:
    """Serves an application until it is told to stop; runs in the event loop of its caller."""

    def __init__(self, app: Envelope, listening: Listening) -> None:
        self._listening = listening
        # The server logs through its own loggers; requests are logged by the envelope, as JSON.
        for name in ("_granian", "granian.access"):
            logging.getLogger(name).setLevel(logging.ERROR)
        self._server = Server(
            app,
            address=listening.address,
            port=listening.port,
            uds=listening.socket,
            interface=Interfaces.ASGINL,
            websockets=False,
            http1_settings=HTTP1Settings(header_read_timeout=_HEADER_SECONDS * 1000),
            log_enabled=False,
            ssl_cert=listening.certificate,
            ssl_key=listening.private_key,
        )
        if listening.socket is not None:
            self._server.uds_permissions = 0o600
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to listen; raise what keeps it from that."""
        if self._listening.socket is not None:
            self._listening.socket.unlink(missing_ok=True)
        self._task = asyncio.create_task(self._server.serve())
        # The socket is bound in the task's first step; a failure to bind ends the task.
        await asyncio.sleep(0)
        if self._task.done():
            await self._task

    async def stop(self) -> None:
        """Take no further requests, and let those that run come to their end."""
        if self._task is None:
            return
        self._server.stop()  # type: ignore[no-untyped-call]
        with suppress(asyncio.CancelledError):
            await self._task


def _is_loopback(address: str) -> bool:
    if address == "localhost":
        return True
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
