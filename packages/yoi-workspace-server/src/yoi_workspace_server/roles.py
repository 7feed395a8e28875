"""Roles of tokens (K-09): one table, from permission to the least role."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import get_args

from msgspec import Struct

from yoi_wire.backend.tokens import Permission, Role, TokenScope
from yoi_wire.errors import ForbiddenError, RequestInvalidError

ROLES: tuple[Role, ...] = get_args(Role)
"""The least first."""

LEAST_ROLES: Mapping[Permission, Role] = MappingProxyType(
    {
        "workspaces:read": "viewer",
        "workspaces:write": "admin",
        "bundles:read": "viewer",
        "bundles:export": "operator",
        "bundles:publish": "operator",
        "bundles:activate": "operator",
        "bundles:revoke": "operator",
        "runtimes:read": "viewer",
        "runtimes:sync": "operator",
        "runtimes:write": "admin",
        "runtimes:connection": "operator",
        "placements:read": "viewer",
        "placements:write": "admin",
        "workers:read": "viewer",
        "workers:control": "operator",
        "secret_names:read": "operator",
        "audit:read": "operator",
        "tokens:write": "admin",
    }
)

_SCOPED: frozenset[Permission] = frozenset({"runtimes:connection"})
"""Permissions that no role brings by itself: the token has to name them, too."""


class Principal(Struct, frozen=True, kw_only=True):
    """Who asks the Backend.

    Attributes:
        name: What audit records call it.
        token: Id of its API token.
        workspaces: Those it may see; None for all, also those that are added later.
        scopes: What its token names beside the role.
        expires_at: When its token does; None for never.
    """

    name: str
    token: str
    role: Role
    workspaces: frozenset[str] | None
    scopes: frozenset[TokenScope] = frozenset()
    expires_at: str | None = None

    def sees(self, workspace: str) -> bool:
        return self.workspaces is None or workspace in self.workspaces

    def may(self, permission: Permission) -> bool:
        """Tell whether the role, and for some the token's scopes, bring a permission."""
        enough = ROLES.index(self.role) >= ROLES.index(LEAST_ROLES[permission])
        return enough and (permission not in _SCOPED or permission in self.scopes)


def verify_permission(principal: Principal, permission: Permission) -> None:
    """Check that the principal may do something.

    Raises:
        ForbiddenError: Its role or its scopes do not bring the permission.
    """
    if not principal.may(permission):
        raise ForbiddenError(scope=permission)


def verify_whole_backend(principal: Principal, permission: Permission) -> None:
    """Check that the principal may do what concerns all workspaces at once, such as writing placement rules.

    Raises:
        ForbiddenError: Also when its token is confined to some workspaces.
    """
    verify_permission(principal, permission)
    if principal.workspaces is not None:
        raise ForbiddenError(scope=permission)


def verify_no_more(
    maker: Principal, *, role: Role, scopes: frozenset[TokenScope], expires_at: str | None
) -> None:
    """Check that a token gives its bearer nothing, and for no longer, that its maker has not.

    Raises:
        ForbiddenError: It would give more; the scope is what the maker lacks.
        RequestInvalidError: It would last longer.
    """
    verify_whole_backend(maker, "tokens:write")
    if ROLES.index(role) > ROLES.index(maker.role):
        raise ForbiddenError(scope=role)
    for scope in sorted(scopes - maker.scopes):
        raise ForbiddenError(scope=scope)
    # RFC 3339 in UTC, all to the millisecond: the order of the texts is that of the instants.
    if maker.expires_at is not None and (expires_at is None or expires_at > maker.expires_at):
        raise RequestInvalidError("a token cannot outlast its maker's", field="lifetime_seconds")
