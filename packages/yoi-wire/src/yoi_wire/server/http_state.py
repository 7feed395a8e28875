"""State of one HTTP server: its limits, metrics and log, and the bodies, uploads and event streams that are open."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from yoi_wire.event_log import EventLog
from yoi_wire.readiness import Readiness
from yoi_wire.server.body_limits import BodyRate, BufferedBodies, OpenBodies
from yoi_wire.server.metrics import Metrics
from yoi_wire.server.open_streams import OpenStreams
from yoi_wire.server.uploads import RunningUploads


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
