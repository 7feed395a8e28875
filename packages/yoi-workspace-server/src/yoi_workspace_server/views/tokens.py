"""View of API tokens, for admins; the secret once, in the answer that makes the token (K-09)."""

from msgspec import Struct

from yoi_workspace_server.tokens import ApiToken


class TokenView(Struct, frozen=True, kw_only=True):
    """A token; see `yoi_workspace_server.tokens.ApiToken`.

    Attributes:
        workspaces: None for all.
    """

    id: str
    name: str
    role: str
    workspaces: tuple[str, ...] | None
    scopes: tuple[str, ...]
    created_at: str
    expires_at: str | None
    revoked_at: str | None
    last_used_at: str | None


class CreatedTokenView(Struct, frozen=True, kw_only=True):
    """A new token.

    Attributes:
        secret: What its bearer sends; kept nowhere, and never shown again.
    """

    token: TokenView
    secret: str


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
