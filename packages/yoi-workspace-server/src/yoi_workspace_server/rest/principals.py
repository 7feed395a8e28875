"""Who asks: the API token of a request, in its `Authorization` header and nowhere else (K-09)."""

from worker_runtime.rest.services import HttpRequest
from yoi_wire.backend.errors import WorkspaceNotFoundError
from yoi_wire.clock import MINUTE, format_instant
from yoi_wire.errors import UnauthenticatedError
from yoi_workspace_server.rest.services import get_backend
from yoi_workspace_server.roles import (
    Permission,
    Principal,
    verify_permission,
    verify_whole_backend,
)
from yoi_workspace_server.tokens import hash_secret

_SCHEME = "bearer "
_MAX_SECRET = 512


async def authenticate(request: HttpRequest) -> Principal:
    """Return who asks.

    Raises:
        UnauthenticatedError: There is no token, or none that is in force.
    """
    value = request.headers.get("authorization", "")
    if value[: len(_SCHEME)].lower() != _SCHEME:
        raise UnauthenticatedError("no token")
    secret = value[len(_SCHEME) :].strip()
    if not secret or len(secret) > _MAX_SECRET:
        raise UnauthenticatedError("no token")
    services = get_backend(request)
    now = services.clock.now()
    token = await services.store.tokens.find_by_hash(hash_secret(secret), now=now)
    if token is None:
        raise UnauthenticatedError("no token in force")
    if token.last_used_at is None or token.last_used_at <= format_instant(now - MINUTE):
        await services.store.tokens.touch_token(token.id, now=now)
    return token.principal


async def authorize(request: HttpRequest, permission: Permission) -> Principal:
    """Return who asks, if the role brings the permission.

    Raises:
        UnauthenticatedError, ForbiddenError: See `authenticate` and `verify_permission`.
    """
    principal = await authenticate(request)
    verify_permission(principal, permission)
    return principal


async def authorize_on(request: HttpRequest, permission: Permission, workspace: str) -> Principal:
    """Return who asks, if it may do this on a workspace.

    Raises:
        WorkspaceNotFoundError: There is none that it sees: another's workspace is missing, not forbidden.
    """
    principal = await authenticate(request)
    if not principal.sees(workspace):
        raise WorkspaceNotFoundError(workspace)
    verify_permission(principal, permission)
    await get_backend(request).store.workspaces.get_workspace(workspace)
    return principal


async def authorize_whole(request: HttpRequest, permission: Permission) -> Principal:
    """Return who asks, if it may do what concerns all workspaces at once."""
    principal = await authenticate(request)
    verify_whole_backend(principal, permission)
    return principal
