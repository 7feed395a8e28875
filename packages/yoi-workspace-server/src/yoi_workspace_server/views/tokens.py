"""View of API tokens, for admins; the secret once, in the answer that makes the token (K-09)."""

from yoi_wire.backend.tokens import TokenView
from yoi_workspace_server.tokens import ApiToken


def build_token_view(token: ApiToken) -> TokenView:
    return TokenView(
        id=token.id,
        name=token.name,
        role=token.role,
        workspaces=None if token.workspaces is None else tuple(sorted(token.workspaces)),
        scopes=tuple(sorted(token.scopes)),
        created_at=token.created_at,
        expires_at=token.expires_at,
        revoked_at=token.revoked_at,
        last_used_at=token.last_used_at,
    )
