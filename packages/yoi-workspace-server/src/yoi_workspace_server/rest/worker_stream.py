"""Events of a Worker as a stream, read from its Runtime and passed on (W-03)."""

import time

import msgspec

from yoi_wire.server.event_stream import Batch, Event
from yoi_wire.server.open_streams import OpenStreams
from yoi_workspace_server.rest.services import BackendCall
from yoi_workspace_server.views.workers import build_event_view
from yoi_workspace_server.workers.access import ReachableWorker
from yoi_workspace_server.workers.foreign_errors import translate_errors

_POLL_SECONDS = 1.0
_LOOK_SECONDS = 5.0
"""How soon it is found out that a token is no longer in force."""

_PAGE_SIZE = 100


class WorkerEvents:
    """A Worker's events, until the Worker, its Runtime or the token is gone."""

    def __init__(self, call: BackendCall, found: ReachableWorker) -> None:
        self._call = call
        self._found = found
        self._principal = call.caller
        self._looked_at = time.monotonic()

    async def read(self, after: int) -> Batch:
        if time.monotonic() - self._looked_at >= _LOOK_SECONDS:
            self._principal = await self._call.authorize()
            self._looked_at = time.monotonic()
        found, names = self._found, self._principal.may("secret_names:read")
        with translate_errors(found.record):
            page = await found.api.list_worker_events(found.caller, found.id, after=after, limit=_PAGE_SIZE)
        views = [build_event_view(event, secret_names=names) for event in page.events]
        events = tuple(Event(view.sequence, view.kind, msgspec.json.encode(view)) for view in views)
        return Batch(events, page.last, page.more)

    async def wait(self, streams: OpenStreams) -> bool:
        return await streams.pause(_POLL_SECONDS)
