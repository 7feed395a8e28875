"""Revisions over HTTP: what a workspace has been, and what changed between two of them (K-01, B-12)."""

from litestar import Response, get
from litestar.params import FromPath

from worker_runtime.rest.answers import answer_json, read_limit, read_number, read_text, verify_query
from worker_runtime.rest.services import HttpRequest
from yoi_wire.errors import RequestInvalidError
from yoi_wire.paging import Page
from yoi_workspace_server.publishing.comparing import compare_revisions
from yoi_workspace_server.rest.principals import authorize_on
from yoi_workspace_server.rest.services import get_backend
from yoi_workspace_server.revisions import Revision
from yoi_workspace_server.views.diffs import build_diff_view
from yoi_workspace_server.views.revisions import RevisionView, build_revision_view


@get("/api/v1/workspaces/{workspace:str}/revisions")
async def list_revisions(request: HttpRequest, workspace: FromPath[str]) -> Response[bytes]:
    await authorize_on(request, "bundles:read", workspace)
    verify_query(request, "cursor", "limit")
    page = await get_backend(request).store.revisions.list_revisions(
        workspace, limit=read_limit(request), cursor=read_text(request, "cursor")
    )
    views = tuple(build_revision_view(one) for one in page.items)
    return answer_json(Page[RevisionView](items=views, next_cursor=page.next_cursor))


@get("/api/v1/workspaces/{workspace:str}/diff")
async def get_diff(request: HttpRequest, workspace: FromPath[str]) -> Response[bytes]:
    principal = await authorize_on(request, "bundles:read", workspace)
    verify_query(request, "from", "to")
    old = await _get_revision(request, workspace, "from")
    new = await _get_revision(request, workspace, "to")
    diff = await compare_revisions(get_backend(request).store.bundles, old, new)
    view = build_diff_view(
        diff,
        from_revision=old.revision,
        to_revision=new.revision,
        secret_names=principal.may("secret_names:read"),
    )
    return answer_json(view)


async def _get_revision(request: HttpRequest, workspace: str, name: str) -> Revision:
    number = read_number(request, name)
    found = await get_backend(request).store.revisions.find_revision(workspace, number)
    if found is None:
        raise RequestInvalidError("the workspace has no such revision", field=name)
    return found


REVISION_ROUTES = (list_revisions, get_diff)
