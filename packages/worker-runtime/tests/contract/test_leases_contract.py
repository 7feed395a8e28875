"""Leases and retention: what is kept, for how long, and what goes (R-06)."""

import pytest

from support.bundles.small_bundles import SmallBundle, build_many_prompts, build_small_bundle
from support.runtime.contract_runtimes import ContractRuntime
from support.runtime.runtime_under_test import (
    build_caller,
    create_worker,
    put_blobs,
    put_manifest,
    store_bundle,
)
from worker_runtime.contract.assignments import AssignmentRequest
from worker_runtime.contract.bundles import StagedOutcome, StoredOutcome
from worker_runtime.contract.caller import build_local_caller
from yoi_wire.errors import BundleMissingError, LeaseExpiredError, RuntimeOverloadedError

pytestmark = pytest.mark.req("R-06")


def _is_held(runtime: ContractRuntime, bundle: SmallBundle) -> bool:
    try:
        runtime.run(runtime.api.head_bundle(runtime.build_caller(), bundle.digest))
    except BundleMissingError:
        return False
    return True


def _fill(runtime: ContractRuntime, count: int) -> list[SmallBundle]:
    bundles = []
    for number in range(count):
        bundle = build_small_bundle(prompts={"p": f"filler {number}\n".encode()})
        store_bundle(runtime, runtime.build_caller(), bundle)
        runtime.clock.advance(milliseconds=1)
        bundles.append(bundle)
    return bundles


def test_a_lease_ends_fifteen_minutes_after_the_last_verified_batch(runtime: ContractRuntime) -> None:
    caller = runtime.build_caller()
    bundle = build_small_bundle(prompts=build_many_prompts(3))
    staged = put_manifest(runtime, caller, bundle)
    assert isinstance(staged, StagedOutcome)
    for digest in staged.missing[:2]:
        runtime.clock.advance(minutes=14)
        put_blobs(runtime, caller, staged.lease.id, [(digest, bundle.blobs[digest])])
    runtime.clock.advance(minutes=15)
    last = staged.missing[2]
    with pytest.raises(LeaseExpiredError) as caught:
        put_blobs(runtime, caller, staged.lease.id, [(last, bundle.blobs[last])])
    assert caught.value.details() == {"lease": staged.lease.id}


def test_staged_blobs_outlive_the_collector_while_the_lease_lasts(runtime: ContractRuntime) -> None:
    caller = runtime.build_caller()
    bundle = build_small_bundle(prompts=build_many_prompts(3))
    staged = put_manifest(runtime, caller, bundle)
    assert isinstance(staged, StagedOutcome)
    first = staged.missing[0]
    put_blobs(runtime, caller, staged.lease.id, [(first, bundle.blobs[first])])
    runtime.clock.advance(minutes=14)
    runtime.collect()
    again = put_manifest(runtime, caller, bundle)
    assert isinstance(again, StagedOutcome)
    assert again.lease.id == staged.lease.id
    assert first not in again.missing
    runtime.clock.advance(minutes=15)
    runtime.collect()
    afresh = put_manifest(runtime, caller, bundle)
    assert isinstance(afresh, StagedOutcome)
    assert afresh.lease.id != staged.lease.id
    assert first in afresh.missing


def test_a_lease_belongs_to_its_holder(runtime: ContractRuntime) -> None:
    holder = runtime.build_caller()
    bundle = build_small_bundle()
    staged = put_manifest(runtime, holder, bundle)
    assert isinstance(staged, StagedOutcome)
    blobs = list(bundle.blobs.items())
    strangers = (
        build_caller(kind="remote", subject="two"),
        build_caller(kind="remote", issuer="other"),
        build_local_caller("museum"),
    )
    for stranger in strangers:
        with pytest.raises(LeaseExpiredError):
            put_blobs(runtime, stranger, staged.lease.id, blobs)
    put_blobs(runtime, holder, staged.lease.id, blobs)


def test_a_lease_survives_a_restart(runtime: ContractRuntime) -> None:
    caller = runtime.build_caller()
    bundle = build_small_bundle()
    staged = put_manifest(runtime, caller, bundle)
    assert isinstance(staged, StagedOutcome)
    runtime.restart()
    put_blobs(runtime, caller, staged.lease.id, bundle.blobs.items())
    assert _is_held(runtime, bundle)


def _stage(runtime: ContractRuntime, count: int) -> list[StagedOutcome]:
    caller = runtime.build_caller()
    outcomes = []
    for number in range(count):
        staged = put_manifest(runtime, caller, build_small_bundle(prompts={"p": f"{number}".encode()}))
        assert isinstance(staged, StagedOutcome)
        outcomes.append(staged)
    return outcomes


def test_leases_of_unfinished_bundles_are_capped_in_number(runtime: ContractRuntime) -> None:
    caller = runtime.build_caller()
    _stage(runtime, 32)
    with pytest.raises(RuntimeOverloadedError) as caught:
        put_manifest(runtime, caller, build_small_bundle())
    assert caught.value.details() == {"reason": "leases", "retry_after_seconds": 30}
    other = put_manifest(runtime, runtime.build_caller("museum"), build_small_bundle("museum"))
    assert isinstance(other, StagedOutcome)
    runtime.clock.advance(minutes=15)
    put_manifest(runtime, caller, build_small_bundle())


def test_a_workspace_that_publishes_often_is_not_refused_a_lease(runtime: ContractRuntime) -> None:
    bundles = _fill(runtime, 40)
    caller = runtime.build_caller()
    statuses = [runtime.run(runtime.api.get_bundle_status(caller, bundle.digest)) for bundle in bundles]
    assert all(status.leased for status in statuses)
    assert len(_stage(runtime, 32)) == 32


def test_the_pack_that_finishes_a_bundle_makes_room_for_another(runtime: ContractRuntime) -> None:
    caller = runtime.build_caller()
    full = _stage(runtime, 32)
    another = build_small_bundle(prompts={"p": b"another\n"})
    with pytest.raises(RuntimeOverloadedError):
        put_manifest(runtime, caller, another)
    finished = build_small_bundle(prompts={"p": b"7"})
    put_blobs(runtime, caller, full[7].lease.id, finished.blobs.items())
    assert isinstance(put_manifest(runtime, caller, another), StagedOutcome)


@pytest.mark.req("R-02")
def test_a_stored_bundle_can_be_put_again_while_as_many_are_under_way_as_may_be(
    runtime: ContractRuntime,
) -> None:
    caller = runtime.build_caller()
    covered, stored = _fill(runtime, 2)
    runtime.clock.advance(minutes=15)
    first = put_manifest(runtime, caller, covered)
    _stage(runtime, 32)
    again = put_manifest(runtime, caller, stored)
    assert isinstance(again, StoredOutcome)
    assert (again.digest, again.created) == (stored.digest, False)
    assert runtime.run(runtime.api.get_bundle_status(caller, stored.digest)).leased
    renewed = put_manifest(runtime, caller, covered)
    assert renewed == first
    with pytest.raises(RuntimeOverloadedError):
        put_manifest(runtime, caller, build_small_bundle())


def test_young_bundles_and_the_newest_ten_are_kept_and_the_rest_goes(runtime: ContractRuntime) -> None:
    bundles = _fill(runtime, 13)
    runtime.collect()
    assert all(_is_held(runtime, bundle) for bundle in bundles)
    runtime.clock.advance(days=7)
    runtime.collect()
    assert [_is_held(runtime, bundle) for bundle in bundles] == [False] * 3 + [True] * 10


def test_what_is_assigned_or_pinned_is_kept_beside_the_newest_ten(runtime: ContractRuntime) -> None:
    caller = runtime.build_caller()
    assigned, live, ended, _ = bundles = _fill(runtime, 4)
    assign = AssignmentRequest(digest=assigned.digest, revision=1, generation=1)
    runtime.run(runtime.api.put_assignment(caller, "library", assign))
    create_worker(runtime, caller, live, key="live")
    worker = create_worker(runtime, caller, ended, key="ended")
    runtime.clock.advance(days=40)
    runtime.run(runtime.api.stop_worker(caller, worker.id))
    newer = _fill_more(runtime, 10)
    runtime.clock.advance(days=29)
    runtime.collect()
    assert [_is_held(runtime, bundle) for bundle in bundles] == [True, True, True, False]
    assert all(_is_held(runtime, bundle) for bundle in newer)
    runtime.clock.advance(days=1)
    runtime.collect()
    assert [_is_held(runtime, bundle) for bundle in bundles] == [True, True, False, False]


def _fill_more(runtime: ContractRuntime, count: int) -> list[SmallBundle]:
    bundles = [build_small_bundle(prompts={"p": f"newer {number}\n".encode()}) for number in range(count)]
    for bundle in bundles:
        store_bundle(runtime, runtime.build_caller(), bundle)
    return bundles


def test_a_lease_covers_the_complete_bundle_until_it_ends(runtime: ContractRuntime) -> None:
    caller = runtime.build_caller()
    old = _fill(runtime, 1)[0]
    runtime.clock.advance(days=8)
    _fill_more(runtime, 10)
    put_manifest(runtime, caller, old)
    runtime.clock.advance(minutes=14)
    runtime.collect()
    assert _is_held(runtime, old)
    runtime.clock.advance(minutes=1)
    runtime.collect()
    assert not _is_held(runtime, old)


def test_a_lease_becomes_the_pin_of_the_worker_that_is_created(runtime: ContractRuntime) -> None:
    caller = runtime.build_caller()
    bundle = build_small_bundle()
    store_bundle(runtime, caller, bundle)
    assert runtime.run(runtime.api.get_bundle_status(caller, bundle.digest)).leased
    worker = create_worker(runtime, caller, bundle)
    status = runtime.run(runtime.api.get_bundle_status(caller, bundle.digest))
    assert (status.leased, status.workers) == (False, (worker.id,))


def test_blobs_that_no_bundle_has_any_more_are_asked_for_again(runtime: ContractRuntime) -> None:
    caller = runtime.build_caller()
    shared, own = b"shared text\n", b"text of one bundle\n"
    kept = build_small_bundle(prompts={"s": shared})
    gone = build_small_bundle(prompts={"s": shared, "o": own})
    store_bundle(runtime, caller, kept)
    store_bundle(runtime, caller, gone)
    runtime.run(runtime.api.delete_bundle(caller, gone.digest))
    runtime.collect()
    outcome = put_manifest(runtime, caller, gone)
    assert isinstance(outcome, StagedOutcome)
    assert [gone.blobs[digest] for digest in outcome.missing] == [own]
