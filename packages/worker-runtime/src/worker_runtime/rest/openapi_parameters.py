"""What stands in paths, queries and headers, for the OpenAPI document: each name once, with the form that is taken."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from worker_runtime.rest.answers import MAX_NUMBER_DIGITS
from worker_runtime.rest.callers import WORKSPACES_HEADER
from worker_runtime.sync.transfer.headers import ENTRY_HEADER, LEASE_EXPIRES_HEADER, METADATA_HEADER
from yoi_wire.paging import DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE

_WORKSPACE_ID = "[a-z0-9][a-z0-9._-]{0,127}"
_WORKSPACE: dict[str, Any] = {"type": "string", "pattern": f"^{_WORKSPACE_ID}$"}
_NAME: dict[str, Any] = {"type": "string", "minLength": 1}
_NUMBER: dict[str, Any] = {"type": "integer", "minimum": 0, "maximum": 10**MAX_NUMBER_DIGITS - 1}

PATH_PARAMETERS: Mapping[str, dict[str, Any]] = MappingProxyType(
    {
        # Of another form it is missing like any other that is not held, and deleted already.
        "digest": {**_NAME, "description": "`sha256:` and 64 lower-case hexadecimal digits"},
        "lease": _NAME,
        "workspace": _WORKSPACE,
        "worker": _NAME,
        "approval": _NAME,
    }
)

QUERY_PARAMETERS: Mapping[str, dict[str, Any]] = MappingProxyType(
    {
        "workspace": _WORKSPACE,
        "cursor": {"type": "string", "pattern": "^[0-9]{1,16}-[A-Za-z0-9:_.-]{1,100}$"},
        "limit": {"type": "integer", "minimum": 1, "maximum": MAX_PAGE_SIZE, "default": DEFAULT_PAGE_SIZE},
        "after": {**_NUMBER, "default": 0},
        "generation": _NUMBER,
    }
)

REQUEST_HEADERS: Mapping[str, dict[str, Any]] = MappingProxyType(
    {
        METADATA_HEADER: {
            "type": "string",
            "maxLength": 4096,
            "pattern": "^[ -~]*$",
            "description": "What is known about the bundle, as one line of ASCII JSON",
        },
        "Content-Encoding": {"type": "string", "enum": ["identity", "zstd", "dcz"]},
        "If-None-Match": {"type": "string", "description": "Entity tags that the caller has"},
        "Last-Event-ID": {
            "type": "string",
            "pattern": f"^[0-9]{{1,{MAX_NUMBER_DIGITS}}}$",
            "description": "Goes before `after`",
        },
        WORKSPACES_HEADER: {
            "type": "string",
            "pattern": f"^(|{_WORKSPACE_ID}([ \\t]*,[ \\t]*{_WORKSPACE_ID})*)$",
            "description": "With the local token only: the workspaces that are meant",
        },
    }
)

ANSWER_HEADERS: Mapping[str, str] = MappingProxyType(
    {
        "ETag": "The digest, as a strong entity tag",
        METADATA_HEADER: "What is known about the bundle, as one line of ASCII JSON",
        ENTRY_HEADER: "How the bundle stands, as one line of ASCII JSON",
        LEASE_EXPIRES_HEADER: "When the lease ends, on `bundle.blobs_missing`",
        "Location": "Path of the Worker",
        "WWW-Authenticate": "The scheme, `Bearer`",
        "Allow": "The methods of this path",
        "Retry-After": "Seconds",
        "Yoi-Problem": "The problem in one line, where an answer has no body",
        "Yoi-Request-Id": "What the log has about this request",
    }
)
