"""View of a principal, for itself."""

from yoi_wire.backend.tokens import PrincipalView
from yoi_workspace_server.roles import LEAST_ROLES, Principal


def build_principal_view(principal: Principal) -> PrincipalView:
    return PrincipalView(
        name=principal.name,
        role=principal.role,
        workspaces=None if principal.workspaces is None else tuple(sorted(principal.workspaces)),
        permissions=tuple(sorted(one for one in LEAST_ROLES if principal.may(one))),
    )
