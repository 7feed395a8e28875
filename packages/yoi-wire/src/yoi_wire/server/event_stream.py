"""Server-Sent Events: answers that go on as events come, and that are read on after a cut by `Last-Event-ID` (W-03)."""

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

from starlette.requests import Request
from starlette.responses import StreamingResponse

from yoi_bundle.errors import YoiError
from yoi_wire.errors import RequestInvalidError
from yoi_wire.parameters import find_number
from yoi_wire.server.http_state import HttpState, OpenStreams, Place

EVENT_STREAM = "text/event-stream"
_SILENCE_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Event:
    """One event; `data` is JSON, which has no line breaks of its own."""

    id: int
    kind: str
    data: bytes

    def format(self) -> bytes:
        """Write it in the form of the HTML standard, section 9.2."""
        return b"id: %d\nevent: %s\ndata: %s\n\n" % (self.id, self.kind.encode("utf-8"), self.data)


@dataclass(frozen=True, slots=True)
class Batch:
    """Events that are there by now.

    Attributes:
        last: Where to read on.
        more: Whether there are more already.
    """

    events: tuple[Event, ...]
    last: int
    more: bool


class EventSource(Protocol):
    """Gives the events of one stream."""

    async def read(self, after: int) -> Batch:
        """Return the events after this one.

        Raises:
            YoiError: The stream is over: what it is about has gone, or the caller may not read it any more.
        """

    async def wait(self, streams: OpenStreams) -> bool:
        """Wait until there may be more, for a second or so; tell whether streams may go on."""


async def answer_events(http: HttpState, source: EventSource, after: int) -> StreamingResponse:
    """Answer with events from where the caller left off, until the source ends or the server stops.

    Raises:
        YoiError: The source refuses; said before the stream begins.
        RuntimeOverloadedError: Enough streams are open.
    """
    place = http.streams.reserve()
    first = await source.read(after)
    headers = {"Cache-Control": "no-store", "content-type": EVENT_STREAM}
    return StreamingResponse(_follow(source, first, http.streams, place), headers=headers)


async def _follow(
    source: EventSource, batch: Batch, streams: OpenStreams, place: Place
) -> AsyncIterator[bytes]:
    said_at = time.monotonic()
    try:
        yield b": open\n\n"
        while True:
            for event in batch.events:
                yield event.format()
                said_at = time.monotonic()
            if not batch.more and not await source.wait(streams):
                return
            if time.monotonic() - said_at >= _SILENCE_SECONDS:
                # What is written to a caller that has gone ends the stream.
                yield b": still here\n\n"
                said_at = time.monotonic()
            batch = await source.read(batch.last)
    except YoiError:
        return
    finally:
        place.free()


def read_last_event_id(request: Request) -> int | None:
    """Return where to go on; `Last-Event-ID` is what a client that reads on sends by itself.

    Raises:
        RequestInvalidError: It is not the id of an event.
    """
    text = request.headers.get("last-event-id")
    if text is None:
        return None
    found = find_number(text)
    if found is None:
        raise RequestInvalidError("the id of an event", field="Last-Event-ID")
    return found
