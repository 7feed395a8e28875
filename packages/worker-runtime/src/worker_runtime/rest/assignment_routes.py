"""Assignments over HTTP (R-11)."""

from litestar import Response, delete, get, put
from litestar.params import FromPath

from worker_runtime.contract.assignments import AssignmentRequest
from worker_runtime.rest.answers import answer_json, read_number, verify_query
from worker_runtime.rest.bodies import read_document
from worker_runtime.rest.callers import authenticate
from worker_runtime.rest.services import HttpRequest, get_services


@get("/v1/assignments/{workspace:str}")
async def get_assignment(request: HttpRequest, workspace: FromPath[str]) -> Response[bytes]:
    caller = await authenticate(request)
    return answer_json(await get_services(request).runtime.get_assignment(caller, workspace))


@put("/v1/assignments/{workspace:str}")
async def put_assignment(request: HttpRequest, workspace: FromPath[str]) -> Response[bytes]:
    caller = await authenticate(request)
    wanted = await read_document(request, AssignmentRequest)
    return answer_json(await get_services(request).runtime.put_assignment(caller, workspace, wanted))


@delete("/v1/assignments/{workspace:str}", status_code=200)
async def delete_assignment(request: HttpRequest, workspace: FromPath[str]) -> Response[bytes]:
    """Withdraw an assignment; the answer is what stands now."""
    caller = await authenticate(request)
    verify_query(request, "generation")
    generation = read_number(request, "generation")
    return answer_json(await get_services(request).runtime.delete_assignment(caller, workspace, generation))


ASSIGNMENT_ROUTES = (get_assignment, put_assignment, delete_assignment)
