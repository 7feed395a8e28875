"""Readiness: whether a program can do what it is for (R-10)."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

from msgspec import Struct


class Readiness(Struct, frozen=True, kw_only=True):
    """Whether a program can do what it is for.

    Attributes:
        problems: Codes and details of what stands in the way.
    """

    ready: bool
    problems: tuple[dict[str, Any], ...] = ()


_HELD_SECONDS = 2.0


class RecentReadiness:
    """Checks at most once in two seconds, however many ask."""

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
