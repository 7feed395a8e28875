"""Responses: JSON, entity tags, the answer of a handler."""

from dataclasses import dataclass, field
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

JSON = "application/json"


@dataclass(frozen=True)
class Answer:
    """A handler's answer where the value alone does not say it.

    Attributes:
        value: Encoded as JSON; None for no body.
        status: Of HTTP; the operation's first when None.
        headers: Beside the usual ones.
    """

    value: Any = None
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)


def build_json_response(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return build_bytes_response(msgspec.json.encode(value), JSON, status, headers)


def build_bytes_response(
    content: bytes, media_type: str, status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    """Return a response whose media type stands as it is, without a character set beside it."""
    return Response(content, status_code=status, headers={**(headers or {}), "content-type": media_type})


def build_empty_response(status: int = 204, headers: dict[str, str] | None = None) -> Response:
    return Response(None, status_code=status, headers=headers)


def format_entity_tag(digest: str) -> str:
    """A digest is a strong entity tag: other bytes have another one (RFC 9110, section 8.8.3)."""
    return f'"{digest}"'


def has_entity(request: Request, digest: str) -> bool:
    """Tell whether the caller has these bytes already (`If-None-Match`)."""
    text = request.headers.get("if-none-match", "")
    tags = {tag.strip().removeprefix("W/") for tag in text.split(",")}
    return "*" in tags or format_entity_tag(digest) in tags
