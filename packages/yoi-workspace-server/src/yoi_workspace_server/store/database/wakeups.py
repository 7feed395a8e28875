"""Wakeups: word that there is something new to do or to read, within and between processes.

A wakeup is only a hint that spares a wait. Whoever waits looks at the database first and again after a time, so that
one that got lost costs time and nothing else.
"""

import asyncio
from typing import Literal, Protocol, TypeAlias, get_args

Topic: TypeAlias = Literal["pairs", "audit"]
"""`pairs`: some pair is due. `audit`: there are new records."""

TOPICS: tuple[Topic, ...] = get_args(Topic)


class Wakeups(Protocol):
    """Counts, for each topic, how often there was news."""

    def count(self, topic: Topic) -> int:
        """Return the present count; take it before looking at the database."""

    async def wait(self, topic: Topic, *, seen: int, timeout_seconds: float) -> int:
        """Return the count as soon as it is no longer `seen`, or `seen` itself when the time is over."""


class LocalWakeups:
    """Wakeups within this process; implements `Wakeups`."""

    def __init__(self) -> None:
        self._counts: dict[Topic, int] = dict.fromkeys(TOPICS, 0)
        self._changed: dict[Topic, asyncio.Event] = {topic: asyncio.Event() for topic in TOPICS}

    def count(self, topic: Topic) -> int:
        return self._counts[topic]

    def notify(self, topic: Topic) -> None:
        """Wake everyone who waits for the topic."""
        self._counts[topic] += 1
        self._changed[topic].set()
        self._changed[topic] = asyncio.Event()

    async def wait(self, topic: Topic, *, seen: int, timeout_seconds: float) -> int:
        try:
            async with asyncio.timeout(timeout_seconds):
                while self._counts[topic] == seen:
                    await self._changed[topic].wait()
        except TimeoutError:
            pass
        return self._counts[topic]
