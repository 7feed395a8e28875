"""Replicas that stop in the middle of a sync: the other one goes on, and a late one changes nothing (K-04, K-08, R-11)."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from support.backend.real_postgresql import PostgresqlServer
from support.bundles.growing_library import GrowingLibrary
from support.processes.served_fleet import WORKSPACE, Fleet, open_fleet

pytestmark = pytest.mark.req("K-04", "K-08")

_LEASE_SECONDS = 3.0
_DEADLINE_SECONDS = 60.0


@pytest.fixture
def database(postgresql_server: PostgresqlServer) -> Iterator[str]:
    url = postgresql_server.create_database()
    yield url
    postgresql_server.drop_database(url)


def _play(directory: Path, database: str, story: Callable[[Fleet], Awaitable[None]]) -> None:
    """Play with one Runtime and, at first, one replica: it is known then which one syncs."""

    async def play() -> None:
        async with open_fleet(
            directory, database=database, runtimes=1, started=1, lease_seconds=_LEASE_SECONDS
        ) as fleet:
            await story(fleet)

    asyncio.run(play())


def test_what_a_killed_replica_was_at_is_done_by_the_other(tmp_path: Path, database: str) -> None:
    async def story(fleet: Fleet) -> None:
        first, second = fleet.replicas
        (runtime,) = fleet.runtimes
        runtime.link.strike = first.kill
        bundle = GrowingLibrary(WORKSPACE, seed=1).build_next()
        await fleet.publish(bundle)
        await asyncio.to_thread(second.start)
        await fleet.wait_for(bundle.digest, lambda: fleet.runtimes)
        assert not first.listens
        assert (await runtime.get_assignment()).digest == bundle.digest
        assert [pack.answered for pack in runtime.link.packs] == [False, True]
        assert runtime.link.count_resent() == 0

    _play(tmp_path, database, story)


@pytest.mark.req("R-11")
def test_a_replica_that_slept_longer_than_its_lease_takes_no_runtime_back(
    tmp_path: Path, database: str
) -> None:
    async def story(fleet: Fleet) -> None:
        sleeper, other = fleet.replicas
        (runtime,) = fleet.runtimes
        library = GrowingLibrary(WORKSPACE, seed=2)
        old, new = library.build_next(), library.build_next()
        late = runtime.link.hold_next("PUT /v1/assignments/")
        await fleet.publish(old)
        async with asyncio.timeout(_DEADLINE_SECONDS):
            await late.begun.wait()
        sleeper.pause()
        await asyncio.to_thread(other.start)
        await fleet.publish(new, to=other)
        await fleet.wait_for(new.digest, lambda: fleet.runtimes, ask=other)
        late.over.set()
        async with asyncio.timeout(_DEADLINE_SECONDS):
            await late.answered.wait()
        sleeper.resume()
        await fleet.wait_for(new.digest, lambda: fleet.runtimes, ask=sleeper)
        await fleet.wait_for_inspection()
        assert runtime.link.refusals == ["assignment.stale"]
        own = await runtime.get_assignment()
        assert (own.digest, own.revision) == (new.digest, 2)
        assert runtime.link.generations == sorted(runtime.link.generations)

    _play(tmp_path, database, story)
