"""Wakeups between processes, by PostgreSQL's LISTEN and NOTIFY."""

import asyncio
from typing import Any

import asyncpg
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from yoi_workspace_server.store.database.wakeups import TOPICS, LocalWakeups

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
