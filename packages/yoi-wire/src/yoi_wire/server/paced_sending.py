"""Answers piece by piece, and no further to a caller that does not read them (R-09).

The server below takes a whole body at once and holds it for as long as the connection lasts; of a body in pieces it takes
the next one when the last ones have been read.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

_PIECE_BYTES = 64 * 1024


class UnreadAnswerError(Exception):
    """The caller has not read for too long; the connection ends with its answer unfinished."""


class PacedSending:
    """The sending side of one request.

    Args:
        send: Of the server.
        wait_seconds: The longest wait for a caller to read on.
    """

    def __init__(self, send: Callable[[Any], Awaitable[None]], wait_seconds: float) -> None:
        self._send = send
        self._wait_seconds = wait_seconds

    async def send(self, message: Any) -> None:
        """Send one message; a long body as several.

        Raises:
            UnreadAnswerError: See there.
        """
        body = message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) <= _PIECE_BYTES and not more:
            await self._send(message)
            return
        for start in range(0, max(len(body), 1), _PIECE_BYTES):
            await self._wait({**message, "body": body[start : start + _PIECE_BYTES], "more_body": True})
        if not more:
            await self._wait({**message, "body": b"", "more_body": False})

    async def _wait(self, message: Any) -> None:
        try:
            async with asyncio.timeout(self._wait_seconds):
                await self._send(message)
        except TimeoutError:
            raise UnreadAnswerError from None
