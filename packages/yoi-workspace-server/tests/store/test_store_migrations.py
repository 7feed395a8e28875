"""The schema: made by migrations alone, on both databases (K-08)."""

import asyncio
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from support.backend.store_under_test import DatabaseMaker
from yoi_wire.backend.errors import BackendUnavailableError
from yoi_wire.errors import RequestInvalidError
from yoi_workspace_server.store import migrations
from yoi_workspace_server.store.database.address import parse_address
from yoi_workspace_server.store.database.migration import migrate, read_revision
from yoi_workspace_server.store.database.transactions import Database
from yoi_workspace_server.store.store import open_store
from yoi_workspace_server.store.tables import metadata

pytestmark = pytest.mark.req("K-08")

_FIRST = "0001"


def _list_differences(connection: Connection) -> list[object]:
    return list(compare_metadata(MigrationContext.configure(connection), metadata))


async def _ask(url: str, *statements: str) -> tuple[str | None, list[object]]:
    database = Database(parse_address(url))
    try:
        async with database.engines.writing.begin() as connection:
            for statement in statements:
                await connection.execute(text(statement))
            return await connection.run_sync(read_revision), await connection.run_sync(_list_differences)
    finally:
        await database.close()


async def _start(url: str) -> None:
    async with open_store(url):
        pass


def _catch_start(url: str) -> str:
    with pytest.raises(BackendUnavailableError) as caught:
        asyncio.run(_start(url))
    return caught.value.reason


def test_the_migrated_schema_is_that_of_the_tables(database_maker: DatabaseMaker) -> None:
    url = database_maker.create_empty()
    asyncio.run(migrate(url))
    revision, differences = asyncio.run(_ask(url))
    assert revision is not None
    assert differences == []


def test_a_missing_column_would_be_seen(database_maker: DatabaseMaker) -> None:
    url = database_maker.create_empty()
    asyncio.run(migrate(url))
    _, differences = asyncio.run(_ask(url, "ALTER TABLE runtime DROP COLUMN version"))
    assert differences


def test_a_database_of_the_first_schema_is_brought_up_to_the_last(database_maker: DatabaseMaker) -> None:
    url = database_maker.create_empty()
    asyncio.run(migrate(url, target=_FIRST))
    assert asyncio.run(_ask(url))[0] == _FIRST
    asyncio.run(migrate(url))
    scripts = ScriptDirectory(str(Path(migrations.__file__).parent))
    assert asyncio.run(_ask(url)) == (scripts.get_current_head(), [])
    asyncio.run(_start(url))


def test_replicas_that_migrate_at_once_all_find_it_done(database_maker: DatabaseMaker) -> None:
    url = database_maker.create_empty()
    attempts = 1 if url.startswith("sqlite") else 3

    async def migrate_all() -> None:
        await asyncio.gather(*(migrate(url) for _ in range(attempts)))

    asyncio.run(migrate_all())
    asyncio.run(_start(url))


def test_a_database_without_the_schema_is_not_used(database_maker: DatabaseMaker) -> None:
    url = database_maker.create_empty()
    assert _catch_start(url) == "schema_outdated"


def test_a_database_of_a_newer_version_is_neither_used_nor_touched(database_maker: DatabaseMaker) -> None:
    url = database_maker.create()
    asyncio.run(_ask(url, "UPDATE alembic_version SET version_num = '9999'"))
    assert _catch_start(url) == "schema_newer"
    with pytest.raises(BackendUnavailableError) as caught:
        asyncio.run(migrate(url))
    assert caught.value.reason == "schema_newer"
    assert asyncio.run(_ask(url))[0] == "9999"


def test_a_migration_that_fails_leaves_nothing_behind(database_maker: DatabaseMaker) -> None:
    url = database_maker.create_empty()
    asyncio.run(_ask(url, "CREATE TABLE audit (id INTEGER)"))
    with pytest.raises(BackendUnavailableError):
        asyncio.run(migrate(url))
    revision, _ = asyncio.run(_ask(url, "DROP TABLE audit"))
    assert revision is None
    asyncio.run(migrate(url))


def test_an_unknown_database_is_refused_without_repeating_its_url() -> None:
    secret = "hunter" + "2"
    for url in (f"mysql://u:{secret}@db/x", f"postgresql://u:{secret}@db:port/x", f"{secret}", "sqlite://"):
        with pytest.raises(RequestInvalidError) as caught:
            parse_address(url)
        assert secret not in f"{caught.value}{caught.value.details()}"
        assert caught.value.field == "database"


def test_an_address_does_not_show_its_password() -> None:
    secret = "hunter" + "2"
    address = parse_address(f"postgresql://u:{secret}@db/x?sslmode=require")
    assert secret not in f"{address!r} {address}"
    assert address.url.query == {"ssl": "require"}
