"""Handler of who asks (K-09)."""

from yoi_wire.backend.operations import GET_WHOAMI
from yoi_wire.backend.tokens import PrincipalView
from yoi_wire.server.router import handles
from yoi_workspace_server.rest.services import BackendCall
from yoi_workspace_server.views.principals import build_principal_view


@handles(GET_WHOAMI)
async def get_whoami(call: BackendCall) -> PrincipalView:
    return build_principal_view(call.caller)
