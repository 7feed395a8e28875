"""When the database cannot be used, and how word passes between replicas (K-08)."""

import asyncio
import secrets
import traceback
from pathlib import Path

import pytest
from sqlalchemy import text

from support.backend.real_postgresql import PostgresqlServer
from support.backend.store_under_test import DatabaseMaker, StoreUnderTest
from support.runtime.manual_clock import START
from yoi_bundle.errors import YoiError
from yoi_wire.backend.errors import BackendUnavailableError
from yoi_wire.errors import StoreCorruptError
from yoi_workspace_server.store.database.wakeups import LocalWakeups
from yoi_workspace_server.store.store import open_store

pytestmark = pytest.mark.req("K-08")

_DEADLINE_SECONDS = 30


async def _start(url: str) -> None:
    async with open_store(url):
        pass


def _catch(url: str) -> YoiError:
    with pytest.raises(YoiError) as caught:
        asyncio.run(_start(url))
    return caught.value


def test_a_server_that_is_not_there_is_unavailable_and_its_password_stays_hidden(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    secret = secrets.token_hex(16)
    error = _catch(f"postgresql://user:{secret}@/yoi?host={tmp_path}")
    assert isinstance(error, BackendUnavailableError)
    assert (error.reason, error.retryable) == ("database_unreachable", True)
    assert secret not in "".join(traceback.format_exception(error))
    assert secret not in caplog.text


def test_a_database_that_does_not_exist_is_unavailable(postgresql_server: PostgresqlServer) -> None:
    url = postgresql_server.create_database()
    postgresql_server.drop_database(url)
    error = _catch(url)
    assert isinstance(error, BackendUnavailableError)
    assert error.reason == "database_unreachable"


def test_a_sqlite_database_belongs_to_one_store_at_a_time(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'a.db'}"
    maker = DatabaseMaker(tmp_path, None)
    url = maker.create()

    async def open_twice() -> None:
        async with open_store(url):
            await _start(url)

    with pytest.raises(BackendUnavailableError) as caught:
        asyncio.run(open_twice())
    assert caught.value.reason == "database_in_use"
    asyncio.run(_start(url))


def test_a_file_that_is_no_database_is_said_to_be_damaged(tmp_path: Path) -> None:
    (tmp_path / "a.db").write_bytes(b"not a database " * 100)
    error = _catch(f"sqlite:///{tmp_path / 'a.db'}")
    assert isinstance(error, StoreCorruptError)
    assert error.what == "database"


def test_only_its_owner_may_read_the_file_of_a_database(tmp_path: Path) -> None:
    maker = DatabaseMaker(tmp_path, None)
    del maker
    (database,) = tmp_path.glob("*.db")
    assert database.stat().st_mode & 0o077 == 0


def test_a_record_that_cannot_be_read_is_said_to_be_damaged(world: StoreUnderTest) -> None:
    world.add_workspace()

    async def damage() -> None:
        statement = text('UPDATE workspace SET source = \'{"kind":"elsewhere"}\'')
        async with world.store._database.write(world.now) as transaction:
            await transaction.connection.execute(statement)

    world.run(damage())
    with pytest.raises(StoreCorruptError) as caught:
        world.run(world.store.workspaces.get_workspace("library"))
    assert caught.value.what == "record"


def test_an_activation_wakes_who_waits_for_work_on_every_replica(world: StoreUnderTest) -> None:
    world.add_workspace()
    world.publish("a")
    replica = world.open_replica()

    async def wait_for_work() -> bool:
        async with asyncio.timeout(_DEADLINE_SECONDS):
            if replica is not world.store:  # it wakes everyone once when it begins to listen
                await replica.wakeups.wait("pairs", seen=0, timeout_seconds=_DEADLINE_SECONDS)
            seen = replica.wakeups.count("pairs")
            waiting = asyncio.create_task(
                replica.wakeups.wait("pairs", seen=seen, timeout_seconds=_DEADLINE_SECONDS)
            )
            await world.store.activations.activate("library", 1, actor="ann", reason="", now=world.now)
            return await waiting != seen

    assert world.run(wait_for_work())


def test_a_listener_whose_connection_was_cut_listens_again(
    postgresql_server: PostgresqlServer, tmp_path: Path
) -> None:
    maker = DatabaseMaker(tmp_path, postgresql_server)
    world = StoreUnderTest(maker.create())
    world.add_workspace()
    world.publish("a")
    query = "SELECT pid FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND datname = current_database()"

    async def find_listener(known: frozenset[int]) -> int:
        """Return the process that listens, and is none of those known."""
        async with asyncio.timeout(_DEADLINE_SECONDS):
            while True:
                async with world.store._database.read() as connection:
                    found = set((await connection.execute(text(query))).scalars()) - known
                if found:
                    return int(found.pop())
                await asyncio.sleep(0.02)

    async def cut() -> bool:
        first = await find_listener(frozenset())
        async with world.store._database.read() as connection:
            await connection.execute(text(f"SELECT pg_terminate_backend({first})"))
        await find_listener(frozenset({first}))
        return True

    try:
        assert world.run(cut())
        other = open_store(world.url)

        async def notify() -> bool:
            async with other, asyncio.timeout(_DEADLINE_SECONDS):
                while (
                    seen := world.store.wakeups.count("pairs")
                ) < 2:  # it woke everyone as it listened, twice
                    await world.store.wakeups.wait("pairs", seen=seen, timeout_seconds=_DEADLINE_SECONDS)
                seen = world.store.wakeups.count("pairs")
                await other.activations.activate("library", 1, actor="ann", reason="", now=START)
                now = await world.store.wakeups.wait("pairs", seen=seen, timeout_seconds=_DEADLINE_SECONDS)
                return now != seen

        assert world.run(notify())
    finally:
        world.close()


def test_a_wakeup_before_the_wait_is_not_lost() -> None:
    async def wait() -> tuple[int, int]:
        wakeups = LocalWakeups()
        seen = wakeups.count("audit")
        wakeups.notify("audit")
        return seen, await wakeups.wait("audit", seen=seen, timeout_seconds=_DEADLINE_SECONDS)

    seen, now = asyncio.run(wait())
    assert now == seen + 1


def test_a_wait_without_news_ends_with_its_time() -> None:
    async def wait() -> tuple[int, int]:
        wakeups = LocalWakeups()
        wakeups.notify("pairs")
        seen = wakeups.count("audit")
        return seen, await wakeups.wait("audit", seen=seen, timeout_seconds=0.01)

    seen, now = asyncio.run(wait())
    assert now == seen
