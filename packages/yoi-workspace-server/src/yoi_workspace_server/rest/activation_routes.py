"""The active revision over HTTP: move the pointer, go back, let automatic activation go on, revoke (K-01)."""

from litestar import Response, get, post
from litestar.params import FromPath

from worker_runtime.rest.answers import answer_json, read_limit, read_text, verify_query
from worker_runtime.rest.bodies import read_document, verify_no_body
from worker_runtime.rest.services import HttpRequest
from yoi_wire.errors import RequestInvalidError
from yoi_wire.paging import Page
from yoi_workspace_server.rest.principals import authorize_on
from yoi_workspace_server.rest.services import get_backend
from yoi_workspace_server.revisions import ActivationRequest, RevocationRequest, RollbackRequest
from yoi_workspace_server.views.revisions import (
    ActivationView,
    RevocationView,
    build_activation_view,
    build_revocation_view,
)
from yoi_workspace_server.views.workspaces import build_workspace_view


@get("/api/v1/workspaces/{workspace:str}/activations")
async def list_activations(request: HttpRequest, workspace: FromPath[str]) -> Response[bytes]:
    await authorize_on(request, "bundles:read", workspace)
    verify_query(request, "cursor", "limit")
    page = await get_backend(request).store.activations.list_activations(
        workspace, limit=read_limit(request), cursor=read_text(request, "cursor")
    )
    views = tuple(build_activation_view(one) for one in page.items)
    return answer_json(Page[ActivationView](items=views, next_cursor=page.next_cursor))


@post("/api/v1/workspaces/{workspace:str}/activations")
async def activate(request: HttpRequest, workspace: FromPath[str]) -> Response[bytes]:
    principal = await authorize_on(request, "bundles:activate", workspace)
    verify_query(request)
    wanted = await read_document(request, ActivationRequest)
    services = get_backend(request)
    activation = await services.store.activations.activate(
        workspace, wanted.revision, actor=principal.name, reason=wanted.reason, now=services.clock.now()
    )
    return answer_json(build_activation_view(activation), 201)


@post("/api/v1/workspaces/{workspace:str}/rollback")
async def roll_back(request: HttpRequest, workspace: FromPath[str]) -> Response[bytes]:
    """Activate an older revision, and hold automatic activation until it is released."""
    principal = await authorize_on(request, "bundles:activate", workspace)
    verify_query(request)
    wanted = await read_document(request, RollbackRequest)
    services = get_backend(request)
    revision = wanted.revision or await _find_previous(request, workspace)
    activation = await services.store.activations.activate(
        workspace,
        revision,
        rollback=True,
        actor=principal.name,
        reason=wanted.reason,
        now=services.clock.now(),
    )
    return answer_json(build_activation_view(activation), 201)


@post("/api/v1/workspaces/{workspace:str}/release", status_code=200)
async def release(request: HttpRequest, workspace: FromPath[str]) -> Response[bytes]:
    principal = await authorize_on(request, "bundles:activate", workspace)
    verify_query(request)
    await verify_no_body(request)
    services = get_backend(request)
    released = await services.store.workspaces.release_workspace(
        workspace, actor=principal.name, now=services.clock.now()
    )
    return answer_json(build_workspace_view(released))


@get("/api/v1/workspaces/{workspace:str}/revocations")
async def list_revocations(request: HttpRequest, workspace: FromPath[str]) -> Response[bytes]:
    await authorize_on(request, "bundles:read", workspace)
    verify_query(request, "cursor", "limit")
    page = await get_backend(request).store.revocations.list_revocations(
        workspace, limit=read_limit(request), cursor=read_text(request, "cursor")
    )
    views = tuple(build_revocation_view(one) for one in page.items)
    return answer_json(Page[RevocationView](items=views, next_cursor=page.next_cursor))


@post("/api/v1/workspaces/{workspace:str}/revocations")
async def revoke_bundle(request: HttpRequest, workspace: FromPath[str]) -> Response[bytes]:
    principal = await authorize_on(request, "bundles:revoke", workspace)
    verify_query(request)
    wanted = await read_document(request, RevocationRequest)
    services = get_backend(request)
    revocation = await services.store.revocations.revoke_bundle(
        workspace, wanted.digest, actor=principal.name, reason=wanted.reason, now=services.clock.now()
    )
    return answer_json(build_revocation_view(revocation), 201)


async def _find_previous(request: HttpRequest, workspace: str) -> int:
    found = await get_backend(request).store.workspaces.get_workspace(workspace)
    if found.active is None or found.active.revision == 1:
        raise RequestInvalidError("there is no revision before the active one; name one", field="revision")
    return found.active.revision - 1


ACTIVATION_ROUTES = (
    list_activations,
    activate,
    roll_back,
    release,
    list_revocations,
    revoke_bundle,
)
