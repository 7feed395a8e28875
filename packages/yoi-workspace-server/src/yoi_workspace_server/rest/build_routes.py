"""Builds over HTTP: build now, and see how builds ended (K-01)."""

from litestar import Response, get, post
from litestar.params import FromPath

from worker_runtime.rest.answers import answer_json, read_limit, read_text, verify_query
from worker_runtime.rest.bodies import verify_no_body
from worker_runtime.rest.services import HttpRequest
from yoi_wire.paging import Page
from yoi_workspace_server.rest.principals import authorize_on
from yoi_workspace_server.rest.services import get_backend
from yoi_workspace_server.views.builds import BuildView, build_build_view


@get("/api/v1/workspaces/{workspace:str}/builds")
async def list_builds(request: HttpRequest, workspace: FromPath[str]) -> Response[bytes]:
    principal = await authorize_on(request, "bundles:read", workspace)
    verify_query(request, "cursor", "limit")
    page = await get_backend(request).store.builds.list_builds(
        workspace, limit=read_limit(request), cursor=read_text(request, "cursor")
    )
    names = principal.may("secret_names:read")
    views = tuple(build_build_view(one, secret_names=names) for one in page.items)
    return answer_json(Page[BuildView](items=views, next_cursor=page.next_cursor))


@post("/api/v1/workspaces/{workspace:str}/builds")
async def create_build(request: HttpRequest, workspace: FromPath[str]) -> Response[bytes]:
    """Build now, and answer when it has ended; that it failed is said in the record, not by the status."""
    principal = await authorize_on(request, "bundles:publish", workspace)
    verify_query(request)
    await verify_no_body(request)
    record = await get_backend(request).builder.build(workspace, actor=principal.name)
    names = principal.may("secret_names:read")
    return answer_json(build_build_view(record, secret_names=names), 201)


BUILD_ROUTES = (list_builds, create_build)
