"""Prober of Runtimes: one that answers anew has its pairs looked at at once (K-04)."""

import asyncio
import random
from collections.abc import Callable, Sequence

from yoi_bundle.errors import YoiError
from yoi_wire.clock import MILLISECONDS_A_SECOND, Clock
from yoi_wire.errors import RuntimeUnavailableError
from yoi_wire.paging import MAX_PAGE_SIZE, collect_pages
from yoi_workspace_server.event_log import LOG
from yoi_workspace_server.registry.contacting import contact_runtime, describe_failure
from yoi_workspace_server.registry.dialer import Dialer
from yoi_workspace_server.runtimes import RegisteredRuntime, RuntimeContact
from yoi_workspace_server.store.database.statements import parse_instant
from yoi_workspace_server.store.store import Store

_CONCURRENCY = 32
_TURN_SECONDS = 1.0
_ANSWER_SECONDS = 10.0
_SILENT_PERIODS = 4


class Prober:
    """Probes Runtimes until it is told to stop.

    Args:
        store: Where the registry is, and what was found goes.
        dialer: The way to Runtimes.
        clock: The source of time.
        period_seconds: How often each is asked; spread by a fifth either way.
        answer_seconds: How long one may take to answer.
        draw: Uniform in [0, 1).
    """

    def __init__(
        self,
        store: Store,
        dialer: Dialer,
        *,
        clock: Clock,
        period_seconds: float,
        answer_seconds: float = _ANSWER_SECONDS,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self._store = store
        self._dialer = dialer
        self._clock = clock
        self._period_seconds = period_seconds
        self._answer_seconds = answer_seconds
        self._draw = draw
        self._next: dict[str, int] = {}

    async def run(self, stopping: asyncio.Event) -> None:
        """Probe whatever is due, then wait a little."""
        turn = min(_TURN_SECONDS, self._period_seconds)
        stop = asyncio.create_task(stopping.wait())
        while not stop.done():
            # A Runtime that does not answer does not keep this process from ending.
            probing = asyncio.create_task(self._take_turn())
            await asyncio.wait({probing, stop}, return_when=asyncio.FIRST_COMPLETED)
            probing.cancel()
            await asyncio.gather(probing, return_exceptions=True)
            await asyncio.wait({stop}, timeout=turn)

    async def _take_turn(self) -> None:
        try:
            await self.probe_due()
        except YoiError as error:
            LOG.event("probing_paused", code=error.code)
        except Exception as error:  # noqa: BLE001 - the supervising loop
            LOG.event("probing_fault", error=type(error).__name__)

    async def probe_due(self) -> None:
        """Probe the Runtimes whose time has come, and write down how they are."""
        registered = await self._list_runtimes()
        self._forget_others({runtime.name for runtime in registered})
        now = self._clock.now()
        due = [runtime for runtime in registered if self._next.get(runtime.name, 0) <= now]
        for runtime in due:
            spread = 0.8 + 0.4 * self._draw()
            self._next[runtime.name] = now + int(self._period_seconds * spread * MILLISECONDS_A_SECOND)
        silent = [
            runtime for runtime in due if not self._dialer.reaches(runtime) and self._is_silent(runtime)
        ]
        await self._write([self._describe_silence(runtime) for runtime in silent])
        await self._probe_all([runtime for runtime in due if self._dialer.reaches(runtime)])

    async def _probe_all(self, reached: Sequence[RegisteredRuntime]) -> None:
        """Ask each, and write down within a second what it said: a word that is kept back may be no longer true."""
        limit = asyncio.Semaphore(_CONCURRENCY)

        async def probe(runtime: RegisteredRuntime) -> RuntimeContact:
            async with limit:
                return await self._contact(runtime)

        pending = {asyncio.create_task(probe(runtime)) for runtime in reached}
        try:
            while pending:
                done, pending = await asyncio.wait(pending, timeout=_TURN_SECONDS)
                await self._write([task.result() for task in done])
        finally:
            for task in pending:
                task.cancel()
            await asyncio.gather(*pending, return_exceptions=True)

    async def _contact(self, runtime: RegisteredRuntime) -> RuntimeContact:
        try:
            async with asyncio.timeout(self._answer_seconds):
                return await contact_runtime(self._dialer, runtime, self._clock)
        except TimeoutError:
            return self._describe_silence(runtime)

    def _is_silent(self, runtime: RegisteredRuntime) -> bool:
        """Tell whether the process that a Runtime is embedded in has not spoken to it for some periods: it has ended."""
        if runtime.reachability != "reachable" or runtime.last_seen_at is None:
            return False
        allowed = int(_SILENT_PERIODS * self._period_seconds * MILLISECONDS_A_SECOND)
        return parse_instant(runtime.last_seen_at) + allowed < self._clock.now()

    def _describe_silence(self, runtime: RegisteredRuntime) -> RuntimeContact:
        return describe_failure(runtime.name, RuntimeUnavailableError("unreachable"), self._clock)

    async def _list_runtimes(self) -> list[RegisteredRuntime]:
        return await collect_pages(
            lambda cursor: self._store.runtimes.list_runtimes(limit=MAX_PAGE_SIZE, cursor=cursor)
        )

    async def _write(self, contacts: Sequence[RuntimeContact]) -> None:
        for start in range(0, len(contacts), MAX_PAGE_SIZE):
            await self._store.runtimes.record_contacts(
                contacts[start : start + MAX_PAGE_SIZE], now=self._clock.now()
            )

    def _forget_others(self, names: set[str]) -> None:
        for name in set(self._next) - names:
            del self._next[name]
            self._dialer.forget(name)
