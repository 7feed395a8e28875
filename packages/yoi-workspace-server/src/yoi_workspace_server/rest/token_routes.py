"""API tokens over HTTP: list them, make one whose secret is shown once, put one out of force (K-09)."""

from litestar import Response, delete, get, post
from litestar.params import FromPath

from worker_runtime.rest.answers import answer_json, answer_nothing, read_limit, read_text, verify_query
from worker_runtime.rest.bodies import read_document
from worker_runtime.rest.services import HttpRequest
from yoi_wire.clock import MILLISECONDS_A_SECOND, format_instant
from yoi_wire.errors import RequestInvalidError
from yoi_wire.paging import Page
from yoi_workspace_server.audit import SYSTEM_ACTOR
from yoi_workspace_server.first_start import create_secret
from yoi_workspace_server.rest.principals import authorize_whole
from yoi_workspace_server.rest.services import get_backend
from yoi_workspace_server.roles import verify_no_more
from yoi_workspace_server.tokens import NewApiToken, TokenRequest, hash_secret
from yoi_workspace_server.views.tokens import CreatedTokenView, TokenView, build_token_view


@get("/api/v1/tokens")
async def list_tokens(request: HttpRequest) -> Response[bytes]:
    await authorize_whole(request, "tokens:write")
    verify_query(request, "cursor", "limit")
    page = await get_backend(request).store.tokens.list_tokens(
        limit=read_limit(request), cursor=read_text(request, "cursor")
    )
    views = tuple(build_token_view(one) for one in page.items)
    return answer_json(Page[TokenView](items=views, next_cursor=page.next_cursor))


@post("/api/v1/tokens")
async def create_token(request: HttpRequest) -> Response[bytes]:
    """Make a token that may do no more than the one that asks for it."""
    principal = await authorize_whole(request, "tokens:write")
    verify_query(request)
    wanted = await read_document(request, TokenRequest)
    if wanted.name == SYSTEM_ACTOR:
        raise RequestInvalidError("the name of the Backend itself", field="name")
    services = get_backend(request)
    now = services.clock.now()
    lifetime = wanted.lifetime_seconds
    expires_at = None if lifetime is None else now + lifetime * MILLISECONDS_A_SECOND
    scopes = frozenset(wanted.scopes)
    verify_no_more(
        principal,
        role=wanted.role,
        scopes=scopes,
        expires_at=None if expires_at is None else format_instant(expires_at),
    )
    secret = create_secret()
    new = NewApiToken(
        id=services.new_id(),
        secret_hash=hash_secret(secret),
        name=wanted.name,
        role=wanted.role,
        workspaces=None if wanted.workspaces is None else frozenset(wanted.workspaces),
        scopes=scopes,
        expires_at=expires_at,
    )
    added = await services.store.tokens.add_token(new, actor=principal.name, now=now)
    view = CreatedTokenView(token=build_token_view(added), secret=secret)
    return answer_json(view, 201, {"Cache-Control": "no-store"})


@delete("/api/v1/tokens/{token:str}", status_code=204)
async def revoke_token(request: HttpRequest, token: FromPath[str]) -> Response[None]:
    principal = await authorize_whole(request, "tokens:write")
    verify_query(request)
    services = get_backend(request)
    await services.store.tokens.revoke_token(token, actor=principal.name, now=services.clock.now())
    return answer_nothing()


TOKEN_ROUTES = (list_tokens, create_token, revoke_token)
