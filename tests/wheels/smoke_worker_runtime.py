"""Start an embedded Runtime on an empty directory, and create a Worker of a built-in profile."""

import asyncio
import tempfile
from pathlib import Path

from worker_runtime.contract.caller import build_local_caller
from worker_runtime.contract.workers import PreviewRequest
from worker_runtime.embedded.runtime import EmbeddedRuntime
from yoi_wire.worker_requests import WorkerRequest


async def main(directory: Path) -> None:
    runtime = EmbeddedRuntime(directory)
    try:
        assert (await runtime.start()).readiness.ready
        asked = PreviewRequest(workspace="smoke", request=WorkerRequest(selector="builtin:companion"))
        (explanation,) = await runtime.resolve_worker(build_local_caller("smoke"), asked)
        assert explanation.decisions
    finally:
        runtime.close()


with tempfile.TemporaryDirectory() as place:
    asyncio.run(main(Path(place)))
