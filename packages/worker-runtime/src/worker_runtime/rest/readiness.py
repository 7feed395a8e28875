"""Readiness for anybody who asks, at the cost of one look in a few seconds (R-09, R-10)."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from yoi_wire.readiness import Readiness

_HELD_SECONDS = 2.0


class RecentReadiness:
    """Looks at the store at most once in two seconds, however many ask."""

    def __init__(self, check: Callable[[], Awaitable[Readiness]]) -> None:
        self._check = check
        self._lock = asyncio.Lock()
        self._found: Readiness | None = None
        self._found_at = 0.0

    async def check(self) -> Readiness:
        async with self._lock:
            now = time.monotonic()
            if self._found is None or now - self._found_at >= _HELD_SECONDS:
                self._found = await self._check()
                self._found_at = now
            return self._found
