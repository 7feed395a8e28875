"""A Worker's events as they come, read from its Runtime and passed on; `Last-Event-ID` reads on after a cut (W-03)."""

import time
from collections.abc import AsyncIterator

import msgspec
from litestar.response import Stream

from worker_runtime.contract.workers import EventPage
from worker_runtime.rest.events import EVENT_STREAM, read_position
from worker_runtime.rest.services import HttpRequest
from worker_runtime.rest.streams import Place
from yoi_bundle.errors import YoiError
from yoi_workspace_server.rest.principals import authorize
from yoi_workspace_server.rest.services import get_backend
from yoi_workspace_server.roles import Principal
from yoi_workspace_server.views.workers import WorkerEventView, build_event_view
from yoi_workspace_server.workers.access import ReachableWorker
from yoi_workspace_server.workers.foreign_errors import translate_errors

_POLL_SECONDS = 1.0
_LOOK_SECONDS = 5.0
"""How soon it is found out that a token is no longer in force."""

_SILENCE_SECONDS = 15.0
_PAGE_SIZE = 100


async def answer_worker_stream(request: HttpRequest, found: ReachableWorker, principal: Principal) -> Stream:
    """Answer with events from where the caller left off, until the Worker, its Runtime or the token is gone.

    Raises:
        YoiError: The Runtime refuses; said before the stream begins.
        RuntimeOverloadedError: Enough streams are open.
    """
    after = read_position(request)
    place = get_backend(request).streams.reserve()
    with translate_errors(found.record):
        first = await found.api.list_worker_events(found.caller, found.id, after=after, limit=_PAGE_SIZE)
    return Stream(
        _follow(request, found, principal, first, place),
        media_type=EVENT_STREAM,
        headers={"Cache-Control": "no-store"},
    )


def format_event(event: WorkerEventView) -> bytes:
    """Write an event in the form of the HTML standard, section 9.2; a view's texts have no line breaks."""
    data = msgspec.json.encode(event)
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (event.sequence, event.kind.encode(), data)


async def _follow(
    request: HttpRequest, found: ReachableWorker, principal: Principal, page: EventPage, place: Place
) -> AsyncIterator[bytes]:
    streams = get_backend(request).streams
    said_at = looked_at = time.monotonic()
    try:
        yield b": open\n\n"
        while True:
            names = principal.may("secret_names:read")
            for event in page.events:
                yield format_event(build_event_view(event, secret_names=names))
                said_at = time.monotonic()
            if not page.more and not await streams.pause(_POLL_SECONDS):
                return
            if time.monotonic() - said_at >= _SILENCE_SECONDS:
                # What is written to a caller that has gone ends the stream.
                yield b": still here\n\n"
                said_at = time.monotonic()
            if time.monotonic() - looked_at >= _LOOK_SECONDS:
                principal = await authorize(request, "workers:read")
                looked_at = time.monotonic()
            page = await found.api.list_worker_events(
                found.caller, found.id, after=page.last, limit=_PAGE_SIZE
            )
    except YoiError:
        return
    finally:
        place.free()
