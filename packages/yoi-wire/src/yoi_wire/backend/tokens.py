"""API tokens and roles: what the Backend takes, and what it shows (K-09)."""

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta, Struct

from yoi_bundle.identifiers import WorkspaceId


class PrincipalView(Struct, frozen=True, kw_only=True):
    """A principal.

    Attributes:
        workspaces: None for all.
        permissions: What it may do, sorted.
        token: Id of the token by which it asks.
    """

    name: str
    role: str
    workspaces: tuple[str, ...] | None
    permissions: tuple[str, ...]
    token: str = ""


class TokenView(Struct, frozen=True, kw_only=True):
    """A token; see `yoi_workspace_server.tokens.ApiToken`.

    Attributes:
        principal: Whom it belongs to, and what audit records call its bearer.
        workspaces: None for all.
    """

    id: str
    name: str
    principal: str = ""
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


TokenName: TypeAlias = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@-]*(?!\n)$", max_length=128)]
"""What people call a token, or audit records its bearer."""

MAX_LIFETIME_SECONDS = 10 * 365 * 86_400
Role: TypeAlias = Literal["viewer", "operator", "admin"]
TokenScope: TypeAlias = Literal["runtimes:connection"]
Permission: TypeAlias = Literal[
    "workspaces:read",
    "workspaces:write",
    "bundles:read",
    "bundles:export",
    "bundles:publish",
    "bundles:activate",
    "bundles:revoke",
    "runtimes:read",
    "runtimes:sync",
    "runtimes:write",
    "runtimes:connection",
    "placements:read",
    "placements:write",
    "workers:read",
    "workers:control",
    "secret_names:read",
    "audit:read",
    "tokens:write",
]


class TokenRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A token to make; see `ApiToken`.

    Attributes:
        principal: Whom it belongs to, and what the audit calls its bearer; None for one of the token's own name.
        workspaces: None for all.
        lifetime_seconds: None for a token that does not expire.
    """

    name: TokenName
    principal: TokenName | None = None
    role: Role
    workspaces: tuple[WorkspaceId, ...] | None = None
    scopes: tuple[TokenScope, ...] = ()
    lifetime_seconds: Annotated[int, Meta(ge=1, le=MAX_LIFETIME_SECONDS)] | None = None
