"""The Backend about itself: who asks, and what every server says."""

from litestar import Response, get

from worker_runtime.rest.answers import answer_json
from worker_runtime.rest.services import HttpRequest
from worker_runtime.rest.system_routes import build_system_routes
from yoi_workspace_server.rest.interface import BACKEND_INTERFACE
from yoi_workspace_server.rest.principals import authenticate
from yoi_workspace_server.views.principals import build_principal_view


@get("/api/v1/whoami")
async def get_whoami(request: HttpRequest) -> Response[bytes]:
    return answer_json(build_principal_view(await authenticate(request)))


SYSTEM_ROUTES = (get_whoami, *build_system_routes(BACKEND_INTERFACE))
