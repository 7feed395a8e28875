"""Events as they come: Server-Sent Events, read on after a cut by `Last-Event-ID` (W-03)."""

from collections.abc import AsyncIterator

import msgspec
from litestar.response import Stream

from worker_runtime.contract.caller import Caller
from worker_runtime.contract.workers import EventPage, WorkerEvent
from worker_runtime.rest.answers import read_number
from worker_runtime.rest.services import HttpRequest, get_services
from worker_runtime.rest.streams import Place
from yoi_bundle.errors import YoiError
from yoi_wire.errors import RequestInvalidError

EVENT_STREAM = "text/event-stream"
_POLL_SECONDS = 0.5
_SILENCE_SECONDS = 15.0
_PAGE_SIZE = 100


def wants_event_stream(request: HttpRequest) -> bool:
    return EVENT_STREAM in request.headers.get("accept", "")


async def answer_event_stream(request: HttpRequest, caller: Caller, worker: str) -> Stream:
    """Answer with a Worker's events from where the caller left off, and go on until the Worker is gone.

    Raises:
        WorkerNotFoundError: There is none; said before the stream begins.
        RuntimeOverloadedError: Enough streams are open.
    """
    services = get_services(request)
    after = read_position(request)
    place = services.streams.reserve()
    first = await services.runtime.list_worker_events(caller, worker, after=after, limit=_PAGE_SIZE)
    return Stream(
        _follow(request, caller, worker, first, place),
        media_type=EVENT_STREAM,
        headers={"Cache-Control": "no-store"},
    )


def format_event(event: WorkerEvent) -> bytes:
    """Write an event in the form of the HTML standard, section 9.2; JSON has no line breaks of its own."""
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (
        event.sequence,
        event.kind.encode("utf-8"),
        msgspec.json.encode(event),
    )


async def _follow(
    request: HttpRequest, caller: Caller, worker: str, page: EventPage, place: Place
) -> AsyncIterator[bytes]:
    services = get_services(request)
    silent_seconds = 0.0
    try:
        yield b": open\n\n"
        while True:
            for event in page.events:
                yield format_event(event)
                silent_seconds = 0.0
            if not page.more:
                if not await services.streams.pause(_POLL_SECONDS):
                    return
                silent_seconds += _POLL_SECONDS
            if silent_seconds >= _SILENCE_SECONDS:
                # What is written to a caller that has gone ends the stream.
                yield b": still here\n\n"
                silent_seconds = 0.0
            try:
                page = await services.runtime.list_worker_events(
                    caller, worker, after=page.last, limit=_PAGE_SIZE
                )
            except YoiError:
                return
    finally:
        place.free()


def read_position(request: HttpRequest) -> int:
    """Return where to go on; `Last-Event-ID` goes before `after`: it is what a client that reads on sends by itself."""
    after = read_number(request, "after", 0)
    text = request.headers.get("last-event-id")
    if text is None:
        return after
    if not text.isascii() or not text.isdigit() or len(text) > 16:
        raise RequestInvalidError("the id of an event", field="Last-Event-ID")
    return int(text)
