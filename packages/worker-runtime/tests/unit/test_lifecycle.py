"""The table of a Worker's states (W-03)."""

from typing import get_args

import pytest

from worker_runtime.contract.lifecycle import (
    ENDING_TRIGGERS,
    STATES,
    TERMINAL_STATES,
    TRANSITIONS,
    Trigger,
    WorkerState,
    find_next_state,
    is_terminal,
)

pytestmark = pytest.mark.req("W-03")

TRIGGERS: tuple[Trigger, ...] = get_args(Trigger)

_ALLOWED = {
    ("created", "start"): "starting",
    ("created", "hold"): "held",
    ("created", "restore"): "created",
    ("starting", "started"): "running",
    ("starting", "hold"): "held",
    ("starting", "restore"): "created",
    ("running", "wait"): "waiting",
    ("running", "hold"): "held",
    ("running", "restore"): "created",
    ("waiting", "resume"): "running",
    ("waiting", "hold"): "held",
    ("waiting", "restore"): "created",
    ("held", "release"): "created",
    ("held", "hold"): "held",
    ("held", "restore"): "held",
}
_ENDINGS = {"stop": "stopped", "cancel": "cancelled", "fail": "failed"}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("trigger", TRIGGERS)
def test_every_state_answers_every_trigger_as_the_table_says(state: WorkerState, trigger: Trigger) -> None:
    if state in ("stopped", "cancelled", "failed"):
        expected = state if trigger in _ENDINGS else None
    else:
        expected = _ENDINGS.get(trigger) or _ALLOWED.get((state, trigger))
    assert find_next_state(state, trigger) == expected


def test_nothing_leads_out_of_a_terminal_state() -> None:
    assert {state for state in STATES if is_terminal(state)} == TERMINAL_STATES
    for state in TERMINAL_STATES:
        assert {find_next_state(state, trigger) for trigger in TRIGGERS} <= {state, None}


def test_every_state_can_be_reached_and_every_live_one_can_end() -> None:
    reached: set[WorkerState] = {"created"}
    while new := {after for state in reached for after in TRANSITIONS[state].values()} - reached:
        reached |= new
    assert reached == set(STATES)
    for state in reached - TERMINAL_STATES:
        assert set(TRANSITIONS[state]) >= ENDING_TRIGGERS
