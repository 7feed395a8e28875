"""Headers that every interface uses, for its OpenAPI document."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from yoi_wire.parameters import MAX_NUMBER_DIGITS

REQUEST_HEADERS: Mapping[str, dict[str, Any]] = MappingProxyType(
    {
        "Content-Encoding": {"type": "string", "enum": ["identity", "zstd", "dcz"]},
        "If-None-Match": {"type": "string", "description": "Entity tags that the caller has"},
        "Last-Event-ID": {
            "type": "string",
            "pattern": f"^[0-9]{{1,{MAX_NUMBER_DIGITS}}}$",
            "description": "Goes before `after`",
        },
    }
)

ANSWER_HEADERS: Mapping[str, str] = MappingProxyType(
    {
        "ETag": "The digest, as a strong entity tag",
        "Location": "Path of what is answered with",
        "WWW-Authenticate": "The scheme, `Bearer`",
        "Allow": "The methods of this path",
        "Retry-After": "Seconds",
        "Yoi-Problem": "The problem in one line, where an answer has no body",
        "Yoi-Request-Id": "What the log has about this request",
    }
)
