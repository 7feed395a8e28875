"""Handlers of aPI tokens: list them, make one whose secret is shown once, put one out of force (K-09)."""

from yoi_wire.backend.operations import CREATE_TOKEN, GET_WHOAMI, LIST_TOKENS, REVOKE_TOKEN
from yoi_wire.backend.tokens import CreatedTokenView, PrincipalView, TokenRequest, TokenView
from yoi_wire.clock import MILLISECONDS_A_SECOND, format_instant
from yoi_wire.errors import RequestInvalidError
from yoi_wire.paging import Page
from yoi_wire.server.responses import Answer
from yoi_wire.server.router import handles
from yoi_workspace_server.audit import SYSTEM_ACTOR
from yoi_workspace_server.first_start import create_secret
from yoi_workspace_server.rest.services import BackendCall
from yoi_workspace_server.roles import verify_no_more
from yoi_workspace_server.tokens import NewApiToken, hash_secret
from yoi_workspace_server.views.tokens import build_principal_view, build_token_view


@handles(LIST_TOKENS)
async def list_tokens(call: BackendCall, cursor: str | None, limit: int) -> Page[TokenView]:
    page = await call.services.store.tokens.list_tokens(limit=limit, cursor=cursor)
    return page.map(build_token_view)


@handles(CREATE_TOKEN)
async def create_token(call: BackendCall, body: TokenRequest) -> Answer:
    """Make a token that may do no more than the one that asks for it."""
    principal = call.caller
    owner = body.principal or body.name
    if SYSTEM_ACTOR in (body.name, owner):
        raise RequestInvalidError("the name of the Backend itself", field="name")
    services = call.services
    now = services.clock.now()
    lifetime = body.lifetime_seconds
    expires_at = None if lifetime is None else now + lifetime * MILLISECONDS_A_SECOND
    scopes = frozenset(body.scopes)
    verify_no_more(
        principal,
        role=body.role,
        scopes=scopes,
        expires_at=None if expires_at is None else format_instant(expires_at),
    )
    secret = create_secret()
    new = NewApiToken(
        id=services.new_id(),
        secret_hash=hash_secret(secret),
        name=body.name,
        principal=owner,
        role=body.role,
        workspaces=None if body.workspaces is None else frozenset(body.workspaces),
        scopes=scopes,
        expires_at=expires_at,
    )
    added = await services.store.tokens.add_token(new, actor=principal.name, now=now, maker=principal.name)
    view = CreatedTokenView(token=build_token_view(added), secret=secret)
    return Answer(view, headers={"Cache-Control": "no-store"})


@handles(REVOKE_TOKEN)
async def revoke_token(call: BackendCall, token: str) -> None:
    principal = call.caller
    services = call.services
    await services.store.tokens.revoke_token(token, actor=principal.name, now=services.clock.now())


@handles(GET_WHOAMI)
async def get_whoami(call: BackendCall) -> PrincipalView:
    return build_principal_view(call.caller)
