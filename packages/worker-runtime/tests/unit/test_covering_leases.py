"""Leases on bundles that are whole: bounded, and none that somebody needs to finish a bundle goes for them (R-06)."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from support.bundles.small_bundles import SmallBundle, build_small_bundle
from support.runtime.runtime_under_test import (
    EmbeddedUnderTest,
    build_caller,
    put_blobs,
    put_manifest,
    store_bundle,
)
from worker_runtime.contract.bundles import StagedOutcome
from worker_runtime.store.connection import Database
from worker_runtime.store.files import DATABASE_NAME
from worker_runtime.store.retention import Retention
from yoi_wire.errors import RuntimeOverloadedError

pytestmark = pytest.mark.req("R-06")

_RETENTION = Retention(max_leases=2, max_covering_leases=3, newest=0, young_milliseconds=0)


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[EmbeddedUnderTest]:
    world = EmbeddedUnderTest(tmp_path, retention=_RETENTION)
    yield world
    world.close()


def _build(number: int) -> SmallBundle:
    return build_small_bundle(prompts={"p": f"{number}\n".encode()})


def _fill(runtime: EmbeddedUnderTest, count: int) -> list[SmallBundle]:
    bundles = [_build(number) for number in range(count)]
    for bundle in bundles:
        store_bundle(runtime, build_caller(), bundle)
        runtime.clock.advance(milliseconds=1)
    return bundles


def _list_leased(runtime: EmbeddedUnderTest, bundles: list[SmallBundle]) -> list[bool]:
    caller = build_caller()
    return [runtime.run(runtime.api.get_bundle_status(caller, one.digest)).leased for one in bundles]


def test_of_too_many_the_oldest_gives_way_and_its_bundle_to_the_collector(runtime: EmbeddedUnderTest) -> None:
    bundles = _fill(runtime, 3)
    put_manifest(runtime, build_caller(), bundles[0])
    runtime.clock.advance(milliseconds=1)
    bundles.append(_build(3))
    store_bundle(runtime, build_caller(), bundles[3])
    assert _list_leased(runtime, bundles) == [True, False, True, True]
    runtime.collect()
    held = runtime.run(runtime.api.list_bundles(build_caller())).items
    assert {entry.digest for entry in held} == {bundles[number].digest for number in (0, 2, 3)}


def test_those_of_another_workspace_and_of_bundles_under_way_stay(runtime: EmbeddedUnderTest) -> None:
    museum = build_small_bundle("museum")
    store_bundle(runtime, build_caller("museum"), museum)
    holder = build_caller(kind="remote", subject="two")
    waiting = _build(99)
    staged = put_manifest(runtime, holder, waiting)
    assert isinstance(staged, StagedOutcome)
    runtime.clock.advance(milliseconds=1)
    _fill(runtime, 5)
    status = runtime.run(runtime.api.get_bundle_status(build_caller("museum"), museum.digest))
    assert status.leased
    put_blobs(runtime, holder, staged.lease.id, waiting.blobs.items())


def test_the_one_just_granted_stays_when_the_clock_was_set_back(runtime: EmbeddedUnderTest) -> None:
    bundles = _fill(runtime, 3)
    runtime.clock.advance(minutes=-10)
    bundles.append(_build(3))
    store_bundle(runtime, build_caller(), bundles[3])
    assert _list_leased(runtime, bundles) == [False, True, True, True]


def test_a_bundle_that_lost_a_blob_counts_as_under_way_again(runtime: EmbeddedUnderTest) -> None:
    (stored,) = _fill(runtime, 1)
    for number in (10, 11):
        assert isinstance(put_manifest(runtime, build_caller(), _build(number)), StagedOutcome)
    with closing(Database(runtime.directory / DATABASE_NAME)) as database, database.write() as connection:
        connection.execute("DELETE FROM bundle_blob")
        connection.execute("DELETE FROM blob")
    with pytest.raises(RuntimeOverloadedError):
        put_manifest(runtime, build_caller(), stored)
    runtime.clock.advance(minutes=15)
    assert isinstance(put_manifest(runtime, build_caller(), stored), StagedOutcome)
