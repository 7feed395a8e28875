"""Where a Runtime listens, and that it never does so in the open (K-09)."""

import asyncio
import logging
from contextlib import suppress

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server.embed import Server

from yoi_wire.errors import RequestInvalidError
from yoi_wire.server.address_check import is_answered, reserve_port, verify_free
from yoi_wire.server.listen_address import ListenAddress
from yoi_wire.server.middleware import Asgi

HEADER_SECONDS = 10.0
_CONNECTIONS = 512
_WAITING_CONNECTIONS = 1024
_START_SECONDS = 10
_STOP_SECONDS = 15
_POLL_SECONDS = 0.01


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
            app,
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
