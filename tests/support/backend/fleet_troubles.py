"""What happens to a fleet while it is being published to: the same for each seed."""

import asyncio
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, TypeAlias

from support.processes.served_fleet import Fleet, FleetRuntime
from support.processes.served_replica import ServedReplica

_Repair: TypeAlias = Callable[[], Coroutine[Any, Any, None]]


class FleetTroubles:
    """Kills, cuts and what mends them, before which revision.

    Every Runtime is killed at least once, at some time or in the middle of a pack, and started again later. One cannot
    be reached for a quarter of the time. A replica is killed twice in the middle of somebody's pack.

    Attributes:
        done: How often each thing happened.
    """

    def __init__(self, fleet: Fleet, revisions: int, seed: int) -> None:
        self.done: Counter[str] = Counter()
        self._fleet = fleet
        self._harm: defaultdict[int, list[Callable[[], None]]] = defaultdict(list)
        self._repairs: defaultdict[int, list[_Repair]] = defaultdict(list)
        self._running: list[asyncio.Task[None]] = []
        self._shaky: Counter[str] = Counter()
        source = random.Random(seed)
        middle = revisions // 2
        for number, runtime in enumerate(fleet.runtimes):
            self._plan_kill(runtime, source.randrange(2, middle - 3), source, in_pack=number % 2 == 0)
        for runtime in source.sample(list(fleet.runtimes), len(fleet.runtimes) // 4):
            self._plan_kill(runtime, source.randrange(middle, revisions - 3), source, in_pack=True)
        self._plan_cut(source.choice(fleet.runtimes), revisions // 4, revisions // 2)
        for at in (revisions // 3, 2 * revisions // 3):
            self._plan_replica(fleet.replicas[0], source.choice(fleet.runtimes), at)

    async def strike(self, revision: int) -> None:
        """Do what is to happen before a revision; what mends things takes its time beside all else."""
        if self._harm[revision]:
            await asyncio.gather(*self._running)
        for harm in self._harm[revision]:
            harm()
        self._running += [asyncio.create_task(repair()) for repair in self._repairs.pop(revision, [])]

    def list_steady(self) -> list[FleetRuntime]:
        """Return the Runtimes to which nothing is happening."""
        return [one for one in self._fleet.runtimes if not self._shaky[one.name]]

    async def finish(self) -> None:
        """Return once everything runs and can be reached."""
        for revision in sorted(self._repairs):
            self._running += [asyncio.create_task(repair()) for repair in self._repairs.pop(revision)]
        await asyncio.gather(*self._running)

    def _plan_kill(self, runtime: FleetRuntime, at: int, source: random.Random, *, in_pack: bool) -> None:
        self._harm[at].append(partial(self._kill, runtime, in_pack=in_pack))
        self._repairs[at + source.randrange(1, 4)].append(partial(self._restart, runtime))

    def _plan_cut(self, runtime: FleetRuntime, begin: int, end: int) -> None:
        async def mend() -> None:
            runtime.link.mend()
            self._shaky[runtime.name] -= 1

        def cut() -> None:
            runtime.link.cut()
            self._shaky[runtime.name] += 1
            self.done["cut off"] += 1

        self._harm[begin].append(cut)
        self._repairs[end].append(mend)

    def _plan_replica(self, replica: ServedReplica, runtime: FleetRuntime, at: int) -> None:
        def kill() -> None:
            if replica.listens:
                replica.kill()
                self.done["replica killed"] += 1

        def arm() -> None:
            runtime.link.strike = kill

        async def restart() -> None:
            kill()
            await asyncio.to_thread(replica.start)

        self._harm[at].append(arm)
        self._repairs[at + 3].append(restart)

    def _kill(self, runtime: FleetRuntime, *, in_pack: bool) -> None:
        def kill() -> None:
            if runtime.process.process.poll() is None:
                runtime.process.kill()
                self.done["killed in a pack" if in_pack else "killed"] += 1

        self._shaky[runtime.name] += 1
        if in_pack:
            runtime.link.strike = kill
        else:
            kill()

    async def _restart(self, runtime: FleetRuntime) -> None:
        runtime.link.strike = None
        if runtime.process.process.poll() is not None:
            await runtime.start()
        self._shaky[runtime.name] -= 1
