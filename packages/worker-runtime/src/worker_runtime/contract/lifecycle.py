"""State machine of a Worker: its states, and the one table of the ways between them (W-03)."""

from types import MappingProxyType
from typing import Literal, TypeAlias, get_args

WorkerState: TypeAlias = Literal[
    "created", "starting", "running", "waiting", "held", "stopped", "cancelled", "failed"
]
"""Where a Worker stands; `stopped`, `cancelled` and `failed` are its ends (W-03)."""
Trigger: TypeAlias = Literal[
    "start", "started", "wait", "resume", "hold", "release", "restore", "stop", "cancel", "fail"
]

STATES: tuple[WorkerState, ...] = get_args(WorkerState)
TERMINAL_STATES: frozenset[WorkerState] = frozenset({"stopped", "cancelled", "failed"})
ENDING_TRIGGERS: frozenset[Trigger] = frozenset({"stop", "cancel", "fail"})

_ENDINGS: dict[Trigger, WorkerState] = {"stop": "stopped", "cancel": "cancelled", "fail": "failed"}

TRANSITIONS: MappingProxyType[WorkerState, dict[Trigger, WorkerState]] = MappingProxyType(
    {
        # `restore` is what a restart of the Runtime does: the process is gone, the record starts again.
        "created": {"start": "starting", "hold": "held", "restore": "created", **_ENDINGS},
        "starting": {"started": "running", "hold": "held", "restore": "created", **_ENDINGS},
        "running": {"wait": "waiting", "hold": "held", "restore": "created", **_ENDINGS},
        "waiting": {"resume": "running", "hold": "held", "restore": "created", **_ENDINGS},
        "held": {"release": "created", "hold": "held", "restore": "held", **_ENDINGS},
        "stopped": {},
        "cancelled": {},
        "failed": {},
    }
)


def find_next_state(state: WorkerState, trigger: Trigger) -> WorkerState | None:
    """Return the state that follows, or None when the trigger is not admitted.

    The first terminal state wins: a Worker that has ended stays as it is whatever would end it again.
    """
    if state in TERMINAL_STATES and trigger in ENDING_TRIGGERS:
        return state
    return TRANSITIONS[state].get(trigger)


def is_terminal(state: WorkerState) -> bool:
    return state in TERMINAL_STATES
