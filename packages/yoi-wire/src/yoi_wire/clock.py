"""The one source of time; the store and all rules take instants as arguments."""

import time
from datetime import UTC, datetime
from typing import Protocol

MILLISECONDS_A_SECOND = 1000
MINUTE = 60 * MILLISECONDS_A_SECOND
DAY = 24 * 60 * MINUTE


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> int:
        """Return milliseconds since 1970-01-01T00:00:00Z."""


class SystemClock:
    """The host's clock."""

    def now(self) -> int:
        return time.time_ns() // 1_000_000


def format_instant(milliseconds: int) -> str:
    """Write an instant as RFC 3339 in UTC, to the millisecond: `2026-01-31T12:00:00.000Z`.

    Args:
        milliseconds: Since 1970-01-01T00:00:00Z, as a `Clock` tells them.
    """
    whole = datetime.fromtimestamp(milliseconds / MILLISECONDS_A_SECOND, tz=UTC)
    return whole.isoformat(timespec="milliseconds").replace("+00:00", "Z")
