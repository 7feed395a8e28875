"""Authentication and authorisation of a request: its API token, in the `Authorization` header and nowhere else (K-09)."""

from collections.abc import Mapping
from typing import Any, cast

from starlette.requests import Request

from yoi_wire.backend.errors import WorkspaceNotFoundError
from yoi_wire.backend.tokens import Permission
from yoi_wire.clock import MINUTE, format_instant
from yoi_wire.errors import UnauthenticatedError
from yoi_wire.operation import Operation
from yoi_workspace_server.audit import CURRENT_TOKEN
from yoi_workspace_server.rest.services import BackendCall, Services
from yoi_workspace_server.roles import (
    Principal,
    verify_permission,
    verify_whole_backend,
)
from yoi_workspace_server.tokens import hash_secret

_SCHEME = "bearer "
_MAX_SECRET = 512


async def authorize(
    request: Request, operation: Operation[Any], path: Mapping[str, str], services: Services
) -> Principal:
    """Return who asks, if the role brings the operation's permission, and the token reaches what is asked for.

    Raises:
        UnauthenticatedError: There is no token, or none that is in force.
        WorkspaceNotFoundError: There is none that the token sees: another's workspace is missing, not forbidden.
        WorkerNotFoundError: Likewise, where nothing of a body is to be read for a Worker that the token does not see.
        ForbiddenError: The role, or a token of some workspaces, does not bring the permission.
    """
    principal = await _authenticate(request, services)
    if operation.right == "any":
        return principal
    permission = cast(Permission, operation.right)
    if operation.reach == "whole":
        verify_whole_backend(principal, permission)
    elif operation.reach == "workspace":
        workspace = path["workspace"]
        if not principal.sees(workspace):
            raise WorkspaceNotFoundError(workspace)
        verify_permission(principal, permission)
        await services.store.workspaces.get_workspace(workspace)
    else:
        verify_permission(principal, permission)
    if operation.reach == "worker":
        await services.workers.get_record(path["worker"], principal)
    return principal


async def verify_sees(call: BackendCall, workspace: str) -> None:
    """Check a workspace that stands in a query or a body.

    Raises:
        WorkspaceNotFoundError: There is none that the token sees.
    """
    if not call.caller.sees(workspace):
        raise WorkspaceNotFoundError(workspace)
    await call.services.store.workspaces.get_workspace(workspace)


async def _authenticate(request: Request, services: Services) -> Principal:
    value = request.headers.get("authorization", "")
    if value[: len(_SCHEME)].lower() != _SCHEME:
        raise UnauthenticatedError("no token")
    secret = value[len(_SCHEME) :].strip()
    if not secret or len(secret) > _MAX_SECRET:
        raise UnauthenticatedError("no token")
    now = services.clock.now()
    token = await services.store.tokens.find_by_hash(hash_secret(secret), now=now)
    if token is None:
        await services.refused_tokens.record(hash_secret(secret), now=now)
        raise UnauthenticatedError("no token in force")
    if token.last_used_at is None or token.last_used_at <= format_instant(now - MINUTE):
        await services.store.tokens.touch_token(token.id, now=now)
    CURRENT_TOKEN.set(token.id)
    return token.bearer
