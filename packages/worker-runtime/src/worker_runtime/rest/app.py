"""Application of one Runtime: its handlers behind the router, and the middleware around it."""

from importlib.metadata import version
from typing import Any

from worker_runtime.contract.headers import ENTRY_HEADER, LEASE_EXPIRES_HEADER, METADATA_HEADER
from worker_runtime.contract.operations import RUNTIME_OPERATIONS
from worker_runtime.rest import bundle_handlers, worker_handlers
from worker_runtime.rest.authentication import WORKSPACES_HEADER, authorize
from worker_runtime.rest.services import Services
from yoi_wire.headers import ANSWER_HEADERS, REQUEST_HEADERS
from yoi_wire.operation import Interface
from yoi_wire.parameters import WORKSPACE_PATTERN
from yoi_wire.server.health import build_system_handlers
from yoi_wire.server.middleware import RequestMiddleware
from yoi_wire.server.router import Router, collect_handlers

_WORKSPACE_ID = WORKSPACE_PATTERN.strip("^$")
_NAME: dict[str, Any] = {"type": "string", "minLength": 1}
RUNTIME_INTERFACE = Interface(
    title="Yoi Runtime",
    version=version("worker-runtime"),
    root="/v1/",
    right="scope",
    operations=RUNTIME_OPERATIONS,
    path_parameters={
        # Of another form it is missing like any other that is not held, and deleted already.
        "blob": {**_NAME, "description": "a blob's digest, which the bundle names"},
        "digest": {**_NAME, "description": "`sha256:` and 64 lower-case hexadecimal digits"},
        "lease": _NAME,
        "workspace": {"type": "string", "pattern": WORKSPACE_PATTERN},
        "worker": _NAME,
        "approval": _NAME,
    },
    request_headers={
        **REQUEST_HEADERS,
        METADATA_HEADER: {
            "type": "string",
            "maxLength": 4096,
            "pattern": "^[ -~]*$",
            "description": "What is known about the bundle, as one line of ASCII JSON",
        },
        WORKSPACES_HEADER: {
            "type": "string",
            "pattern": f"^(|{_WORKSPACE_ID}([ \\t]*,[ \\t]*{_WORKSPACE_ID})*)$",
            "description": "With the local token only: the workspaces that are meant",
        },
    },
    answer_headers={
        **ANSWER_HEADERS,
        METADATA_HEADER: "What is known about the bundle, as one line of ASCII JSON",
        ENTRY_HEADER: "How the bundle stands, as one line of ASCII JSON",
        LEASE_EXPIRES_HEADER: "When the lease ends, on `bundle.blobs_missing`",
    },
    caller_headers=(WORKSPACES_HEADER,),
)
HANDLERS = (
    *collect_handlers(bundle_handlers, worker_handlers),
    *build_system_handlers(RUNTIME_INTERFACE),
)


def build_app(services: Services) -> RequestMiddleware:
    """Return the ASGI application of one Runtime."""
    router = Router(RUNTIME_INTERFACE, HANDLERS, services, authorize=authorize)
    return RequestMiddleware(router, services.http)
