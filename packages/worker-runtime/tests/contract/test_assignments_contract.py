"""Assignments: fenced by their generation, never to a bundle that cannot be used (R-11)."""

import pytest

from support.bundles.small_bundles import SmallBundle, build_small_bundle
from support.runtime.contract_runtimes import ContractRuntime
from support.runtime.fake_host import FakeHost
from support.runtime.runtime_under_test import create_worker, store_bundle
from worker_runtime.contract.assignments import Assignment, AssignmentRequest
from worker_runtime.host.policy import HostPolicy
from yoi_wire.errors import (
    AssignmentConflictError,
    AssignmentStaleError,
    BundleMissingError,
    BundleUnassignedError,
    ForbiddenError,
    RequestInvalidError,
)

pytestmark = pytest.mark.req("R-11")


def _assign(runtime: ContractRuntime, digest: str, generation: int) -> Assignment:
    request = AssignmentRequest(digest=digest, revision=1, generation=generation)
    assignment: Assignment = runtime.run(
        runtime.api.put_assignment(runtime.build_caller(), "library", request)
    )
    return assignment


def _store_two(runtime: ContractRuntime) -> tuple[SmallBundle, SmallBundle]:
    first, second = build_small_bundle(), build_small_bundle(prompts={"p": b"second\n"})
    store_bundle(runtime, runtime.build_caller(), first)
    store_bundle(runtime, runtime.build_caller(), second)
    return first, second


def test_a_workspace_without_an_assignment_has_generation_zero(runtime: ContractRuntime) -> None:
    found = runtime.run(runtime.api.get_assignment(runtime.build_caller(), "library"))
    assert found == Assignment(workspace="library")


def test_the_generation_fences_old_writers(runtime: ContractRuntime) -> None:
    first, second = _store_two(runtime)
    assert _assign(runtime, first.digest, 3).digest == first.digest
    with pytest.raises(AssignmentStaleError) as stale:
        _assign(runtime, second.digest, 2)
    assert stale.value.details() == {"workspace": "library", "generation": 2, "current": 3}
    with pytest.raises(AssignmentConflictError) as conflict:
        _assign(runtime, second.digest, 3)
    assert conflict.value.details() == {"workspace": "library", "generation": 3, "assigned": first.digest}
    found = runtime.run(runtime.api.get_assignment(runtime.build_caller(), "library"))
    assert (found.digest, found.generation) == (first.digest, 3)


def test_the_same_again_is_no_change(runtime: ContractRuntime) -> None:
    first, _ = _store_two(runtime)
    before = _assign(runtime, first.digest, 3)
    runtime.clock.advance(minutes=1)
    assert _assign(runtime, first.digest, 3) == before


def test_a_rollback_is_a_higher_generation_with_an_older_digest(runtime: ContractRuntime) -> None:
    first, second = _store_two(runtime)
    for generation, bundle in enumerate([first, second, first], start=1):
        assert _assign(runtime, bundle.digest, generation).digest == bundle.digest


def test_a_withdrawal_keeps_its_generation(runtime: ContractRuntime) -> None:
    first, _ = _store_two(runtime)
    _assign(runtime, first.digest, 3)
    with pytest.raises(AssignmentConflictError):
        runtime.run(runtime.api.delete_assignment(runtime.build_caller(), "library", 3))
    for _ in range(2):
        gone = runtime.run(runtime.api.delete_assignment(runtime.build_caller(), "library", 4))
        assert (gone.digest, gone.generation) == (None, 4)
    with pytest.raises(AssignmentStaleError):
        _assign(runtime, first.digest, 3)
    assert _assign(runtime, first.digest, 5).digest == first.digest


def test_a_bundle_that_is_not_held_cannot_be_assigned(runtime: ContractRuntime) -> None:
    with pytest.raises(BundleMissingError):
        _assign(runtime, build_small_bundle().digest, 1)
    assert runtime.run(runtime.api.get_assignment(runtime.build_caller(), "library")).generation == 0


@pytest.mark.req("R-07")
def test_another_workspaces_assignment_is_forbidden(runtime: ContractRuntime) -> None:
    first, _ = _store_two(runtime)
    stranger = runtime.build_caller("museum")
    request = AssignmentRequest(digest=first.digest, revision=1, generation=1)
    for operation in (
        runtime.api.get_assignment(stranger, "library"),
        runtime.api.put_assignment(stranger, "library", request),
        runtime.api.delete_assignment(stranger, "library", 1),
    ):
        with pytest.raises(ForbiddenError) as caught:
            runtime.run(operation)
        assert caught.value.details() == {"workspace": "library"}
    own = runtime.api.put_assignment(stranger, "museum", request)
    with pytest.raises(BundleMissingError):
        runtime.run(own)


def test_an_assignment_survives_a_restart(runtime: ContractRuntime) -> None:
    first, _ = _store_two(runtime)
    before = _assign(runtime, first.digest, 3)
    runtime.restart()
    assert runtime.run(runtime.api.get_assignment(runtime.build_caller(), "library")) == before


def test_host_policy_may_confine_new_workers_to_the_assigned_digest(runtime: ContractRuntime) -> None:
    first, second = _store_two(runtime)
    host: FakeHost = runtime.host
    host.policy = HostPolicy(assigned_only=True)
    with pytest.raises(BundleUnassignedError) as caught:
        create_worker(runtime, runtime.build_caller(), first)
    assert caught.value.details() == {"digest": first.digest, "assigned": None}
    _assign(runtime, first.digest, 1)
    create_worker(runtime, runtime.build_caller(), first)
    with pytest.raises(BundleUnassignedError):
        create_worker(runtime, runtime.build_caller(), second, key="second")


@pytest.mark.parametrize("generation", [0, -1, 2**53, 10**15 * 9 + 10**15])
def test_a_withdrawal_has_the_bounds_of_an_assignment(runtime: ContractRuntime, generation: int) -> None:
    with pytest.raises(RequestInvalidError) as caught:
        runtime.run(runtime.api.delete_assignment(runtime.build_caller(), "library", generation))
    assert caught.value.details()["field"] == "generation"
    with pytest.raises(RequestInvalidError):
        _assign(runtime, "sha256:" + "a" * 64, generation)
    found = runtime.run(runtime.api.get_assignment(runtime.build_caller(), "library"))
    assert found.generation == 0
