"""Ask every Runtime how it is, again and again: one that answers anew has its pairs looked at at once (K-04)."""

import asyncio
import random
from collections.abc import Callable, Sequence
from contextlib import suppress

from worker_runtime.clock import MILLISECONDS_A_SECOND, Clock
from worker_runtime.errors import RuntimeUnavailableError
from worker_runtime.paging import MAX_PAGE_SIZE
from worker_runtime.rest.request_log import log_event
from yoi_bundle.errors import YoiError
from yoi_workspace_server.registry.contacting import contact_runtime, describe_failure
from yoi_workspace_server.registry.dialing import Dialer
from yoi_workspace_server.runtimes import RegisteredRuntime, RuntimeContact
from yoi_workspace_server.store.instants import parse_instant
from yoi_workspace_server.store.store import Store

_CONCURRENCY = 32
_TURN_SECONDS = 1.0
_SILENT_PERIODS = 4


class Prober:
    """Probes Runtimes until it is told to stop.

    Args:
        store: Where the registry is, and what was found goes.
        dialer: The way to Runtimes.
        clock: The source of time.
        period_seconds: How often each is asked; spread by a fifth either way.
        draw: Uniform in [0, 1).
    """

    def __init__(
        self,
        store: Store,
        dialer: Dialer,
        *,
        clock: Clock,
        period_seconds: float,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self._store = store
        self._dialer = dialer
        self._clock = clock
        self._period_seconds = period_seconds
        self._draw = draw
        self._next: dict[str, int] = {}

    async def run(self, stopping: asyncio.Event) -> None:
        """Probe whatever is due, then wait a little."""
        turn = min(_TURN_SECONDS, self._period_seconds)
        while not stopping.is_set():
            try:
                await self.probe_due()
            except YoiError as error:
                log_event("probing_paused", code=error.code)
            except Exception as error:  # noqa: BLE001 - the supervising loop
                log_event("probing_fault", error=type(error).__name__)
            with suppress(TimeoutError):
                async with asyncio.timeout(turn):
                    await stopping.wait()

    async def probe_due(self) -> None:
        """Probe the Runtimes whose time has come, and write down how they are."""
        registered = await self._list_runtimes()
        self._forget_others({runtime.name for runtime in registered})
        now = self._clock.now()
        due = [runtime for runtime in registered if self._next.get(runtime.name, 0) <= now]
        limit = asyncio.Semaphore(_CONCURRENCY)

        async def probe(runtime: RegisteredRuntime) -> RuntimeContact:
            async with limit:
                return await contact_runtime(self._dialer, runtime, self._clock)

        contacts = await asyncio.gather(*(probe(runtime) for runtime in due if self._dialer.reaches(runtime)))
        silent = [
            runtime for runtime in due if not self._dialer.reaches(runtime) and self._is_silent(runtime)
        ]
        await self._write([*contacts, *map(self._describe_silence, silent)])
        for runtime in due:
            spread = 0.8 + 0.4 * self._draw()
            wait = int(self._period_seconds * spread * MILLISECONDS_A_SECOND)
            self._next[runtime.name] = self._clock.now() + wait

    def _is_silent(self, runtime: RegisteredRuntime) -> bool:
        """Tell whether the process that a Runtime is embedded in has not spoken to it for some periods: it has ended."""
        if runtime.reachability != "reachable" or runtime.last_seen_at is None:
            return False
        allowed = int(_SILENT_PERIODS * self._period_seconds * MILLISECONDS_A_SECOND)
        return parse_instant(runtime.last_seen_at) + allowed < self._clock.now()

    def _describe_silence(self, runtime: RegisteredRuntime) -> RuntimeContact:
        return describe_failure(runtime.name, RuntimeUnavailableError("unreachable"), self._clock)

    async def _list_runtimes(self) -> list[RegisteredRuntime]:
        found: list[RegisteredRuntime] = []
        cursor = None
        while True:
            page = await self._store.runtimes.list_runtimes(limit=MAX_PAGE_SIZE, cursor=cursor)
            found += page.items
            cursor = page.next_cursor
            if cursor is None:
                return found

    async def _write(self, contacts: Sequence[RuntimeContact]) -> None:
        for start in range(0, len(contacts), MAX_PAGE_SIZE):
            await self._store.runtimes.record_contacts(
                contacts[start : start + MAX_PAGE_SIZE], now=self._clock.now()
            )

    def _forget_others(self, names: set[str]) -> None:
        for name in set(self._next) - names:
            del self._next[name]
            self._dialer.forget(name)
