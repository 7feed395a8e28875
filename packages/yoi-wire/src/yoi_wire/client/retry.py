"""Retry after transient failures; only for what is idempotent."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

from msgspec import Struct

from yoi_bundle.errors import YoiError

Result = TypeVar("Result")
_MAX_DOUBLINGS = 32


def find_retry_after(error: YoiError) -> float:
    """Return the seconds that the other side asked to be left alone for; 0 when it did not."""
    asked = getattr(error, "retry_after_seconds", None)
    return max(0.0, float(asked)) if isinstance(asked, int | float) else 0.0


class Backoff(Struct, frozen=True, kw_only=True):
    """The bounds of waiting.

    Attributes:
        first_seconds: The bound doubles from here with every failure in a row.
        max_seconds: The bound never grows beyond this.
    """

    first_seconds: float = 1.0
    max_seconds: float = 300.0

    def compute_wait(self, error: YoiError, *, failures: int, draw: float) -> float:
        """Return how many seconds to wait after a failure.

        Peers that failed together do not come back together: the jitter comes on top of what the other side asked for.

        Args:
            error: What the last attempt ended with.
            failures: How many in a row, this one among them.
            draw: Uniform in [0, 1).
        """
        bound = min(self.max_seconds, self.first_seconds * 2.0 ** min(failures, _MAX_DOUBLINGS))
        return find_retry_after(error) + draw * bound


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How often and how long to try; time and chance are given, so that a test needs neither.

    Attributes:
        attempts: In a row without a step forward.
        deadline_seconds: No attempt begins later than this after the first one began.
        backoff: How long to wait in between.
        sleep: Waits for so many seconds.
        draw: Uniform in [0, 1).
        now: Seconds of a clock that is never set.
    """

    attempts: int = 5
    deadline_seconds: float = 900.0
    backoff: Backoff = field(default_factory=Backoff)
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    draw: Callable[[], float] = random.random
    now: Callable[[], float] = time.monotonic


ONE_ATTEMPT = Patience(attempts=1)


async def retry(
    operation: Callable[[], Awaitable[Result]],
    patience: Patience,
    *,
    measure: Callable[[], object] = lambda: None,
) -> Result:
    """Run an operation until it is done, or until its failure will not pass by itself.

    Args:
        operation: Safe to run again after any failure.
        patience: When to give up.
        measure: What has been reached so far; a failure after a change of it counts as the first in a row.

    Raises:
        YoiError: The last failure. Retryable, when it was patience that came to its end.
    """
    began = patience.now()
    failures = 0
    while True:
        before = measure()
        try:
            return await operation()
        except YoiError as error:
            failures = failures + 1 if measure() == before else 1
            if not error.retryable or failures >= patience.attempts:
                raise
            wait = patience.backoff.compute_wait(error, failures=failures, draw=patience.draw())
            if patience.now() - began + wait > patience.deadline_seconds:
                raise
        await patience.sleep(wait)
