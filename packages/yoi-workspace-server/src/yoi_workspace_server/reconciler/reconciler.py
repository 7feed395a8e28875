"""Reconciliation loop: claim what is due, attempt it, settle it; a trigger only says when (K-04).

Any number of processes may run one on the same database. Claims are leases there; a process that was stopped or cut off
loses them, and what it still does to a Runtime is fenced by the generation.
"""

import asyncio
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress

from yoi_bundle.errors import YoiError
from yoi_wire.clock import MILLISECONDS_A_SECOND, Clock
from yoi_workspace_server.event_log import LOG
from yoi_workspace_server.reconciler.attempt import Attempts
from yoi_workspace_server.reconciler.bundle_cache import BundleCache
from yoi_workspace_server.reconciler.settings import ReconcilerSettings
from yoi_workspace_server.registry.dialer import Dialer
from yoi_workspace_server.runtimes import RegisteredRuntime, RuntimeContact
from yoi_workspace_server.store.store import Store
from yoi_workspace_server.sync_status import Claim, PairKey, PairStatus, Settlement

_BATCH = 200
_LONGEST_WAIT_SECONDS = 15.0
_PAUSE_AFTER_FAULT_SECONDS = 1.0


def _log(settlement: Settlement) -> None:
    facts = {"runtime": settlement.key.runtime, "workspace": settlement.key.workspace}
    if settlement.problem is not None:
        LOG.event("sync_failed", **facts, code=settlement.problem.code)
    elif settlement.audit:
        LOG.event("sync_done", **facts)


async def _sleep_unless(stopping: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stopping.wait()


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


class Reconciler:
    """Reconciles pairs until it is told to stop.

    Args:
        store: Where pairs are kept.
        dialer: The way to Runtimes.
        clock: The source of time.
        owner: What this process calls itself in claims.
        settings: How much, how often.
        draw: Uniform in [0, 1).
        observe: Told of every attempt whose end has been written down.
    """

    def __init__(
        self,
        store: Store,
        dialer: Dialer,
        *,
        clock: Clock,
        owner: str,
        settings: ReconcilerSettings | None = None,
        draw: Callable[[], float] = random.random,
        observe: Callable[[Settlement], None] = lambda _: None,
    ) -> None:
        self._store = store
        self._dialer = dialer
        self._clock = clock
        self._owner = owner
        self._observe = observe
        self.settings = settings or ReconcilerSettings()
        self._contacts: list[RuntimeContact] = []
        self._attempts = Attempts(
            dialer,
            BundleCache(store),
            settings=self.settings,
            clock=clock,
            draw=draw,
            report=self._contacts.append,
        )
        self._writer = SettlementWriter(store, clock)
        self._running: dict[PairKey, tuple[Claim, asyncio.Task[None]]] = {}
        self._slots = asyncio.Semaphore(self.settings.concurrency)
        self._next_due: int | None = None
        self._settled = asyncio.Event()
        self._on_runtime: defaultdict[str, asyncio.Semaphore] = defaultdict(
            lambda: asyncio.Semaphore(self.settings.concurrency_per_runtime)
        )

    async def run(self, stopping: asyncio.Event) -> None:
        """Work until `stopping` is set; attempts that are under way are given up then, and their pairs set free."""
        keeper = asyncio.create_task(self._keep_leases())
        try:
            while not stopping.is_set():
                await self._turn(stopping)
        finally:
            keeper.cancel()
            await asyncio.gather(keeper, return_exceptions=True)
            await self._give_up()

    async def sync_now(self, key: PairKey, *, deadline_seconds: float) -> PairStatus | None:
        """Attempt one pair at once, or wait for whoever is at it; return how it stands then, or at the deadline.

        Returns:
            None when there is no such pair.
        """
        end = asyncio.get_running_loop().time() + deadline_seconds
        while True:
            claim = await self._store.claims.claim_pair(
                key,
                self._owner,
                lease_seconds=self.settings.lease_seconds,
                now=self._clock.now(),
                embedded=self._dialer.embedded,
            )
            if claim is not None:
                runtime = await self._store.runtimes.get_runtime(key.runtime)
                # Who asked may go away; the attempt goes on, or its lease would stand in everybody's way.
                left = max(0.0, end - asyncio.get_running_loop().time())
                await asyncio.wait({self._start(claim, runtime)}, timeout=left)
                return await self._store.pairs.find_pair(key)
            status = await self._store.pairs.find_pair(key)
            if status is None or asyncio.get_running_loop().time() >= end:
                return status
            seen = self._store.wakeups.count("pairs")
            await self._store.wakeups.wait("pairs", seen=seen, timeout_seconds=0.2)

    async def _turn(self, stopping: asyncio.Event) -> None:
        """Start what is due; when nothing is, wait for news, or for the next pair to become due."""
        seen = self._store.wakeups.count("pairs")
        try:
            if not await self._start_due():
                await self._wait_for_news(seen, stopping)
        except YoiError as error:
            LOG.event("reconciler_paused", code=error.code)
            await _sleep_unless(stopping, _PAUSE_AFTER_FAULT_SECONDS)
        except Exception as error:  # noqa: BLE001 - the supervising loop
            LOG.event("reconciler_fault", error=type(error).__name__)
            await _sleep_unless(stopping, _PAUSE_AFTER_FAULT_SECONDS)

    async def _start_due(self) -> int:
        if len(self._running) >= self.settings.concurrency:
            # As many more are claimed already as fill a batch: a claim for each free place would cost more.
            tasks = [task for _, task in self._running.values()]
            await asyncio.wait(tasks, timeout=_LONGEST_WAIT_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            return len(tasks)
        claims = await self._store.claims.claim_due(
            self._owner,
            limit=_BATCH,
            lease_seconds=self.settings.lease_seconds,
            now=self._clock.now(),
            embedded=self._dialer.embedded,
            most_of_each=self.settings.concurrency_per_runtime,
            passing_over=self._find_full(),
        )
        runtimes = await self._store.runtimes.get_runtimes(
            sorted({claim.status.key.runtime for claim in claims})
        )
        for claim in claims:
            runtime = runtimes.get(claim.status.key.runtime)
            if runtime is not None:
                self._start(claim, runtime)
        return len(claims)

    def _start(self, claim: Claim, runtime: RegisteredRuntime) -> asyncio.Task[None]:
        key = claim.status.key
        task = asyncio.create_task(self._attempt(claim, runtime), name=f"sync {key.runtime}/{key.workspace}")
        self._running[key] = (claim, task)
        task.add_done_callback(lambda _: self._end(key, task))
        return task

    def _end(self, key: PairKey, task: asyncio.Task[None]) -> None:
        """Forget an attempt, unless its lease ran out and the pair was claimed anew meanwhile."""
        if key.runtime in self._find_full():
            self._note_due(self._clock.now())  # others of its pairs were passed over
        running = self._running.get(key)
        if running is not None and running[1] is task:
            del self._running[key]

    def _find_full(self) -> frozenset[str]:
        """Return the Runtimes that have as many attempts as they may; what waits for them would keep others waiting."""
        counts = Counter(key.runtime for key in self._running)
        most = self.settings.concurrency_per_runtime
        return frozenset(name for name, count in counts.items() if count >= most)

    async def _attempt(self, claim: Claim, runtime: RegisteredRuntime) -> None:
        try:
            async with self._on_runtime[runtime.name], self._slots:
                settlement = await self._attempts.make(claim, runtime)
            # At once: what a Runtime said of itself must not overwrite what it says later.
            await self._write_contacts()
            await self._writer.write(settlement)
            self._note_due(settlement.due_at)
            self._observe(settlement)
            _log(settlement)
        except YoiError as error:
            # The database is gone for a while: the lease runs out, and the pair is as due as it was.
            LOG.event("sync_unsettled", runtime=runtime.name, code=error.code)
        except Exception as error:  # noqa: BLE001 - one pair's fault is not the others'
            LOG.event("sync_fault", runtime=runtime.name, error=type(error).__name__)

    def _note_due(self, due_at: int) -> None:
        if self._next_due is None or due_at < self._next_due:
            self._next_due = due_at
            self._settled.set()

    async def _wait_for_news(self, seen: int, stopping: asyncio.Event) -> None:
        self._next_due = None  # what is noted while the database is asked counts, too
        found = await self._store.claims.find_next_due(
            now=self._clock.now(), embedded=self._dialer.embedded, passing_over=self._find_full()
        )
        if found is not None:
            self._note_due(found)
        news = asyncio.create_task(
            self._store.wakeups.wait("pairs", seen=seen, timeout_seconds=_LONGEST_WAIT_SECONDS)
        )
        stop = asyncio.create_task(stopping.wait())
        try:
            while not (news.done() or stop.done()):
                wait = self._compute_wait()
                if wait <= 0:
                    return
                self._settled.clear()
                sooner = asyncio.create_task(self._settled.wait())
                await asyncio.wait({news, stop, sooner}, timeout=wait, return_when=asyncio.FIRST_COMPLETED)
                sooner.cancel()
        finally:
            news.cancel()
            stop.cancel()
            await asyncio.gather(news, stop, return_exceptions=True)

    def _compute_wait(self) -> float:
        """Return the seconds until some pair is due, as far as this process knows."""
        if self._next_due is None:
            return _LONGEST_WAIT_SECONDS
        return min((self._next_due - self._clock.now()) / MILLISECONDS_A_SECOND, _LONGEST_WAIT_SECONDS)

    async def _write_contacts(self) -> None:
        contacts, self._contacts[:] = self._contacts[:], []
        await self._store.runtimes.record_contacts(contacts, now=self._clock.now())

    async def _keep_leases(self) -> None:
        """Lengthen the leases of what is under way; stop what somebody else has taken over."""
        while True:
            await asyncio.sleep(self.settings.lease_seconds / 3)
            held = [claim for claim, _ in self._running.values()]
            try:
                kept = await self._store.claims.extend(
                    held, lease_seconds=self.settings.lease_seconds, now=self._clock.now()
                )
            except YoiError as error:
                LOG.event("leases_not_extended", code=error.code)
                continue
            except Exception as error:  # noqa: BLE001 - who keeps the leases outlives a fault
                LOG.event("lease_fault", error=type(error).__name__)
                continue
            self._stop_lost(held, kept)

    def _stop_lost(self, held: Sequence[Claim], kept: frozenset[PairKey]) -> None:
        for claim in held:
            running = self._running.get(claim.status.key)
            if running is not None and running[0] is claim and claim.status.key not in kept:
                running[1].cancel()

    async def _give_up(self) -> None:
        running = list(self._running.values())
        for _, task in running:
            task.cancel()
        await asyncio.gather(*(task for _, task in running), return_exceptions=True)
        await self._writer.flush()
        try:
            await self._store.claims.release([claim for claim, _ in running], now=self._clock.now())
        except YoiError as error:
            LOG.event("claims_not_released", code=error.code)
