"""Bodies as they come: streamed, never trusted, cut off when they are too long, too slow or endless (R-09)."""

import json
import time
from collections.abc import AsyncIterator
from typing import Any, Literal, TypeVar, cast

import msgspec

from worker_runtime.rest.refusals import BodyCutError
from worker_runtime.rest.services import HttpRequest, get_services
from yoi_bundle.errors import LimitExceededError
from yoi_wire.errors import RequestInvalidError

Document = TypeVar("Document")

JSON_MEDIA_TYPE = "application/json"


async def stream_body(request: HttpRequest) -> AsyncIterator[bytes]:
    """Yield a body's pieces as they come.

    Raises:
        BodyTooSlowError: See `BodyPace`.
        BodyCutError: The caller went away, or sent less than it had said.
        RuntimeUnavailableError: The server stops.
    """
    services = get_services(request)
    declared = _read_length(request)
    started = time.monotonic()
    received = 0
    more = True
    while more:
        wait_seconds = services.pace.compute_wait(time.monotonic() - started, received)
        message = await services.bodies.receive(request.receive, wait_seconds)
        if message["type"] == "http.disconnect":
            raise BodyCutError
        piece = cast(bytes, message.get("body", b""))
        received += len(piece)
        more = bool(message.get("more_body", False))
        if piece:
            yield piece
    if declared is not None and received < declared:
        raise BodyCutError


async def read_document(request: HttpRequest, expected: type[Document]) -> Document:
    """Read a JSON body: no unknown field, no wrong type, no key that occurs twice.

    Raises:
        RequestInvalidError: It is not of the form.
        LimitExceededError: It is too long.
    """
    verify_media_type(request, JSON_MEDIA_TYPE)
    read_encoding(request, ("identity",))
    data = await _read_whole(request, get_services(request).bounds.document_bytes)
    try:
        document = msgspec.json.decode(data, type=expected)
        json.loads(data, object_pairs_hook=_refuse_twins)
    except msgspec.ValidationError as error:
        raise RequestInvalidError("not of the form that is asked for", field=_find_place(error)) from None
    except (ValueError, RecursionError):
        raise RequestInvalidError("not JSON, or a key occurs twice", field="body") from None
    return document


def verify_media_type(request: HttpRequest, expected: str) -> None:
    """Raise RequestInvalidError unless the body is said to be of this type."""
    found = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if found != expected:
        raise RequestInvalidError(f"has to be {expected}", field="Content-Type")


Encoding = TypeVar("Encoding", bound=Literal["identity", "zstd", "dcz"])


def read_encoding(request: HttpRequest, known: tuple[Encoding, ...]) -> Encoding:
    """Return the body's content coding.

    Raises:
        RequestInvalidError: It is none of those that are taken here.
    """
    found = request.headers.get("content-encoding", "identity").strip().lower()
    for one in known:
        if one == found:
            return one
    raise RequestInvalidError(f"one of {', '.join(known)}", field="Content-Encoding")


async def verify_no_body(request: HttpRequest) -> None:
    """Read a body to its end that should be empty.

    Raises:
        RequestInvalidError: It is not.
    """
    async for _ in stream_body(request):
        raise RequestInvalidError("no body is taken here", field="body")


async def _read_whole(request: HttpRequest, max_bytes: int) -> bytes:
    declared = _read_length(request)
    if declared is not None and declared > max_bytes:
        raise LimitExceededError("document_bytes", value=declared, allowed=max_bytes, place="body")
    pieces: list[bytes] = []
    received = 0
    with get_services(request).buffered.hold() as body:
        async for piece in body.count(stream_body(request)):
            received += len(piece)
            if received > max_bytes:
                raise LimitExceededError("document_bytes", value=received, allowed=max_bytes, place="body")
            pieces.append(piece)
        return b"".join(pieces)


def _read_length(request: HttpRequest) -> int | None:
    text = request.headers.get("content-length")
    return int(text) if text is not None and text.isascii() and text.isdigit() else None


def _refuse_twins(pairs: list[tuple[str, Any]]) -> None:
    if len({key for key, _ in pairs}) != len(pairs):
        raise ValueError("a key occurs twice")


def _find_place(error: msgspec.ValidationError) -> str:
    """Take the path out of msgspec's message; the rest of it may quote what was sent."""
    _, found, path = str(error).rpartition(" - at `$")
    return path.rstrip("`").lstrip(".") if found else "body"
