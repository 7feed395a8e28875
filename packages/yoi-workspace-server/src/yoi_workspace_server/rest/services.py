"""Services of the Backend's handlers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from yoi_wire.clock import Clock
from yoi_wire.server.http_state import HttpState
from yoi_wire.server.router import Call
from yoi_workspace_server.publishing.archives import Uploads
from yoi_workspace_server.publishing.builder import Builder
from yoi_workspace_server.reconciler.reconciler import Reconciler
from yoi_workspace_server.registry.dialer import Dialer
from yoi_workspace_server.registry.registration import Registration
from yoi_workspace_server.rest.refused_tokens import RefusedTokens
from yoi_workspace_server.roles import Principal
from yoi_workspace_server.sources.reading import SourceReader
from yoi_workspace_server.store.store import Store
from yoi_workspace_server.workers.access import WorkerAccess
from yoi_workspace_server.workers.creation import WorkerCreation


@dataclass(frozen=True, kw_only=True)
class Services:
    """What the Backend's handlers work with."""

    http: HttpState
    store: Store
    dialer: Dialer
    registration: Registration
    creation: WorkerCreation
    workers: WorkerAccess
    reconciler: Reconciler
    builder: Builder
    sources: SourceReader
    archives: Uploads
    refused_tokens: RefusedTokens
    clock: Clock
    new_id: Callable[[], str]


BackendCall: TypeAlias = Call[Principal, Services]
