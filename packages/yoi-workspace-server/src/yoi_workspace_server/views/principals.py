"""View of a principal, for itself."""

from msgspec import Struct

from yoi_workspace_server.roles import LEAST_ROLES, Principal


class PrincipalView(Struct, frozen=True, kw_only=True):
    """A principal.

    Attributes:
        workspaces: None for all.
        permissions: What it may do, sorted.
    """

    name: str
    role: str
    workspaces: tuple[str, ...] | None
    permissions: tuple[str, ...]


def build_principal_view(principal: Principal) -> PrincipalView:
    return PrincipalView(
        name=principal.name,
        role=principal.role,
        workspaces=None if principal.workspaces is None else tuple(sorted(principal.workspaces)),
        permissions=tuple(sorted(one for one in LEAST_ROLES if principal.may(one))),
    )
