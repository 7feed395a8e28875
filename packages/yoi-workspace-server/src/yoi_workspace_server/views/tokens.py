"""Views of tokens, principals and audit records."""

from yoi_wire.backend.audit import AuditView
from yoi_wire.backend.tokens import PrincipalView, TokenView
from yoi_workspace_server.audit import AuditRecord
from yoi_workspace_server.roles import LEAST_ROLES, Principal
from yoi_workspace_server.tokens import ApiToken


def build_token_view(token: ApiToken) -> TokenView:
    return TokenView(
        id=token.id,
        name=token.name,
        principal=token.principal,
        role=token.role,
        workspaces=None if token.workspaces is None else tuple(sorted(token.workspaces)),
        scopes=tuple(sorted(token.scopes)),
        created_at=token.created_at,
        expires_at=token.expires_at,
        revoked_at=token.revoked_at,
        last_used_at=token.last_used_at,
    )


def build_principal_view(principal: Principal) -> PrincipalView:
    return PrincipalView(
        name=principal.name,
        role=principal.role,
        workspaces=None if principal.workspaces is None else tuple(sorted(principal.workspaces)),
        permissions=tuple(sorted(one for one in LEAST_ROLES if principal.may(one))),
        token=principal.token,
    )


def build_audit_view(record: AuditRecord) -> AuditView:
    return AuditView(
        sequence=record.sequence,
        recorded_at=record.recorded_at,
        actor=record.actor,
        token=record.token,
        action=record.action,
        workspace=record.workspace,
        runtime=record.runtime,
        subject=record.subject,
        details=record.details,
        hash=record.hash,
    )
