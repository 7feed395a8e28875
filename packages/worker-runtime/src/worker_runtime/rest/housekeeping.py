"""What a serving Runtime does for its store meanwhile: collect, and read everything again and again (R-03, R-06)."""

import asyncio

from worker_runtime.embedded.maintenance import Maintenance
from worker_runtime.rest.request_log import log_event, log_fault
from yoi_bundle.errors import YoiError

_STEP_SECONDS = 10.0
_STEPS_A_COLLECTION = 30


async def keep_house(maintenance: Maintenance) -> None:
    """Go on until cancelled; a failure is logged, and the next round tries again."""
    steps = 0
    while True:
        await asyncio.sleep(_STEP_SECONDS)
        steps += 1
        try:
            step = await maintenance.scrub_step()
            if step.quarantined:
                log_event("quarantined", objects=len(step.quarantined))
            if steps % _STEPS_A_COLLECTION == 0:
                await maintenance.collect()
        except YoiError as error:
            log_event("housekeeping failed", code=error.code)
        except Exception as error:  # noqa: BLE001 - a supervising loop outlives what it supervises
            log_fault({}, error)
