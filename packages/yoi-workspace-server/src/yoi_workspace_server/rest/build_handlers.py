"""Handlers of builds: build now, and see how builds ended (K-01)."""

from yoi_wire.backend.builds import BuildView
from yoi_wire.backend.operations import CREATE_BUILD, LIST_BUILDS
from yoi_wire.paging import Page
from yoi_wire.server.router import handles
from yoi_workspace_server.rest.services import BackendCall
from yoi_workspace_server.views.builds import build_build_view


@handles(LIST_BUILDS)
async def list_builds(call: BackendCall, workspace: str, cursor: str | None, limit: int) -> Page[BuildView]:
    principal = call.caller
    page = await call.services.store.builds.list_builds(workspace, limit=limit, cursor=cursor)
    names = principal.may("secret_names:read")
    return page.map(lambda item: build_build_view(item, secret_names=names))


@handles(CREATE_BUILD)
async def create_build(call: BackendCall, workspace: str) -> BuildView:
    """Build now, and answer when it has ended; that it failed is said in the record, not by the status."""
    principal = call.caller
    record = await call.services.builder.build(workspace, actor=principal.name)
    names = principal.may("secret_names:read")
    return build_build_view(record, secret_names=names)
