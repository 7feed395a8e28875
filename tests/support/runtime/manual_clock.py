"""A clock that only moves when it is told to."""

from yoi_wire.clock import DAY, MINUTE

START = 1_780_000_000_000


class ManualClock:
    """Implements `Clock`."""

    def __init__(self, now: int = START) -> None:
        self._now = now

    def now(self) -> int:
        return self._now

    def advance(self, *, days: int = 0, minutes: int = 0, milliseconds: int = 0) -> None:
        self._now += days * DAY + minutes * MINUTE + milliseconds
