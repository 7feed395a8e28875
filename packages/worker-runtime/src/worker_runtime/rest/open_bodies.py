"""The bodies that are coming in: waited for within bounds, and not at all once the server is to stop (R-09)."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from worker_runtime.rest.refusals import BodyTooSlowError
from yoi_wire.errors import RuntimeUnavailableError


class OpenBodies:
    """The bodies of one server."""

    def __init__(self) -> None:
        self._waits: set[asyncio.Timeout] = set()
        self._ended = False

    async def receive(self, receive: Callable[[], Awaitable[Any]], wait_seconds: float) -> Any:
        """Wait for the next piece of a body.

        Raises:
            BodyTooSlowError: It did not come within the time.
            RuntimeUnavailableError: The server stops.
        """
        if self._ended:
            raise RuntimeUnavailableError("closed")
        if wait_seconds <= 0:
            raise BodyTooSlowError
        try:
            async with asyncio.timeout(wait_seconds) as wait:
                self._waits.add(wait)
                try:
                    return await receive()
                finally:
                    self._waits.discard(wait)
        except TimeoutError:
            raise RuntimeUnavailableError("closed") if self._ended else BodyTooSlowError() from None

    def end_all(self) -> None:
        """Refuse what is still to come; what was verified of it before is kept as after any cut."""
        self._ended = True
        now = asyncio.get_running_loop().time()
        for wait in tuple(self._waits):
            wait.reschedule(now)
