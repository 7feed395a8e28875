"""The data of an older version, as its own server wrote it, brought up to date on every database (K-08)."""

import asyncio
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Boolean, Connection, MetaData, Table, insert, select, text

from support.backend.store_under_test import DatabaseMaker, StoreUnderTest
from yoi_wire.backend.workspaces import GitSource
from yoi_workspace_server.audit import compute_record_hash
from yoi_workspace_server.store.database.address import parse_address
from yoi_workspace_server.store.database.migration import migrate
from yoi_workspace_server.store.database.transactions import Database

pytestmark = pytest.mark.req("K-08")

_RECORDED = Path(__file__).parent / "data" / "schema_0001.sql"
Rows = Mapping[str, Sequence[Mapping[str, Any]]]


def _read_recorded() -> Rows:
    database = sqlite3.connect(":memory:")
    database.executescript(_RECORDED.read_text())
    database.row_factory = sqlite3.Row
    names = database.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
    )
    tables = [row["name"] for row in names if row["name"] != "alembic_version"]
    return {name: [dict(row) for row in database.execute(f'SELECT * FROM "{name}"')] for name in tables}


def _fill(connection: Connection, rows: Rows) -> None:
    tables = MetaData()
    tables.reflect(connection)
    for table in tables.sorted_tables:
        if rows.get(table.name):
            connection.execute(insert(table), [_convert(table, row) for row in rows[table.name]])


def _convert(table: Table, row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: bool(value) if isinstance(table.c[name].type, Boolean) else value for name, value in row.items()
    }


def _read_all(connection: Connection) -> Rows:
    tables = MetaData()
    tables.reflect(connection)
    return {
        table.name: [dict(row._mapping) for row in connection.execute(select(table))]
        for table in tables.sorted_tables
    }


async def _bring_up(url: str, rows: Rows, *changes: str) -> Rows:
    """Make a database of the first schema with these rows, bring it up to date, and return what it holds then."""
    await migrate(url, target="0001")
    database = Database(parse_address(url))
    try:
        async with database.engines.writing.begin() as connection:
            await connection.run_sync(_fill, rows)
            for change in changes:
                await connection.execute(text(change))
    finally:
        await database.close()
    await migrate(url)
    database = Database(parse_address(url))
    try:
        async with database.engines.reading.connect() as connection:
            return await connection.run_sync(_read_all)
    finally:
        await database.close()


def _sort(rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> list[str]:
    def show(value: Any) -> str:
        return repr(
            bytes(value)
            if isinstance(value, memoryview)
            else int(value)
            if isinstance(value, bool)
            else value
        )

    return sorted(", ".join(show(row[name]) for name in names) for row in rows)


def test_nothing_that_an_older_version_wrote_is_lost(database_maker: DatabaseMaker) -> None:
    recorded = _read_recorded()
    found = asyncio.run(_bring_up(database_maker.create_empty(), recorded))
    assert sum(map(len, recorded.values())) > 40
    for name, rows in recorded.items():
        columns = sorted(rows[0]) if rows else []
        assert _sort(found[name], columns) == _sort(rows, columns), name


@pytest.mark.req("R-11", "K-09", "K-10")
def test_what_an_older_version_wrote_goes_on_under_this_one(database_maker: DatabaseMaker) -> None:
    url = database_maker.create_empty()
    asyncio.run(_bring_up(url, _read_recorded()))
    world = StoreUnderTest(url)
    try:
        status = world.get_pair("here")
        assert status.desired is not None and status.observed is not None
        assert status.desired.generation == status.observed.generation == 4
        tokens = world.run(world.store.tokens.list_tokens()).items
        assert sorted(one.principal for one in tokens) == ["first-admin", "guest", "guest"]
        assert world.activate(2) == 5
        records = world.run(world.store.audit.read_after(0))
        assert [one.sequence for one in records] == list(range(1, len(records) + 1))
        assert {one.token for one in records} == {""}
    finally:
        world.close()


@pytest.mark.req("K-10")
def test_records_of_an_older_version_are_chained(database_maker: DatabaseMaker) -> None:
    url = database_maker.create_empty()
    rows = asyncio.run(_bring_up(url, _read_recorded()))
    stamps = {row["sequence"]: row["recorded_at"] for row in rows["audit"]}
    world = StoreUnderTest(url)
    try:
        previous = ""
        for record in world.run(world.store.audit.read_after(0)):
            previous = compute_record_hash(
                previous,
                record,
                sequence=record.sequence,
                recorded_at=stamps[record.sequence],
                token=record.token,
            )
            assert record.hash == previous
    finally:
        world.close()


@pytest.mark.req("R-11")
def test_a_counter_that_a_runtime_had_used_up_is_put_right(database_maker: DatabaseMaker) -> None:
    wild = 2**53
    url = database_maker.create_empty()
    changes = (
        f"UPDATE workspace SET generation = {wild + 9}, active_generation = {wild + 5} WHERE id = 'library'",
        f"UPDATE activation SET generation = {wild + 5} WHERE generation = 4",
        f"UPDATE pair SET placement_generation = {wild + 9} WHERE workspace = 'library'",
    )
    asyncio.run(_bring_up(url, _read_recorded(), *changes))
    world = StoreUnderTest(url)
    try:
        found = world.run(world.store.workspaces.get_workspace("library"))
        assert found.active is not None
        assert (found.generation, found.active.generation) == (5, 4)
        history = world.run(world.store.activations.list_activations("library")).items
        assert [one.generation for one in history] == [4, 3, 2]
        status = world.get_pair("here")
        assert status.desired is not None
        assert status.desired.generation == 5
    finally:
        world.close()


@pytest.mark.req("K-01")
def test_a_text_that_is_no_longer_taken_does_not_keep_the_others_from_being_read(
    database_maker: DatabaseMaker,
) -> None:
    url = database_maker.create_empty()
    source = '{"kind":"git","ref":"main","url":"https://git.example/x\\u0000y"}'
    changes = (
        f"UPDATE workspace SET source = '{source}' WHERE id = 'museum'".replace(":", "\\:"),
        f"UPDATE workspace SET title = '{'t' * 3000}' WHERE id = 'museum'",
    )
    asyncio.run(_bring_up(url, _read_recorded(), *changes))
    world = StoreUnderTest(url)
    try:
        page = world.run(world.store.workspaces.list_workspaces()).items
        found = {one.id: one for one in page}
        assert sorted(found) == ["library", "museum"]
        assert found["museum"].title == "t" * 256
        assert found["museum"].source == GitSource(url="https://git.example/xy", ref="main")
    finally:
        world.close()
