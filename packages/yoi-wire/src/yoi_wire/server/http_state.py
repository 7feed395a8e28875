"""State of one HTTP server: its limits, metrics and log, and the bodies, uploads and event streams that are open."""

import asyncio
import weakref
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from yoi_wire.errors import RuntimeOverloadedError
from yoi_wire.event_log import EventLog
from yoi_wire.readiness import Readiness
from yoi_wire.server.body_limits import BodyRate, BufferedBodies, OpenBodies
from yoi_wire.server.metrics import Metrics


@dataclass(frozen=True, kw_only=True)
class HttpLimits:
    """How much one server does at once (R-09).

    Attributes:
        concurrent_requests: Beyond it, 429.
        concurrent_packs: Beyond it, 429.
        concurrent_streams: Event streams that are open at once; beyond it, 429.
        header_bytes: Names and values together; beyond it, 431.
        document_bytes: A JSON body.
        buffered_bytes: Manifests and documents that are read whole, all together; beyond it, 429.
        unread_seconds: How long a caller may leave an answer unread.
    """

    concurrent_requests: int = 256
    concurrent_packs: int = 16
    concurrent_streams: int = 64
    header_bytes: int = 32 * 1024
    document_bytes: int = 4 * 1024 * 1024
    buffered_bytes: int = 128 * 1024 * 1024
    unread_seconds: float = 30.0


class Place:
    """The place of one stream; it is free again when the stream has ended, or never began and is forgotten."""

    def __init__(self, taken: set[int]) -> None:
        taken.add(id(self))
        self.free = weakref.finalize(self, taken.discard, id(self))


_WAIT_SECONDS = 2.0


class RunningUploads:
    """The packs of one server.

    Args:
        most: How many may come in at once; beyond it, `runtime.overloaded`.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._running: dict[str, list[asyncio.Event]] = {}
        self._count = 0

    @contextmanager
    def run(self, lease: str) -> Iterator[None]:
        """Count one pack in for as long as it comes.

        Raises:
            RuntimeOverloadedError: Enough are coming.
        """
        if self._count >= self._most:
            raise RuntimeOverloadedError("busy")
        ended = asyncio.Event()
        self._count += 1
        self._running.setdefault(lease, []).append(ended)
        try:
            yield
        finally:
            ended.set()
            self._count -= 1
            self._running[lease].remove(ended)
            if not self._running[lease]:
                del self._running[lease]

    async def wait_for_end(self, lease: str) -> bool:
        """Wait a moment for the packs under a lease; tell whether there were any and they have ended."""
        running = tuple(self._running.get(lease, ()))
        if not running:
            return False
        try:
            async with asyncio.timeout(_WAIT_SECONDS):
                for ended in running:
                    await ended.wait()
        except TimeoutError:
            return False
        return True


class OpenStreams:
    """The streams of one server.

    Args:
        most: How many may be open at once.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._taken: set[int] = set()
        self._stopping = asyncio.Event()

    def reserve(self) -> "Place":
        """Take a place.

        Raises:
            RuntimeOverloadedError: None is left.
        """
        if len(self._taken) >= self._most:
            raise RuntimeOverloadedError("busy")
        return Place(self._taken)

    async def pause(self, seconds: float) -> bool:
        """Wait; tell whether streams may go on."""
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            return True
        return False

    def end_all(self) -> None:
        """Let every stream end at its next pause."""
        self._stopping.set()


class HttpState:
    """What the requests of one server share.

    Attributes:
        check_readiness: Answers `/readyz`.
        limits: How much is done at once.
        rate: How slowly a body may come.
        metrics: Figures for Prometheus.
        log: Where requests are logged.
        bodies: The bodies that are coming in.
        buffered: The bodies that are held whole.
        uploads: The packs that are coming in.
        streams: The event streams that are open.
    """

    def __init__(
        self,
        check_readiness: Callable[[], Awaitable[Readiness]],
        *,
        metrics: Metrics,
        log: EventLog,
        limits: HttpLimits | None = None,
        rate: BodyRate | None = None,
    ) -> None:
        self.check_readiness = check_readiness
        self.limits = limits or HttpLimits()
        self.rate = rate or BodyRate()
        self.metrics = metrics
        self.log = log
        self.bodies = OpenBodies()
        self.buffered = BufferedBodies(self.limits.buffered_bytes)
        self.uploads = RunningUploads(self.limits.concurrent_packs)
        self.streams = OpenStreams(self.limits.concurrent_streams)


class HasHttpState(Protocol):
    """The services of a program: whatever its handlers work with, and the state of its server."""

    @property
    def http(self) -> HttpState:
        """The server's state."""
