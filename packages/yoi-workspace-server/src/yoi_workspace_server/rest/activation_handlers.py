"""Handlers of the active revision: move the pointer, go back, let automatic activation go on, revoke (K-01)."""

from yoi_wire.backend.operations import (
    ACTIVATE,
    LIST_ACTIVATIONS,
    LIST_REVOCATIONS,
    RELEASE,
    REVOKE_BUNDLE,
    ROLL_BACK,
)
from yoi_wire.backend.revisions import (
    ActivationRequest,
    ActivationView,
    RevocationRequest,
    RevocationView,
    RollbackRequest,
)
from yoi_wire.backend.workspaces import WorkspaceView
from yoi_wire.errors import RequestInvalidError
from yoi_wire.paging import Page
from yoi_wire.server.router import handles
from yoi_workspace_server.rest.services import BackendCall
from yoi_workspace_server.views.revisions import build_activation_view, build_revocation_view
from yoi_workspace_server.views.workspaces import build_workspace_view


@handles(LIST_ACTIVATIONS)
async def list_activations(
    call: BackendCall, workspace: str, cursor: str | None, limit: int
) -> Page[ActivationView]:
    page = await call.services.store.activations.list_activations(workspace, limit=limit, cursor=cursor)
    return page.map(build_activation_view)


@handles(ACTIVATE)
async def activate(call: BackendCall, workspace: str, body: ActivationRequest) -> ActivationView:
    principal = call.caller
    services = call.services
    activation = await services.store.activations.activate(
        workspace, body.revision, actor=principal.name, reason=body.reason, now=services.clock.now()
    )
    return build_activation_view(activation)


@handles(ROLL_BACK)
async def roll_back(call: BackendCall, workspace: str, body: RollbackRequest) -> ActivationView:
    """Activate an older revision, and hold automatic activation until it is released."""
    principal = call.caller
    services = call.services
    revision = body.revision or await _find_previous(call, workspace)
    activation = await services.store.activations.activate(
        workspace,
        revision,
        rollback=True,
        actor=principal.name,
        reason=body.reason,
        now=services.clock.now(),
    )
    return build_activation_view(activation)


@handles(RELEASE)
async def release(call: BackendCall, workspace: str) -> WorkspaceView:
    principal = call.caller
    services = call.services
    released = await services.store.workspaces.release_workspace(
        workspace, actor=principal.name, now=services.clock.now()
    )
    return build_workspace_view(released)


@handles(LIST_REVOCATIONS)
async def list_revocations(
    call: BackendCall, workspace: str, cursor: str | None, limit: int
) -> Page[RevocationView]:
    page = await call.services.store.revocations.list_revocations(workspace, limit=limit, cursor=cursor)
    return page.map(build_revocation_view)


@handles(REVOKE_BUNDLE)
async def revoke_bundle(call: BackendCall, workspace: str, body: RevocationRequest) -> RevocationView:
    principal = call.caller
    services = call.services
    revocation = await services.store.revocations.revoke_bundle(
        workspace, body.digest, actor=principal.name, reason=body.reason, now=services.clock.now()
    )
    return build_revocation_view(revocation)


async def _find_previous(call: BackendCall, workspace: str) -> int:
    found = await call.services.store.workspaces.get_workspace(workspace)
    if found.active is None or found.active.revision == 1:
        raise RequestInvalidError("there is no revision before the active one; name one", field="revision")
    return found.active.revision - 1
