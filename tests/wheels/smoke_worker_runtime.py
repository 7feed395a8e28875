"""Start an embedded Runtime on an empty directory, and ask what a Worker of a built-in profile would be."""

import asyncio
import tempfile
from pathlib import Path

import worker_runtime


async def main(directory: Path) -> None:
    runtime = worker_runtime.EmbeddedRuntime(directory)
    try:
        assert (await runtime.start()).readiness.ready
        request = worker_runtime.WorkerRequest(selector="builtin:companion")
        asked = worker_runtime.PreviewRequest(workspace="smoke", request=request)
        caller = worker_runtime.build_local_caller("smoke")
        (explanation,) = await runtime.resolve_worker(caller, asked)
        assert explanation.decisions
    finally:
        runtime.close()


for name in worker_runtime.__all__:
    assert getattr(worker_runtime, name) is not None
with tempfile.TemporaryDirectory() as place:
    asyncio.run(main(Path(place)))
