"""The Runtime about itself, over HTTP: its announcement (R-08), and what every server says."""

from litestar import Response, get

from worker_runtime.rest.answers import answer_json
from worker_runtime.rest.callers import authenticate
from worker_runtime.rest.runtime_interface import RUNTIME_INTERFACE
from worker_runtime.rest.services import HttpRequest, get_services
from worker_runtime.rest.system_routes import build_system_routes


@get("/v1/runtime")
async def get_runtime(request: HttpRequest) -> Response[bytes]:
    caller = await authenticate(request)
    return answer_json(await get_services(request).runtime.get_runtime(caller))


RUNTIME_ROUTES = (get_runtime, *build_system_routes(RUNTIME_INTERFACE))
