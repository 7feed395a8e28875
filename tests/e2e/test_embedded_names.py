"""An embedded Runtime belongs to one process: replicas on one database do not fight about a name (K-08)."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from support.backend.real_postgresql import PostgresqlServer
from support.bundles.small_bundles import build_small_bundle
from support.processes.served_fleet import wait_until, write_small_archive
from support.processes.served_replica import ReplicaApi, ServedReplica
from worker_runtime.trust.identity import create_identity
from yoi_bundle.media_types import BUNDLE_ARCHIVE_MEDIA_TYPE

pytestmark = pytest.mark.req("K-08")

_SETTINGS = """
[reconciler]
confirm_seconds = 0.5
probe_seconds = 0.5
backoff = {{ first_seconds = 0.1, max_seconds = 1.0 }}

[embedded]
name = "{name}"
"""


@pytest.fixture
def database(postgresql_server: PostgresqlServer) -> Iterator[str]:
    url = postgresql_server.create_database()
    yield url
    postgresql_server.drop_database(url)


def _build(directory: Path, database: str, *names: str) -> list[ServedReplica]:
    identity = directory / "identity.json"
    create_identity(identity, issuer="main")
    return [
        ServedReplica(
            directory / f"replica-{number}",
            database=database,
            identity=identity,
            settings=_SETTINGS.format(name=name),
        )
        for number, name in enumerate(names)
    ]


def test_a_name_that_another_process_has_is_refused_at_start(tmp_path: Path, database: str) -> None:
    first, second = _build(tmp_path, database, "here", "here")
    try:
        first.start()
        with pytest.raises(AssertionError, match=r"error: runtime\.conflict"):
            second.start()
        assert second.process.wait(10) == 1
    finally:
        first.clean_up()
        second.clean_up()


def test_each_process_looks_after_its_own_and_an_ended_ones_is_unreachable(
    tmp_path: Path, database: str
) -> None:
    replicas = _build(tmp_path, database, "here", "there")
    here = replicas[0]

    async def play() -> None:
        headers = {"Authorization": f"Bearer {here.read_token()}"}
        async with aiohttp.ClientSession(headers=headers) as session:
            apis = [ReplicaApi(session, replica.url) for replica in replicas]
            await apis[0].post("workspaces", {"id": "library", "source": {"kind": "published"}})
            await _wait_for(apis[0], here="reachable", there="reachable")
            for number in range(5):
                await _publish(apis[number % 2], b"Be kind for the %dth time.\n" % number)
            actions = [one["action"] for one in await apis[0].list_all("audit")]
            assert actions.count("sync.succeeded") >= 2
            assert "sync.failed" not in actions
            await asyncio.to_thread(here.kill)
            await _wait_for(apis[1], here="unreachable", there="reachable")
            rows = await apis[1].list_all("availability", workspace="library")
            assert {row["runtime"]: row["problem"] for row in rows} == {"here": None, "there": None}
            await asyncio.to_thread(here.start)
            await _wait_for(apis[0], here="reachable", there="reachable")

    try:
        for replica in replicas:
            replica.start()
        asyncio.run(play())
    finally:
        for replica in replicas:
            replica.clean_up()


async def _publish(api: ReplicaApi, text: bytes) -> None:
    """Publish a bundle, and wait until both Runtimes have said that they have it."""
    bundle = build_small_bundle(prompts={"greeting": text})
    archive = write_small_archive(bundle)
    await api.send("workspaces/library/bundles", archive, BUNDLE_ARCHIVE_MEDIA_TYPE)

    async def list_rows() -> list[Any]:
        return await api.list_all("availability", workspace="library")

    async def holds() -> bool:
        found = [(row["state"], row["desired"] and row["desired"]["digest"]) for row in await list_rows()]
        return found == [("in_sync", bundle.digest)] * 2

    async def describe() -> str:
        return str(await list_rows())

    await wait_until(holds, describe)


async def _wait_for(api: ReplicaApi, **expected: str) -> None:
    async def list_reachability() -> dict[str, str]:
        return {one["name"]: one["reachability"] for one in await api.list_all("runtimes")}

    async def holds() -> bool:
        return await list_reachability() == expected

    async def describe() -> str:
        return str(await list_reachability())

    await wait_until(holds, describe)
