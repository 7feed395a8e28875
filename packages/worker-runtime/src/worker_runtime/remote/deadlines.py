"""How long a client waits for a Runtime: never without end, whether it is silent, slow to take or slow to answer."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Deadlines:
    """The longest waits.

    Attributes:
        connect_seconds: For a connection.
        idle_seconds: For the next bytes of an answer, or for the next piece of a body to be taken.
        request_seconds: For a whole request without a streamed body, beside the time that its body may take.
        stream_seconds: For a whole request with one.
        min_bytes_per_second: What a link has to carry at the least.
    """

    connect_seconds: float = 10.0
    idle_seconds: float = 60.0
    request_seconds: float = 120.0
    stream_seconds: float = 3600.0
    min_bytes_per_second: int = 512

    def compute_request_seconds(self, body_bytes: int) -> float:
        """Return how long a request with a body of this size may take."""
        return self.request_seconds + body_bytes / self.min_bytes_per_second

    def compute_piece_seconds(self, piece_bytes: int) -> float:
        """Return how long the other side may take to accept a piece of this size."""
        return self.idle_seconds + piece_bytes / self.min_bytes_per_second


class StreamDeadline:
    """The deadline of one request with a streamed body, which moves while the body does.

    Waiting for an answer is bounded once the body has gone; until then only this sees that nothing moves.

    Args:
        running: Entered by whoever waits for the answer.
        deadlines: The bounds.
    """

    def __init__(self, running: asyncio.Timeout, deadlines: Deadlines) -> None:
        self._running = running
        self._deadlines = deadlines
        self._ends_at = asyncio.get_running_loop().time() + deadlines.stream_seconds
        self._over = False
        self._move(self._ends_at)

    def stop(self) -> None:
        """Let the deadline be; the answer is here."""
        self._over = True

    async def watch(self, pieces: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
        """Yield the body's pieces; the time to make one is the sender's own, the time to take it is bounded."""
        loop = asyncio.get_running_loop()
        async for piece in pieces:
            self._move(loop.time() + self._deadlines.compute_piece_seconds(len(piece)))
            yield piece
            self._move(self._ends_at)

    def _move(self, when: float) -> None:
        # A connection that is closed may still ask for a piece.
        if not self._over and not self._running.expired():
            self._running.reschedule(min(when, self._ends_at))
