"""Wakeups: word that there is something new to do or to read, within and between processes.

A wakeup is only a hint that spares a wait. Whoever waits looks at the database first and again after a time, so that
one that got lost costs time and nothing else.
"""

import asyncio
from typing import Any, Literal, Protocol, TypeAlias, get_args

import asyncpg
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

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


_FIRST_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 10.0


class Listener:
    """Passes on what other processes notify; connects again when its connection is lost."""

    def __init__(self, engine: AsyncEngine, channel: str, wakeups: LocalWakeups) -> None:
        self._engine = engine
        self._channel = channel
        self._wakeups = wakeups
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="store-listener")

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def _run(self) -> None:
        pause = _FIRST_PAUSE_SECONDS
        while True:
            try:
                await self._listen()
                pause = _FIRST_PAUSE_SECONDS
            except (OSError, SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError):
                # The last two: the driver's own, when the connection goes while LISTEN is being said.
                pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
            await asyncio.sleep(pause)

    async def _listen(self) -> None:
        """Listen until the connection is lost."""
        lost = asyncio.Event()

        def on_lost(connection: Any) -> None:
            lost.set()

        async with self._engine.connect() as connection:
            raw = await connection.get_raw_connection()
            driver: Any = raw.driver_connection
            driver.add_termination_listener(on_lost)
            try:
                await driver.add_listener(self._channel, self._receive)
                self._wake_all()  # what was notified while nobody listened is lost
                await lost.wait()
            finally:
                driver.remove_termination_listener(on_lost)
                await connection.invalidate()

    def _receive(self, connection: Any, process: int, channel: str, payload: str) -> None:
        if payload in TOPICS:
            self._wakeups.notify(payload)

    def _wake_all(self) -> None:
        for topic in TOPICS:
            self._wakeups.notify(topic)
