"""A whole round of the background scrub, at once (R-03)."""

from worker_runtime.embedded.runtime import EmbeddedRuntime
from worker_runtime.store.scrub import ScrubStep


async def scrub_everything(runtime: EmbeddedRuntime) -> list[ScrubStep]:
    """Scrub until a round has ended; the first round of a store reads everything."""
    steps = [await runtime.maintenance.scrub_step()]
    while not steps[-1].finished:
        steps.append(await runtime.maintenance.scrub_step())
    return steps
