"""What the routes work with."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import cast

from worker_runtime.rest.buffering import BufferedBodies
from worker_runtime.rest.metrics import Metrics
from worker_runtime.rest.open_bodies import OpenBodies
from worker_runtime.rest.pace import BodyPace
from worker_runtime.rest.services import Bounds, HttpRequest
from worker_runtime.rest.streams import OpenStreams
from worker_runtime.rest.uploads import RunningUploads
from yoi_bundle.limits import DEFAULT_LIMITS, Limits
from yoi_wire.clock import Clock
from yoi_wire.readiness import Readiness
from yoi_workspace_server.publishing.building import Builder
from yoi_workspace_server.publishing.uploads import Uploads
from yoi_workspace_server.reconciler.reconciler import Reconciler
from yoi_workspace_server.registry.dialing import Dialer
from yoi_workspace_server.registry.registration import Registration
from yoi_workspace_server.sources.reading import SourceReader
from yoi_workspace_server.store.store import Store
from yoi_workspace_server.workers.access import WorkerAccess
from yoi_workspace_server.workers.creating import WorkerCreation


@dataclass(frozen=True, kw_only=True)
class BackendServices:
    """Everything that a request is answered with.

    What bodies, streams and bounds need has the names of `worker_runtime.rest.services.Services`: the functions that read
    bodies there read them here.
    """

    store: Store
    dialer: Dialer
    registration: Registration
    creation: WorkerCreation
    workers: WorkerAccess
    reconciler: Reconciler
    builder: Builder
    sources: SourceReader
    archives: Uploads
    clock: Clock
    new_id: Callable[[], str]
    check_readiness: Callable[[], Awaitable[Readiness]]
    limits: Limits = DEFAULT_LIMITS
    pace: BodyPace = field(default_factory=BodyPace)
    bounds: Bounds = field(default_factory=Bounds)
    metrics: Metrics = field(default_factory=lambda: Metrics("backend"))
    bodies: OpenBodies = field(default_factory=OpenBodies)
    buffered: BufferedBodies = field(init=False)
    uploads: RunningUploads = field(init=False)
    streams: OpenStreams = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "buffered", BufferedBodies(self.bounds.buffered_bytes))
        object.__setattr__(self, "uploads", RunningUploads(self.bounds.concurrent_packs))
        object.__setattr__(self, "streams", OpenStreams(self.bounds.concurrent_streams))


def get_backend(request: HttpRequest) -> BackendServices:
    return cast(BackendServices, request.app.state["services"])
