"""Audit records as they come: Server-Sent Events, read on after a cut by `Last-Event-ID` (K-10)."""

import time
from collections.abc import AsyncIterator

import msgspec
from litestar.response import Stream

from worker_runtime.rest.answers import MAX_NUMBER_DIGITS, read_number
from worker_runtime.rest.events import EVENT_STREAM
from worker_runtime.rest.services import HttpRequest
from worker_runtime.rest.streams import Place
from yoi_bundle.errors import YoiError
from yoi_wire.errors import RequestInvalidError
from yoi_workspace_server.audit import AuditRecord
from yoi_workspace_server.rest.principals import authorize
from yoi_workspace_server.rest.services import get_backend
from yoi_workspace_server.roles import Principal
from yoi_workspace_server.views.audit import build_audit_view

_TURN_SECONDS = 0.5
"""How soon a stream notices that the server stops."""

_LOOK_SECONDS = 5.0
"""How soon a record is found whose wakeup got lost, and a token that is no longer in force."""

_SILENCE_SECONDS = 15.0
_PAGE_SIZE = 100


async def answer_audit_stream(request: HttpRequest, principal: Principal) -> Stream:
    """Answer with the records after the last that the caller has seen; from now on when it says none.

    Raises:
        RequestInvalidError: The position is none.
        RuntimeOverloadedError: Enough streams are open.
    """
    services = get_backend(request)
    after = _read_position(request)
    place = services.streams.reserve()
    if after is None:
        after = await services.store.audit.find_last()
    return Stream(
        _follow(request, principal, after, place),
        media_type=EVENT_STREAM,
        headers={"Cache-Control": "no-store"},
    )


def format_record(record: AuditRecord) -> bytes:
    """Write a record in the form of the HTML standard, section 9.2; JSON has no line breaks of its own."""
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (
        record.sequence,
        record.action.encode("ascii"),
        msgspec.json.encode(build_audit_view(record)),
    )


async def _follow(
    request: HttpRequest, principal: Principal, after: int, place: Place
) -> AsyncIterator[bytes]:
    services = get_backend(request)
    store, streams = services.store, services.streams
    said_at = looked_at = time.monotonic()
    try:
        yield b": open\n\n"
        while True:
            seen = store.wakeups.count("audit")
            records = await store.audit.read_after(after, within=principal.workspaces, limit=_PAGE_SIZE)
            for record in records:
                yield format_record(record)
                after, said_at = record.sequence, time.monotonic()
            looked_at = time.monotonic()
            while len(records) < _PAGE_SIZE:
                woken = await store.wakeups.wait("audit", seen=seen, timeout_seconds=_TURN_SECONDS) != seen
                if not await streams.pause(0):
                    return
                if time.monotonic() - said_at >= _SILENCE_SECONDS:
                    # What is written to a caller that has gone ends the stream.
                    yield b": still here\n\n"
                    said_at = time.monotonic()
                if woken or time.monotonic() - looked_at >= _LOOK_SECONDS:
                    break
            principal = await authorize(request, "audit:read")
    except YoiError:
        return
    finally:
        place.free()


def _read_position(request: HttpRequest) -> int | None:
    """Return where to go on; `Last-Event-ID`, which a client that reads on sends by itself, goes before `after`."""
    text = request.headers.get("last-event-id")
    if text is None:
        return read_number(request, "after") if "after" in request.query_params else None
    if not text.isascii() or not text.isdigit() or len(text) > MAX_NUMBER_DIGITS:
        raise RequestInvalidError("the id of a record", field="Last-Event-ID")
    return int(text)
