"""Values as responses: JSON, entity tags, ranges of a list."""

from typing import Any

import msgspec
from litestar import Response

from worker_runtime.rest.services import HttpRequest
from yoi_wire.errors import RequestInvalidError
from yoi_wire.paging import DEFAULT_PAGE_SIZE

JSON = "application/json"
MAX_NUMBER_DIGITS = 16


def answer_json(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response[bytes]:
    return Response(msgspec.json.encode(value), status_code=status, media_type=JSON, headers=headers)


def answer_nothing() -> Response[None]:
    return Response(None, status_code=204)


def format_entity_tag(digest: str) -> str:
    """A digest is a strong entity tag: other bytes have another one (RFC 9110, section 8.8.3)."""
    return f'"{digest}"'


def has_entity(request: HttpRequest, digest: str) -> bool:
    """Tell whether the caller has these bytes already (`If-None-Match`)."""
    text = request.headers.get("if-none-match", "")
    tags = {tag.strip().removeprefix("W/") for tag in text.split(",")}
    return "*" in tags or format_entity_tag(digest) in tags


def read_limit(request: HttpRequest) -> int:
    """Return `limit` of the query; RequestInvalidError when it is no number."""
    return read_number(request, "limit", DEFAULT_PAGE_SIZE)


def read_number(request: HttpRequest, name: str, default: int | None = None) -> int:
    """Return a whole number of the query.

    Raises:
        RequestInvalidError: It is none, or is not there and has no default.
    """
    text = request.query_params.get(name)
    if text is None and default is not None:
        return default
    if text is None or not text.isascii() or not text.isdigit() or len(text) > MAX_NUMBER_DIGITS:
        raise RequestInvalidError("a whole number", field=name)
    return int(text)


def read_text(request: HttpRequest, name: str) -> str | None:
    """Return a word of the query, if it is there.

    Raises:
        RequestInvalidError: It is there, and empty.
    """
    text = request.query_params.get(name)
    if text == "":
        raise RequestInvalidError("a word", field=name)
    return None if text is None else str(text)


def verify_query(request: HttpRequest, *known: str) -> None:
    """Raise RequestInvalidError for a parameter that would be ignored, or that occurs twice (B-06)."""
    pairs = request.query_params.multi_items()
    names = [name for name, _ in pairs]
    for name in names:
        if name not in known or names.count(name) > 1:
            raise RequestInvalidError("unknown, or more than once", field=name[:64])
