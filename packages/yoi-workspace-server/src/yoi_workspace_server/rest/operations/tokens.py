"""API tokens."""

from worker_runtime.rest.interface import OperationDocument
from yoi_wire.paging import Page
from yoi_workspace_server.tokens import TokenRequest
from yoi_workspace_server.views.tokens import CreatedTokenView, TokenView

TOKEN_OPERATIONS: dict[tuple[str, str], OperationDocument] = {
    ("GET", "/api/v1/tokens"): OperationDocument(
        summary="List all tokens by id, without a secret",
        scope="tokens:write",
        answer=Page[TokenView],
        query=("cursor", "limit"),
    ),
    ("POST", "/api/v1/tokens"): OperationDocument(
        summary="Make a token; its secret is shown this once",
        scope="tokens:write",
        answer=CreatedTokenView,
        statuses=(201,),
        body=TokenRequest,
    ),
    ("DELETE", "/api/v1/tokens/{token}"): OperationDocument(
        summary="Put a token out of force", scope="tokens:write", statuses=(204,), errors=(404,)
    ),
}
