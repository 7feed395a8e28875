"""Interface of the Backend: its operations, and the forms of what stands in paths and headers."""

from importlib.metadata import version
from typing import Any

from yoi_wire.backend.operations import OPERATIONS
from yoi_wire.headers import ANSWER_HEADERS, REQUEST_HEADERS
from yoi_wire.operation import Interface
from yoi_wire.parameters import WORKSPACE_PATTERN

_NAME: dict[str, Any] = {"type": "string", "minLength": 1}

BACKEND_INTERFACE = Interface(
    title="Yoi Backend",
    version=version("yoi-workspace-server"),
    root="/api/v1/",
    right="permission",
    operations=OPERATIONS,
    path_parameters={
        "workspace": {"type": "string", "pattern": WORKSPACE_PATTERN},
        # Of another form it is missing like any other that there is not.
        "digest": {**_NAME, "description": "`sha256:` and 64 lower-case hexadecimal digits"},
        "runtime": _NAME,
        "worker": _NAME,
        "approval": _NAME,
        "token": _NAME,
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
