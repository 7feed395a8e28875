"""What each operation takes and gives, by area; a test compares the whole table with the routes."""

from worker_runtime.rest.interface import OperationDocument
from yoi_workspace_server.rest.operations.audit import AUDIT_OPERATIONS
from yoi_workspace_server.rest.operations.content import CONTENT_OPERATIONS
from yoi_workspace_server.rest.operations.runtimes import RUNTIME_OPERATIONS
from yoi_workspace_server.rest.operations.system import SYSTEM_OPERATIONS
from yoi_workspace_server.rest.operations.tokens import TOKEN_OPERATIONS
from yoi_workspace_server.rest.operations.workers import WORKER_OPERATIONS
from yoi_workspace_server.rest.operations.workspaces import WORKSPACE_OPERATIONS

OPERATIONS: dict[tuple[str, str], OperationDocument] = {
    **SYSTEM_OPERATIONS,
    **WORKSPACE_OPERATIONS,
    **CONTENT_OPERATIONS,
    **TOKEN_OPERATIONS,
    **AUDIT_OPERATIONS,
    **RUNTIME_OPERATIONS,
    **WORKER_OPERATIONS,
}
