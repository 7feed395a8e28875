"""The Backend's REST surface, as one table; what stands in its paths, queries and headers."""

from importlib.metadata import version
from typing import Any

from worker_runtime.rest.answers import MAX_NUMBER_DIGITS
from worker_runtime.rest.interface import Interface
from worker_runtime.rest.openapi_parameters import ANSWER_HEADERS, REQUEST_HEADERS
from yoi_wire.paging import DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE
from yoi_workspace_server.rest.operations import OPERATIONS

_NAME: dict[str, Any] = {"type": "string", "minLength": 1}
_WORKSPACE: dict[str, Any] = {"type": "string", "pattern": "^[a-z0-9][a-z0-9._-]{0,127}$"}
_NUMBER: dict[str, Any] = {"type": "integer", "minimum": 0, "maximum": 10**MAX_NUMBER_DIGITS - 1}

BACKEND_INTERFACE = Interface(
    title="Yoi Backend",
    version=version("yoi-workspace-server"),
    root="/api/v1/",
    right="permission",
    operations=OPERATIONS,
    path_parameters={
        "workspace": _WORKSPACE,
        # Of another form it is missing like any other that there is not.
        "digest": {**_NAME, "description": "`sha256:` and 64 lower-case hexadecimal digits"},
        "runtime": _NAME,
        "worker": _NAME,
        "approval": _NAME,
        "token": _NAME,
    },
    query_parameters={
        "workspace": _WORKSPACE,
        "runtime": _NAME,
        "cursor": {**_NAME, "description": "`next_cursor` of the page before"},
        "limit": {"type": "integer", "minimum": 1, "maximum": MAX_PAGE_SIZE, "default": DEFAULT_PAGE_SIZE},
        "force": {"type": "string", "enum": ["true"]},
        "after": _NUMBER,
        "from": _NUMBER,
        "to": _NUMBER,
    },
    request_headers=REQUEST_HEADERS,
    answer_headers=ANSWER_HEADERS,
    problem_members={
        "refusals": {
            "type": "array",
            "items": {"type": "object"},
            "description": "Who refused a Worker, and why",
        }
    },
)
