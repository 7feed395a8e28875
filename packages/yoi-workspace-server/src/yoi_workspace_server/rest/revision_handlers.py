"""Handlers of revisions: what a workspace has been, and what changed between two of them (K-01, B-12)."""

from yoi_wire.backend.diffs import DiffView
from yoi_wire.backend.operations import GET_DIFF, LIST_REVISIONS
from yoi_wire.backend.revisions import RevisionView
from yoi_wire.errors import RequestInvalidError
from yoi_wire.paging import Page
from yoi_wire.server.router import handles
from yoi_workspace_server.publishing.comparing import compare_revisions
from yoi_workspace_server.rest.services import BackendCall
from yoi_workspace_server.revisions import Revision
from yoi_workspace_server.views.diffs import build_diff_view
from yoi_workspace_server.views.revisions import build_revision_view


@handles(LIST_REVISIONS)
async def list_revisions(
    call: BackendCall, workspace: str, cursor: str | None, limit: int
) -> Page[RevisionView]:
    page = await call.services.store.revisions.list_revisions(workspace, limit=limit, cursor=cursor)
    return page.map(build_revision_view)


@handles(GET_DIFF)
async def get_diff(call: BackendCall, workspace: str, from_revision: int, to_revision: int) -> DiffView:
    principal = call.caller
    old = await _get_revision(call, workspace, from_revision, "from")
    new = await _get_revision(call, workspace, to_revision, "to")
    diff = await compare_revisions(call.services.store.bundles, old, new)
    return build_diff_view(
        diff,
        from_revision=old.revision,
        to_revision=new.revision,
        secret_names=principal.may("secret_names:read"),
    )


async def _get_revision(call: BackendCall, workspace: str, number: int, name: str) -> Revision:
    found = await call.services.store.revisions.find_revision(workspace, number)
    if found is None:
        raise RequestInvalidError("the workspace has no such revision", field=name)
    return found
