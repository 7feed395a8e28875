"""Workers after a restart: back from their pins, never with more than the host gives now (W-02, W-04, W-06)."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.bundles.small_bundles import SmallBundle, build_small_bundle
from support.runtime.damaged_store import overwrite
from support.runtime.model_policies import give_default_model
from support.runtime.rebuilt_spec import rebuild_spec
from support.runtime.runtime_under_test import EmbeddedUnderTest, build_caller, create_worker, store_bundle
from worker_runtime.contract.workers import Worker
from worker_runtime.embedded.operations.restoring import RestoreReport
from worker_runtime.host.policy import HostPolicy
from yoi_bundle.canonical import encode_canonical
from yoi_bundle.manifest import Policy, Rule, WorkerLimits, compute_rule_id
from yoi_wire.worker_requests import WorkerRequest


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[EmbeddedUnderTest]:
    under_test = EmbeddedUnderTest(tmp_path / "data")
    yield under_test
    under_test.close()


def _policy(*rules: Rule, **fields: object) -> HostPolicy:
    by_id = {compute_rule_id(rule): rule for rule in rules}
    return HostPolicy(tools=Policy(rules=by_id), mounts={"workspace": "ro"}, **fields)  # type: ignore[arg-type]


READ = Rule(effect="allow", tool="file.read")
SEARCH = Rule(effect="allow", tool="file.search")


def _create(runtime: EmbeddedUnderTest, policy: HostPolicy) -> tuple[SmallBundle, Worker]:
    runtime.host.policy = policy
    runtime.host.mounts["workspace"] = "rw"
    bundle = build_small_bundle()
    store_bundle(runtime, build_caller(), bundle)
    return bundle, create_worker(runtime, build_caller(), bundle)


def _restart(runtime: EmbeddedUnderTest, policy: HostPolicy) -> RestoreReport:
    runtime.host.policy = policy
    return runtime.run(runtime.api.start()).workers  # type: ignore[no-any-return]


def _spec(runtime: EmbeddedUnderTest, worker: Worker) -> bytes:
    return runtime.run(runtime.api.get_worker_spec(build_caller(), worker.id))  # type: ignore[no-any-return]


@pytest.mark.req("W-02", "W-06")
def test_an_unchanged_host_brings_every_worker_back_as_it_was(runtime: EmbeddedUnderTest) -> None:
    _, worker = _create(runtime, _policy(READ))
    spec = _spec(runtime, worker)
    assert b'"id":"file.read"' in spec
    assert _restart(runtime, _policy(READ)) == RestoreReport(restored=(worker.id,))
    assert _spec(runtime, worker) == spec


@pytest.mark.req("W-06")
def test_a_host_that_gives_more_changes_nothing(runtime: EmbeddedUnderTest) -> None:
    _, worker = _create(runtime, _policy(READ))
    spec = _spec(runtime, worker)
    wider = _policy(READ, SEARCH, limits=WorkerLimits())
    assert _restart(runtime, wider).restored == (worker.id,)
    assert _spec(runtime, worker) == spec


@pytest.mark.req("W-06")
def test_a_worker_that_policy_would_narrow_is_held_with_the_reasons(runtime: EmbeddedUnderTest) -> None:
    _, worker = _create(runtime, _policy(READ))
    assert _restart(runtime, _policy()).held == (worker.id,)
    held = runtime.run(runtime.api.get_worker(build_caller(), worker.id))
    assert held.state == "held"
    assert ("tool", "file.read") in {(reason.kind, reason.id) for reason in held.reasons}
    assert all(reason.code and reason.message for reason in held.reasons)
    event = runtime.run(runtime.api.list_worker_events(build_caller(), worker.id)).events[-1]
    assert (event.body["to"], len(event.body["reasons"])) == ("held", len(held.reasons))


@pytest.mark.req("W-06")
def test_a_held_worker_is_released_when_the_host_gives_everything_again(runtime: EmbeddedUnderTest) -> None:
    _, worker = _create(runtime, _policy(READ))
    _restart(runtime, _policy())
    _restart(runtime, _policy())
    assert _restart(runtime, _policy(READ)).restored == (worker.id,)
    back = runtime.run(runtime.api.get_worker(build_caller(), worker.id))
    assert (back.state, back.reasons) == ("created", ())
    kinds = [
        one.kind for one in runtime.run(runtime.api.list_worker_events(build_caller(), worker.id)).events
    ]
    assert kinds == ["created", "state", "state"]


@pytest.mark.req("W-06")
def test_on_narrowing_stop_ends_the_worker(runtime: EmbeddedUnderTest) -> None:
    _, worker = _create(runtime, _policy(READ))
    assert _restart(runtime, _policy(on_narrowing="stop")).stopped == (worker.id,)
    stopped = runtime.run(runtime.api.get_worker(build_caller(), worker.id))
    assert stopped.state == "stopped"
    assert stopped.reasons
    assert _restart(runtime, _policy(READ)) == RestoreReport()


@pytest.mark.req("W-06", "S-03")
def test_on_narrowing_narrow_leaves_what_both_policies_give(runtime: EmbeddedUnderTest) -> None:
    _, worker = _create(runtime, _policy(READ, limits=WorkerLimits(turns=9)))
    narrower = _policy(on_narrowing="narrow", limits=WorkerLimits(turns=5))
    assert _restart(runtime, narrower).narrowed == (worker.id,)
    spec = _spec(runtime, worker)
    assert b'"id":"file.read"' not in spec
    assert b'"value":5' in spec
    explanation = runtime.run(runtime.api.get_worker_explanation(build_caller(), worker.id))
    assert encode_canonical(rebuild_spec(explanation)) == spec


@pytest.mark.req("W-06", "X-13")
def test_a_narrowed_worker_gets_back_what_it_was_created_with_and_no_more(runtime: EmbeddedUnderTest) -> None:
    _, worker = _create(runtime, _policy(READ))
    created = _spec(runtime, worker)
    assert _restart(runtime, _policy(on_narrowing="narrow")).narrowed == (worker.id,)
    assert _restart(runtime, _policy(READ, SEARCH, on_narrowing="narrow")).restored == (worker.id,)
    assert _spec(runtime, worker) == created
    events = runtime.run(runtime.api.list_worker_events(build_caller(), worker.id)).events
    assert [(one.kind, len(one.body.get("reasons", ()))) for one in events] == [
        ("created", 0),
        ("narrowed", 2),
        ("narrowed", 0),
    ]


@pytest.mark.req("W-06")
def test_a_stricter_rule_of_the_host_gets_a_vote_of_its_own(runtime: EmbeddedUnderTest) -> None:
    _, worker = _create(runtime, _policy(READ))
    stricter = _policy(READ, Rule(effect="ask", tool="*"), on_narrowing="narrow")
    assert _restart(runtime, stricter).narrowed == (worker.id,)
    assert b"host:policy:later" in _spec(runtime, worker)


@pytest.mark.req("W-06")
def test_a_mount_that_is_gone_from_the_host_takes_its_tools_with_it(runtime: EmbeddedUnderTest) -> None:
    _, worker = _create(runtime, _policy(READ))
    runtime.host.mounts.clear()
    assert _restart(runtime, _policy(READ)).held == (worker.id,)
    reasons = runtime.run(runtime.api.get_worker(build_caller(), worker.id)).reasons
    lost = {(reason.kind, reason.id, reason.code) for reason in reasons}
    assert {("mount", "workspace", "mount.unavailable"), ("tool", "file.read", "mount.unavailable")} <= lost


@pytest.mark.req("W-06")
def test_one_worker_can_be_checked_while_the_runtime_runs(runtime: EmbeddedUnderTest) -> None:
    _, worker = _create(runtime, _policy(READ))
    recheck = runtime.api.maintenance.recheck_worker
    assert runtime.run(recheck(build_caller(), worker.id)) == "restored"
    runtime.host.policy = _policy()
    assert runtime.run(recheck(build_caller(), worker.id)) == "held"


@pytest.mark.req("W-04")
def test_a_worker_resolves_again_from_its_pins_to_the_same_bytes(runtime: EmbeddedUnderTest) -> None:
    _, worker = _create(runtime, _policy(READ))
    runtime.host.policy = _policy(SEARCH)
    found = runtime.run(runtime.api.maintenance.reproduce_worker(build_caller(), worker.id))
    assert found.equal
    assert found.spec == _spec(runtime, worker)
    assert (found.changes, found.stored_version) == ((), found.resolver_version)


@pytest.mark.req("W-04")
def test_a_spec_that_its_pins_do_not_give_is_told_apart_by_meaning(runtime: EmbeddedUnderTest) -> None:
    _, worker = _create(runtime, _policy(READ))
    _restart(runtime, _policy(on_narrowing="narrow"))
    found = runtime.run(runtime.api.maintenance.reproduce_worker(build_caller(), worker.id))
    assert not found.equal
    assert ("tools", "file.read", "added") in {(one.section, one.id, one.change) for one in found.changes}


@pytest.mark.req("W-02", "W-04", "S-07")
def test_a_worker_of_the_built_in_set_pins_the_set(runtime: EmbeddedUnderTest) -> None:
    runtime.host.policy = give_default_model(_policy(READ, bundle_required="never"))
    bundle = build_small_bundle()
    worker = create_worker(
        runtime, build_caller(), bundle, request=WorkerRequest(selector="builtin:reviewer")
    )
    info = runtime.run(runtime.api.get_runtime(build_caller()))
    assert (worker.bundle_digest, worker.builtin_digest) == (None, info.builtin.digest)
    assert runtime.run(runtime.api.maintenance.reproduce_worker(build_caller(), worker.id)).equal
    assert runtime.run(runtime.api.start()).workers.restored == (worker.id,)


@pytest.mark.req("W-06", "R-03")
def test_a_worker_whose_bundle_is_damaged_is_held_until_it_is_put_again(runtime: EmbeddedUnderTest) -> None:
    bundle, worker = _create(runtime, _policy(READ))
    runtime.api.close()
    overwrite(runtime.directory, "UPDATE manifest SET bytes = X'00'")
    runtime.restart()
    held = runtime.run(runtime.api.get_worker(build_caller(), worker.id))
    assert (held.state, held.reasons[0].code) == ("held", "bundle.corrupt")
    store_bundle(runtime, build_caller(), bundle)
    assert _restart(runtime, _policy(READ)).restored == (worker.id,)
