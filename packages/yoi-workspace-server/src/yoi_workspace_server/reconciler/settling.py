"""Batch writer of settlements: one transaction each time the last one has been written (P-08)."""

import asyncio

from yoi_wire.clock import Clock
from yoi_workspace_server.store.store import Store
from yoi_workspace_server.sync_status import Settlement

_BATCH = 200


class SettlementWriter:
    """Writes settlements; those that come while a transaction is under way share the next one."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._waiting: list[tuple[Settlement, asyncio.Future[None]]] = []
        self._task: asyncio.Task[None] | None = None

    async def write(self, settlement: Settlement) -> None:
        """Return once the settlement is durable, or its lease turned out to be lost.

        Raises:
            BackendUnavailableError: The database did not take it; nothing of its batch is written.
        """
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((settlement, done))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._write_all())
        await done

    async def flush(self) -> None:
        """Wait until nothing is being written."""
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)

    async def _write_all(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:_BATCH], self._waiting[_BATCH:]
            try:
                await self._store.settling.settle([one for one, _ in batch], now=self._clock.now())
            except Exception as error:  # noqa: BLE001 - whoever waits is told, whatever went wrong
                for _, done in batch:
                    if not done.done():
                        done.set_exception(error)
                continue
            for _, done in batch:
                if not done.done():
                    done.set_result(None)
