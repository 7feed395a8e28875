"""Handler of the Runtime's announcement (R-08)."""

from worker_runtime.contract.operations import GET_RUNTIME
from worker_runtime.contract.runtime_info import RuntimeInfo
from worker_runtime.rest.services import RuntimeCall
from yoi_wire.server.router import handles


@handles(GET_RUNTIME)
async def get_runtime(call: RuntimeCall) -> RuntimeInfo:
    return await call.services.runtime.get_runtime(call.caller)
