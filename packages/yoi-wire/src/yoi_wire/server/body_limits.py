"""Limits of request bodies: the rate at which they come, the wait for each piece, the memory that they take (R-09)."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from yoi_wire.errors import RuntimeOverloadedError, RuntimeUnavailableError
from yoi_wire.server.responses import BodyTooSlowError


@dataclass(frozen=True, kw_only=True)
class BodyRate:
    """A body has to keep a least rate, to go on, and to end.

    Attributes:
        grace_seconds: Before the rate counts.
        idle_seconds: The longest wait for one piece.
        total_seconds: The longest that any body may take.
        min_bytes_per_second: The least rate, on the whole, once the grace is over.
    """

    grace_seconds: float = 30.0
    idle_seconds: float = 30.0
    total_seconds: float = 3600.0
    min_bytes_per_second: int = 512

    def compute_wait(self, elapsed_seconds: float, received_bytes: int) -> float:
        """Return how long to wait for the next piece; 0 or less when the body is too slow already."""
        earned = self.grace_seconds + received_bytes / self.min_bytes_per_second
        return min(self.idle_seconds, earned - elapsed_seconds, self.total_seconds - elapsed_seconds)


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


class BufferedBodies:
    """The bodies of one server that are held whole.

    Attributes:
        held_bytes: Of all of them, so far.

    Args:
        max_bytes: All together.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self.held_bytes = 0

    @contextmanager
    def hold(self) -> Iterator["HeldBody"]:
        """Give room for one body; it is free again at the end of the block."""
        body = HeldBody(self)
        try:
            yield body
        finally:
            self.held_bytes -= body.held_bytes

    def take(self, count: int) -> None:
        """Count bytes in.

        Raises:
            RuntimeOverloadedError: There is no room for them.
        """
        if self.held_bytes + count > self._max_bytes:
            raise RuntimeOverloadedError("busy")
        self.held_bytes += count


class HeldBody:
    """One body, and how much of it has come."""

    def __init__(self, bodies: BufferedBodies) -> None:
        self.held_bytes = 0
        self._bodies = bodies

    async def count(self, pieces: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
        """Pass pieces on, as long as there is room.

        Raises:
            RuntimeOverloadedError: There is none.
        """
        async for piece in pieces:
            self._bodies.take(len(piece))
            self.held_bytes += len(piece)
            yield piece
