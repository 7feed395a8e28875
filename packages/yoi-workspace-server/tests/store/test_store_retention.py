"""Retention, quotas, and an audit that shrinks by an exported prefix alone; one suite on every database (K-08, K-10)."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from support.backend.store_under_test import StoreUnderTest
from yoi_bundle.digest import compute_digest
from yoi_bundle.errors import LimitExceededError
from yoi_wire.clock import MINUTE, format_instant
from yoi_wire.errors import BundleMissingError, RequestInvalidError
from yoi_wire.worker_requests import Intent, WorkerRequest
from yoi_workspace_server.audit import compute_record_hash
from yoi_workspace_server.placed_workers import WorkerReservation
from yoi_workspace_server.store.database.address import parse_address
from yoi_workspace_server.store.database.transactions import Database
from yoi_workspace_server.store.retention import CollectedBundles, RetentionRules
from yoi_workspace_server.sync_plan import Observed
from yoi_workspace_server.sync_status import Holdings, PairKey, Settlement

pytestmark = pytest.mark.req("K-08", "K-10")

_RULES = RetentionRules(latest=1, milliseconds=10 * MINUTE)


def _list_blobs(manifest: bytes) -> list[str]:
    """Bundles of the store under test are nothing but their name."""
    return [compute_digest(manifest.replace(b"manifest", b"blob", 1))]


def _collect(world: StoreUnderTest, *, minutes: int = 60) -> CollectedBundles:
    retention = world.store.retention
    return world.run(
        retention.collect("library", _RULES, list_blobs=_list_blobs, now=world.now + minutes * MINUTE)
    )


def _list_kept(world: StoreUnderTest) -> list[int]:
    page = world.run(world.store.revisions.list_revisions("library"))
    return sorted(one.revision for one in page.items)


def _hold(world: StoreUnderTest, how: str) -> None:
    """Have the second of four revisions held in one way."""
    second = world.run(world.store.revisions.find_revision("library", 2))
    assert second is not None
    if how == "active":
        world.activate(2)
    elif how == "pinned":
        world.run(world.store.retention.pin_revision("library", 2, pinned=True, actor="ann", now=world.now))
    elif how == "record of a Worker":
        request = WorkerRequest(selector="default", bundle_digest=second.digest, intent=Intent(task="read"))
        new = WorkerReservation(
            id="w",
            workspace="library",
            key="k",
            fingerprint="f",
            runtime="edge",
            audience="e",
            request=request,
        )
        world.run(world.store.workers.reserve_worker(new, now=world.now))
    elif how != "nothing":
        world.add_runtimes("edge")
        world.place_everywhere()
        key = PairKey("edge", "library")
        claim = world.claim()[key]
        instant = format_instant(world.now)
        assigned = second.digest if how == "assigned" else None
        workers = {} if how == "assigned" else {second.digest: 1}
        world.settle(
            Settlement(
                key=key,
                lease=claim.lease,
                due_at=world.now,
                observed=Observed(observed_at=instant, generation=1, digest=assigned),
                holdings=Holdings(observed_at=instant, workers=workers),
            )
        )


@pytest.mark.parametrize(
    "how", ["nothing", "active", "pinned", "record of a Worker", "assigned", "used by a Worker"]
)
def test_what_nothing_holds_is_taken_out_and_nothing_else(world: StoreUnderTest, how: str) -> None:
    world.add_workspace()
    published = [world.publish(text) for text in ("a", "b", "c", "d")]
    _hold(world, how)
    assert _collect(world, minutes=5) == CollectedBundles()
    kept = [4] if how == "nothing" else [2, 4]
    assert _collect(world) == CollectedBundles(bundles=4 - len(kept), blobs=4 - len(kept))
    assert _list_kept(world) == kept
    for revision in published:
        assert world.run(world.store.bundles.has_bundle("library", revision.digest)) == (
            revision.revision in kept
        )
    with pytest.raises(BundleMissingError):
        world.run(world.store.bundles.get_manifest("library", published[0].digest))
    assert world.publish("e").revision == 5
    record = [one for one in world.run(world.store.audit.read_after(0)) if one.action == "bundle.collected"]
    assert [one.details["bundles"] for one in record] == [4 - len(kept)]


def test_a_blob_that_another_bundle_names_stays(world: StoreUnderTest) -> None:
    world.add_workspace()
    for name in ("a", "b"):
        world.publish(name)
    shared = compute_digest(b"blob a")
    found = world.run(
        world.store.retention.collect(
            "library", _RULES, list_blobs=lambda _: [shared], now=world.now + 60 * MINUTE
        )
    )
    assert found == CollectedBundles(bundles=1, blobs=0)
    assert world.run(world.store.bundles.get_blob("library", shared)) == b"blob a"


@pytest.mark.req("B-11")
def test_a_workspace_keeps_no_more_than_its_quota(world: StoreUnderTest) -> None:
    world.add_workspace()
    world.publish("a")
    used = len(b"manifest a") + len(b"blob a")
    verify = world.store.retention.verify_room
    world.run(verify("library", adding=10, quota_bytes=used + 10))
    with pytest.raises(LimitExceededError) as caught:
        world.run(verify("library", adding=11, quota_bytes=used + 10))
    assert (caught.value.value, caught.value.allowed) == (used + 11, used + 10)


def test_the_audit_shrinks_by_an_exported_prefix_and_its_chain_goes_on(world: StoreUnderTest) -> None:
    world.add_workspace()
    for name in ("a", "b", "c"):
        world.publish(name)
    exported = world.run(world.store.audit.read_after(0))
    prune = world.store.audit.prune
    for wrong in ("0" * 64, "", exported[0].hash):
        with pytest.raises(RequestInvalidError):
            world.run(prune(2, record_hash=wrong, actor="ann", now=world.now))
    record = world.run(prune(2, record_hash=exported[1].hash, actor="ann", now=world.now))
    assert (record.action, record.details) == (
        "audit.pruned",
        {"through": 2, "hash": exported[1].hash},
    )
    left = world.run(world.store.audit.read_after(0))
    assert [one.sequence for one in left] == [3, 4, 5]
    previous = exported[1].hash
    for one in left:
        previous = compute_record_hash(
            previous, one, sequence=one.sequence, recorded_at=world.now, token=one.token
        )
        assert one.hash == previous
    world.run(prune(5, record_hash=left[-1].hash, actor="ann", now=world.now))
    assert [one.sequence for one in world.run(world.store.audit.read_after(0))] == [6]


def test_the_database_itself_refuses_to_lose_what_was_not_exported(world: StoreUnderTest) -> None:
    world.add_workspace()
    world.publish("a")

    async def change(statement: str) -> None:
        database = Database(parse_address(world.url))
        try:
            async with database.engines.writing.begin() as connection:
                await connection.execute(text(statement))
        finally:
            await database.close()

    for statement in (
        "DELETE FROM audit WHERE sequence = 1",
        "DELETE FROM audit",
        "UPDATE audit SET actor = 'x'",
    ):
        with pytest.raises(DBAPIError, match="append-only"):
            world.run(change(statement))
    assert len(world.run(world.store.audit.read_after(0))) == 2
