"""API tokens as the Backend keeps them: what they allow, and a hash of their secret (K-09)."""

import hashlib

from msgspec import Struct

from yoi_wire.backend.tokens import Role, TokenScope
from yoi_workspace_server.roles import Principal


class ApiToken(Struct, frozen=True, kw_only=True):
    """A token; its secret is shown once, when it is made, and never kept.

    Attributes:
        name: What people call the token.
        principal: Whom it belongs to, and what audit records call its bearer.
        workspaces: Those it is confined to; None for all.
        last_used_at: To the minute or so.
    """

    id: str
    name: str
    principal: str
    role: Role
    workspaces: frozenset[str] | None
    scopes: frozenset[TokenScope]
    created_at: str
    expires_at: str | None
    revoked_at: str | None
    last_used_at: str | None

    @property
    def bearer(self) -> Principal:
        """Who its bearer is."""
        return Principal(
            name=self.principal,
            token=self.id,
            role=self.role,
            workspaces=self.workspaces,
            scopes=self.scopes,
            expires_at=self.expires_at,
        )


class NewApiToken(Struct, frozen=True, kw_only=True):
    """A token to keep; see `ApiToken`.

    Attributes:
        principal: Whom it belongs to; empty for one of the token's own name.
        secret_hash: What `hash_secret` gave for its secret.
        expires_at: Milliseconds since 1970; None for never.
    """

    id: str
    secret_hash: str
    name: str
    principal: str = ""
    role: Role
    workspaces: frozenset[str] | None = None
    scopes: frozenset[TokenScope] = frozenset()
    expires_at: int | None = None


def hash_secret(secret: str) -> str:
    """Return what is kept of a token's secret.

    Secrets are random and long, so that one round of SHA-256 hides them as well as a slow hash would.
    """
    return hashlib.sha256(secret.encode()).hexdigest()
