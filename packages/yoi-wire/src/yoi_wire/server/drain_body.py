"""Reading on for a moment before a refusal, so that it is heard (RFC 9112, section 9.6).

A client that is still sending when the connection closes may lose the answer that is on its way to it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

_MAX_BYTES = 8 * 1024 * 1024
_MAX_SECONDS = 2.0


class WatchedBody:
    """The body of one request, and whether it has come to its end."""

    def __init__(self, receive: Callable[[], Awaitable[Any]]) -> None:
        self._receive = receive
        self._ended = False
        self._waiting = False

    async def receive(self) -> Any:
        """Pass one message on."""
        self._waiting = True
        message = await self._receive()
        self._waiting = False
        if message["type"] == "http.disconnect" or not message.get("more_body", False):
            self._ended = True
        return message

    async def discard_rest(self) -> None:
        """Read and forget what is still to come: a bounded amount, for a bounded time."""
        discarded = 0
        # A wait that was given up, as after a body that came too slowly, is not begun again.
        with suppress(TimeoutError):
            async with asyncio.timeout(_MAX_SECONDS):
                while not self._ended and not self._waiting and discarded < _MAX_BYTES:
                    discarded += len((await self.receive()).get("body", b""))
