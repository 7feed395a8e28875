"""Replicas and Runtimes as real processes that are killed, cut off and started again: at the end all of it is true (K-04, K-05, K-08)."""

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.backend.fleet_troubles import FleetTroubles
from support.backend.real_postgresql import PostgresqlServer
from support.bundles.growing_library import GrowingLibrary
from support.processes.served_fleet import WORKSPACE, Fleet, open_fleet
from support.processes.served_replica import ServedReplica


@pytest.fixture
def database(postgresql_server: PostgresqlServer) -> Iterator[str]:
    url = postgresql_server.create_database()
    yield url
    postgresql_server.drop_database(url)


async def _play_troubles(directory: Path, database: str, *, revisions: int, runtimes: int) -> str:
    """Publish through all kinds of trouble, then compare what is said with what is; return the figures."""
    library = GrowingLibrary(WORKSPACE, seed=revisions)
    async with open_fleet(directory, database=database, runtimes=runtimes) as fleet:
        troubles = FleetTroubles(fleet, revisions, seed=revisions)
        for revision in range(1, revisions + 1):
            await troubles.strike(revision)
            bundle = library.build_next()
            await fleet.publish(bundle)
            if revision % 3 != 0:
                await fleet.wait_for(bundle.digest, troubles.list_steady)
        await troubles.finish()
        await fleet.wait_for(bundle.digest, lambda: fleet.runtimes)
        await fleet.wait_for_inspection()
        for replica in fleet.replicas:
            await _verify_statuses(fleet, replica)
            await _verify_history(fleet, replica)
        assert all(replica.has_logged("sync_done") for replica in fleet.replicas), "they divide the work"
        packs = [pack for runtime in fleet.runtimes for pack in runtime.link.packs]
        assert {runtime.name: runtime.link.count_resent() for runtime in fleet.runtimes} == {
            runtime.name: 0 for runtime in fleet.runtimes
        }
        cut = sum(not pack.answered for pack in packs)
        return f"{dict(troubles.done)}; {len(packs)} packs, {cut} of them cut"


async def _verify_statuses(fleet: Fleet, replica: ServedReplica) -> None:
    """What the replica says of each Runtime is what that says itself, and what it should be."""
    rows = await fleet.list_availability(replica)
    assert len(rows) == len(fleet.runtimes)
    last = fleet.published[-1].digest
    for runtime in fleet.runtimes:
        row, own = rows[runtime.name], await runtime.get_assignment()
        assert (row["state"], row["skew"], row["problem"], row["attempts"]) == ("in_sync", 0, None, 0)
        said = row["observed"]
        assert (said["digest"], said["revision"], said["generation"]) == (
            own.digest,
            own.revision,
            own.generation,
        )
        assert (own.digest, own.revision) == (last, len(fleet.published))
        assert set(row["stored"]) == await runtime.list_stored()
        assert last in row["stored"]


async def _verify_history(fleet: Fleet, replica: ServedReplica) -> None:
    """Every revision is there, was activated once, and the records have no gap."""
    api = fleet.ask(replica)
    digests = [bundle.digest for bundle in fleet.published]
    expected = list(enumerate(digests, 1))
    revisions = await api.list_all(f"workspaces/{WORKSPACE}/revisions")
    assert sorted((one["revision"], one["digest"]) for one in revisions) == expected
    activations = sorted(
        await api.list_all(f"workspaces/{WORKSPACE}/activations"), key=lambda one: int(one["generation"])
    )
    assert [(one["revision"], one["digest"]) for one in activations] == expected
    assert len({one["generation"] for one in activations}) == len(activations)
    sequences = sorted(int(one["sequence"]) for one in await api.list_all("audit"))
    assert sequences == list(range(1, len(sequences) + 1))


@pytest.mark.req("K-04", "K-05", "K-08", "R-04")
def test_a_fleet_that_is_killed_and_cut_while_it_is_published_to_ends_up_right(
    tmp_path: Path, database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    figures = asyncio.run(_play_troubles(tmp_path, database, revisions=30, runtimes=8))
    with capsys.disabled():
        sys.stdout.write(f"\n30 revisions, 8 Runtimes, 2 replicas: {figures}\n")


@pytest.mark.soak
@pytest.mark.req("K-04", "K-05", "K-08", "R-04")
def test_a_large_fleet_that_is_killed_and_cut_ends_up_right(
    tmp_path: Path, database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    figures = asyncio.run(_play_troubles(tmp_path, database, revisions=50, runtimes=20))
    with capsys.disabled():
        sys.stdout.write(f"\n50 revisions, 20 Runtimes, 2 replicas: {figures}\n")
