"""The Runtime's REST surface, as one table."""

from importlib.metadata import version

from worker_runtime.rest.callers import WORKSPACES_HEADER
from worker_runtime.rest.interface import Interface
from worker_runtime.rest.openapi_documents import OPERATIONS
from worker_runtime.rest.openapi_parameters import (
    ANSWER_HEADERS,
    PATH_PARAMETERS,
    QUERY_PARAMETERS,
    REQUEST_HEADERS,
)

RUNTIME_INTERFACE = Interface(
    title="Yoi Runtime",
    version=version("worker-runtime"),
    root="/v1/",
    right="scope",
    operations=OPERATIONS,
    path_parameters=PATH_PARAMETERS,
    query_parameters=QUERY_PARAMETERS,
    request_headers=REQUEST_HEADERS,
    answer_headers=ANSWER_HEADERS,
    caller_headers=(WORKSPACES_HEADER,),
)
