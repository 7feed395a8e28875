"""Exponential back-off with full jitter, never before Retry-After (K-04)."""

from msgspec import Struct

from yoi_bundle.errors import YoiError

# Beyond it the power says nothing more, whatever the unit.
_MAX_DOUBLINGS = 32


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


def find_retry_after(error: YoiError) -> float:
    """Return the seconds that the other side asked to be left alone for; 0 when it did not."""
    asked = getattr(error, "retry_after_seconds", None)
    return max(0.0, float(asked)) if isinstance(asked, int | float) else 0.0
