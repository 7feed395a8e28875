"""What the routes work with: the Runtime, who its callers are, and its bounds."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

from litestar import Request

from worker_runtime.contract.api import RuntimeApi
from worker_runtime.contract.caller import Caller
from worker_runtime.rest.buffering import BufferedBodies
from worker_runtime.rest.metrics import Metrics
from worker_runtime.rest.open_bodies import OpenBodies
from worker_runtime.rest.pace import BodyPace
from worker_runtime.rest.streams import OpenStreams
from worker_runtime.rest.uploads import RunningUploads
from yoi_bundle.limits import DEFAULT_LIMITS, Limits
from yoi_wire.readiness import Readiness

HttpRequest = Request[Any, Any, Any]


class Authenticator(Protocol):
    """Tells who a caller is."""

    async def authenticate(self, credentials: str, workspaces: frozenset[str] | None) -> Caller:
        """Return the caller that a bearer token stands for.

        Args:
            credentials: What stood after `Bearer `; empty when there was none.
            workspaces: What the caller says it means; only the host's own operator is asked for it.

        Raises:
            UnauthenticatedError, ForbiddenError: The token is not good.
        """


@dataclass(frozen=True, kw_only=True)
class Bounds:
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


@dataclass(frozen=True, kw_only=True)
class Services:
    """Everything that a request is answered with.

    Attributes:
        metrics: Figures.
        bodies: The bodies that are coming in.
        buffered: The bodies that are held whole.
        uploads: The packs that are coming in.
        streams: The event streams that are open.
    """

    runtime: RuntimeApi
    authenticator: Authenticator
    check_readiness: Callable[[], Awaitable[Readiness]]
    limits: Limits = DEFAULT_LIMITS
    pace: BodyPace = field(default_factory=BodyPace)
    bounds: Bounds = field(default_factory=Bounds)
    metrics: Metrics = field(default_factory=Metrics)
    bodies: OpenBodies = field(default_factory=OpenBodies)
    buffered: BufferedBodies = field(init=False)
    uploads: RunningUploads = field(init=False)
    streams: OpenStreams = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "buffered", BufferedBodies(self.bounds.buffered_bytes))
        object.__setattr__(self, "uploads", RunningUploads(self.bounds.concurrent_packs))
        object.__setattr__(self, "streams", OpenStreams(self.bounds.concurrent_streams))


def get_services(request: HttpRequest) -> Services:
    return cast(Services, request.app.state["services"])
