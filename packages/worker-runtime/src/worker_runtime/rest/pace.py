"""How slowly a body may come before it is cut off (R-09)."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class BodyPace:
    """A body has to keep a least rate, to go on, and to end.

    Attributes:
        grace_seconds: Before the rate counts.
        idle_seconds: The longest wait for one piece.
        total_seconds: The longest that any body may take.
        min_bytes_per_second: The least rate, on the whole, once the grace is over.
    """

    grace_seconds: float = 30.0
    idle_seconds: float = 30.0
    total_seconds: float = 3600.0
    min_bytes_per_second: int = 512

    def compute_wait(self, elapsed_seconds: float, received_bytes: int) -> float:
        """Return how long to wait for the next piece; 0 or less when the body is too slow already."""
        earned = self.grace_seconds + received_bytes / self.min_bytes_per_second
        return min(self.idle_seconds, earned - elapsed_seconds, self.total_seconds - elapsed_seconds)
