"""What a bad network does to the requests of one sync: drawn from a seed, so that every run is the same."""

import random
from typing import Literal

from msgspec import Struct

Kind = Literal[
    "none",
    "delay",
    "cut request",
    "cut answer",
    "repeat before",
    "repeat after",
    "repeat at once",
    "throttle",
    "halves",
    "half",
]
KINDS: tuple[Kind, ...] = (
    "delay",
    "cut request",
    "cut answer",
    "repeat before",
    "repeat after",
    "repeat at once",
    "throttle",
    "halves",
    "half",
)
_FOR_EVER = 1000


class Fault(Struct, frozen=True, kw_only=True):
    """What happens to one request.

    Attributes:
        kind: `delay` before it and before its answer; `cut …` after a part of its bytes; `repeat …` sends it once
            more on another connection, `before` it, `after` it or `at once` with it; `throttle` to 1 KB/s both
            ways; `halves` passes the answer on in two halves; `half` passes one on and then falls silent.
        part: Where to cut, as a part of the bytes that come.
        seconds: How long to delay.
        abort: Cut by a reset, not by an orderly end.
    """

    kind: Kind
    part: float = 0.5
    seconds: float = 0.0
    abort: bool = False


HARMLESS = Fault(kind="none")


class FaultPlan(Struct, frozen=True, kw_only=True):
    """What happens to the requests of one sync, in their order; those beyond are left alone."""

    faults: tuple[Fault, ...]

    def find(self, number: int) -> Fault:
        """Return what happens to a request."""
        return self.faults[number] if number < len(self.faults) else HARMLESS


def draw_plan(seed: int) -> FaultPlan:
    """Draw a plan: most often some bad requests among good ones, now and then a fault that does not end."""
    source = random.Random(seed)
    if source.random() < 0.12:
        return FaultPlan(faults=(_draw_fault(source),) * _FOR_EVER)
    count = source.randrange(1, 6)
    faults = [_draw_fault(source) if source.random() < 0.6 else HARMLESS for _ in range(count)]
    faults[source.randrange(count)] = _draw_fault(source)
    return FaultPlan(faults=tuple(faults))


def _draw_fault(source: random.Random) -> Fault:
    return Fault(
        kind=source.choice(KINDS),
        part=source.random(),
        seconds=source.random() * 0.3,
        abort=source.random() < 0.5,
    )
