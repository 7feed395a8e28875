"""Background scrub and garbage collection of a serving Runtime's store (R-03, R-06)."""

import asyncio

from worker_runtime.embedded.maintenance import Maintenance
from yoi_bundle.errors import YoiError
from yoi_wire.event_log import EventLog

_STEP_SECONDS = 10.0
_STEPS_A_COLLECTION = 30


async def run_maintenance(maintenance: Maintenance, log: EventLog) -> None:
    """Go on until cancelled; a failure is logged, and the next round tries again."""
    steps = 0
    while True:
        await asyncio.sleep(_STEP_SECONDS)
        steps += 1
        try:
            step = await maintenance.scrub_step()
            if step.quarantined:
                log.event("quarantined", objects=len(step.quarantined))
            if steps % _STEPS_A_COLLECTION == 0:
                await maintenance.collect()
        except YoiError as error:
            log.event("maintenance failed", code=error.code)
        except Exception as error:  # noqa: BLE001 - a supervising loop outlives what it supervises
            log.fault({}, error)
