"""Deadlines of a client: no peer is waited for without end, be it silent, slow to take or slow to answer."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator
from dataclasses import dataclass

_PIECE_BYTES = 64 * 1024


@dataclass(frozen=True, kw_only=True)
class Deadlines:
    """The longest waits.

    Attributes:
        connect_seconds: For a connection.
        idle_seconds: For the next bytes of an answer, or for the next piece of a body to be taken.
        request_seconds: For a whole request without a streamed body, beside the time that its body may take.
        stream_seconds: For a whole request with one.
        silence_seconds: For the next bytes of a stream of events; servers send comments in between.
        min_bytes_per_second: What a link has to carry at the least.
    """

    connect_seconds: float = 10.0
    idle_seconds: float = 60.0
    request_seconds: float = 120.0
    stream_seconds: float = 3600.0
    silence_seconds: float = 60.0
    min_bytes_per_second: int = 512

    def compute_request_seconds(self, body_bytes: int) -> float:
        """Return how long a request with a body of this size may take."""
        return self.request_seconds + body_bytes / self.min_bytes_per_second

    def compute_piece_seconds(self, piece_bytes: int) -> float:
        """Return how long the other side may take to accept a piece of this size."""
        return self.idle_seconds + piece_bytes / self.min_bytes_per_second


class RequestDeadline:
    """The deadline of one request, which moves while its body does.

    The connection itself bounds the wait for an answer once the body has gone; until then only this sees that nothing
    moves.

    Args:
        running: Entered by whoever waits for the answer.
        deadlines: The bounds.
        body: Bytes, or a stream of unknown length.
    """

    def __init__(
        self, running: asyncio.Timeout, deadlines: Deadlines, body: bytes | AsyncIterable[bytes] | None
    ) -> None:
        self._running = running
        self._deadlines = deadlines
        self._body = body
        seconds = (
            deadlines.compute_request_seconds(len(body or b""))
            if body is None or isinstance(body, bytes)
            else deadlines.stream_seconds
        )
        self._ends_at = asyncio.get_running_loop().time() + seconds
        self._over = False
        self._move(self._ends_at)

    def stop(self) -> None:
        """Let the deadline be; the answer is here."""
        self._over = True

    def watch_body(self) -> bytes | AsyncIterator[bytes] | None:
        """Return the body to send; what does not go in one piece is watched on its way."""
        if self._body is None or (isinstance(self._body, bytes) and len(self._body) <= _PIECE_BYTES):
            return self._body
        return self._watch(_split(self._body) if isinstance(self._body, bytes) else self._body)

    async def _watch(self, pieces: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
        """Yield pieces; the time to make one is the sender's own, the time to take it is bounded."""
        loop = asyncio.get_running_loop()
        async for piece in pieces:
            self._move(loop.time() + self._deadlines.compute_piece_seconds(len(piece)))
            yield piece
            self._move(self._ends_at)

    def _move(self, when: float) -> None:
        # A connection that is closed may still ask for a piece.
        if not self._over and not self._running.expired():
            self._running.reschedule(min(when, self._ends_at))


async def _split(body: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(body), _PIECE_BYTES):
        yield body[start : start + _PIECE_BYTES]
