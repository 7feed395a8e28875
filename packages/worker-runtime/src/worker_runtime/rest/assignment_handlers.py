"""Handlers of assignments (R-11)."""

from worker_runtime.contract.assignments import Assignment, AssignmentRequest
from worker_runtime.contract.operations import DELETE_ASSIGNMENT, GET_ASSIGNMENT, PUT_ASSIGNMENT
from worker_runtime.rest.services import RuntimeCall
from yoi_wire.server.router import handles


@handles(GET_ASSIGNMENT)
async def get_assignment(call: RuntimeCall, workspace: str) -> Assignment:
    return await call.services.runtime.get_assignment(call.caller, workspace)


@handles(PUT_ASSIGNMENT)
async def put_assignment(call: RuntimeCall, workspace: str, body: AssignmentRequest) -> Assignment:
    return await call.services.runtime.put_assignment(call.caller, workspace, body)


@handles(DELETE_ASSIGNMENT)
async def delete_assignment(call: RuntimeCall, workspace: str, generation: int) -> Assignment:
    """Withdraw an assignment; the answer is what stands now."""
    return await call.services.runtime.delete_assignment(call.caller, workspace, generation)
