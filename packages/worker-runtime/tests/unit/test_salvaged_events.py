"""A repair brings over the events of a Worker whole and in order, whatever the clock said when they happened (R-03)."""

from pathlib import Path

import pytest

from support.bundles.small_bundles import build_small_bundle
from support.runtime.runtime_under_test import EmbeddedUnderTest, build_caller, create_worker, store_bundle
from worker_runtime.embedded.repair import repair_data_directory
from yoi_wire.worker_requests import WorkerInput

pytestmark = pytest.mark.req("R-03", "W-02")


def test_no_event_is_lost_when_the_clock_was_set_back_before_it(tmp_path: Path) -> None:
    runtime = EmbeddedUnderTest(tmp_path)
    caller, bundle = build_caller(), build_small_bundle()
    store_bundle(runtime, caller, bundle)
    worker = create_worker(runtime, caller, bundle)
    for minutes, text in ((1, "before"), (-30, "while the clock is behind"), (60, "after")):
        runtime.clock.advance(minutes=minutes)
        runtime.run(runtime.api.send_worker_input(caller, worker.id, WorkerInput(text=text)))
    told = runtime.run(runtime.api.list_worker_events(caller, worker.id)).events
    runtime.api.close()
    report = repair_data_directory(tmp_path, host=runtime.host, clock=runtime.clock)
    assert report.workers == (worker.id,)
    runtime.restart()
    assert runtime.run(runtime.api.list_worker_events(caller, worker.id)).events == told
    assert [event.sequence for event in told] == [1, 2, 3, 4]
    runtime.close()
