"""Deadline of a piece of work: checks of what others wrote ask it now and then, and give up by a typed error (B-11)."""

from collections.abc import Callable

from yoi_bundle.errors import LimitExceededError


class Deadline:
    """A time at which work is given up; the clock is an argument, so that the work itself stays pure.

    Args:
        seconds: How long the work may take from now.
        read_seconds: A clock that never goes back.
    """

    def __init__(self, seconds: float, *, read_seconds: Callable[[], float]) -> None:
        self._allowed = seconds
        self._read_seconds = read_seconds
        self._began = read_seconds()

    def verify(self, place: str) -> None:
        """Return while there is time left.

        Raises:
            LimitExceededError: There is none.
        """
        taken = self._read_seconds() - self._began
        if taken > self._allowed:
            raise LimitExceededError(
                "check_seconds", value=int(taken), allowed=int(self._allowed), place=place
            )


NO_DEADLINE = Deadline(0, read_seconds=lambda: 0.0)
"""For work that something else bounds, such as a process that is killed."""
