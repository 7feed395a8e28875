"""Bodies as they come: streamed, never trusted, cut off when they are too long, too slow or endless (R-09)."""

import json
import time
from collections.abc import AsyncIterator
from typing import Any, TypeVar, cast

import msgspec
from starlette.requests import Request

from yoi_bundle.errors import LimitExceededError
from yoi_wire.errors import RequestInvalidError
from yoi_wire.server.http_state import HttpState
from yoi_wire.server.responses import JSON, BodyCutError, read_list_header

Document = TypeVar("Document")


class RawBody:
    """A body that a handler reads as it comes.

    Attributes:
        encoding: Its content coding, one of those that the operation declares.
    """

    def __init__(self, request: Request, encoding: str, http: HttpState) -> None:
        self.encoding = encoding
        self._request = request
        self._http = http

    def stream(self) -> AsyncIterator[bytes]:
        """Yield its pieces; errors as in `stream_body`."""
        return stream_body(self._request, self._http)


async def stream_body(request: Request, http: HttpState) -> AsyncIterator[bytes]:
    """Yield a body's pieces as they come.

    Raises:
        BodyTooSlowError: See `BodyRate`.
        BodyCutError: The caller went away, or sent less than it had said.
        RuntimeUnavailableError: The server stops.
    """
    declared = _read_length(request)
    started = time.monotonic()
    received = 0
    more = True
    while more:
        wait_seconds = http.rate.compute_wait(time.monotonic() - started, received)
        message = await http.bodies.receive(request.receive, wait_seconds)
        if message["type"] == "http.disconnect":
            raise BodyCutError
        piece = cast(bytes, message.get("body", b""))
        received += len(piece)
        more = bool(message.get("more_body", False))
        if piece:
            yield piece
    if declared is not None and received < declared:
        raise BodyCutError


async def read_document(request: Request, expected: type[Document], http: HttpState) -> Document:
    """Read a JSON body: no unknown field, no wrong type, no key that occurs twice.

    Raises:
        RequestInvalidError: It is not of the form.
        LimitExceededError: It is too long.
    """
    verify_media_type(request, JSON)
    read_encoding(request, ())
    data = await _read_whole(request, http)
    try:
        document = msgspec.json.decode(data, type=expected)
        json.loads(data, object_pairs_hook=_refuse_twins)
    except msgspec.ValidationError as error:
        raise RequestInvalidError("not of the form that is asked for", field=_find_place(error)) from None
    except (ValueError, RecursionError):
        raise RequestInvalidError("not JSON, or a key occurs twice", field="body") from None
    return document


def verify_media_type(request: Request, expected: str) -> None:
    """Raise RequestInvalidError unless the body is said to be of this type."""
    found = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if found != expected:
        raise RequestInvalidError(f"has to be {expected}", field="Content-Type")


def read_encoding(request: Request, encodings: tuple[str, ...]) -> str:
    """Return the body's content coding, `identity` or one of those that are taken here.

    Raises:
        RequestInvalidError: It is another.
    """
    found = (read_list_header(request, "content-encoding") or "identity").strip().lower()
    if found not in ("identity", *encodings):
        raise RequestInvalidError(f"one of {', '.join(('identity', *encodings))}", field="Content-Encoding")
    return found


async def verify_no_body(request: Request, http: HttpState) -> None:
    """Read a body to its end that should be empty.

    Raises:
        RequestInvalidError: It is not.
    """
    async for _ in stream_body(request, http):
        raise RequestInvalidError("no body is taken here", field="body")


async def _read_whole(request: Request, http: HttpState) -> bytes:
    max_bytes = http.limits.document_bytes
    declared = _read_length(request)
    if declared is not None and declared > max_bytes:
        raise LimitExceededError("document_bytes", value=declared, allowed=max_bytes, place="body")
    pieces: list[bytes] = []
    received = 0
    with http.buffered.hold() as body:
        async for piece in body.count(stream_body(request, http)):
            received += len(piece)
            if received > max_bytes:
                raise LimitExceededError("document_bytes", value=received, allowed=max_bytes, place="body")
            pieces.append(piece)
        return b"".join(pieces)


def _read_length(request: Request) -> int | None:
    text = request.headers.get("content-length")
    return int(text) if text is not None and text.isascii() and text.isdigit() else None


def _refuse_twins(pairs: list[tuple[str, Any]]) -> None:
    if len({key for key, _ in pairs}) != len(pairs):
        raise ValueError("a key occurs twice")


def _find_place(error: msgspec.ValidationError) -> str:
    """Take the path out of msgspec's message; the rest of it may quote what was sent."""
    _, found, path = str(error).rpartition(" - at `$")
    return path.rstrip("`").lstrip(".") if found else "body"
