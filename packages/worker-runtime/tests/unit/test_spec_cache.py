"""What a Worker is decided from is of its own instant, whatever was decided before (S-01, W-02)."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.bundles.small_bundles import SmallBundle, build_small_bundle
from support.runtime.model_policies import give_default_model
from support.runtime.runtime_under_test import EmbeddedUnderTest, build_caller, create_worker, store_bundle
from worker_runtime.host.policy import HostPolicy
from yoi_bundle.manifest import Policy, Rule, compute_rule_id
from yoi_wire.worker_requests import Intent, WorkerRequest

READ = Rule(effect="allow", tool="file.read")


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[EmbeddedUnderTest]:
    under_test = EmbeddedUnderTest(tmp_path / "data")
    under_test.host.policy = HostPolicy(
        tools=Policy(rules={compute_rule_id(READ): READ}), mounts={"workspace": "ro"}
    )
    under_test.host.mounts["workspace"] = "ro"
    yield under_test
    under_test.close()


def _create(runtime: EmbeddedUnderTest, bundle: SmallBundle, key: str) -> tuple[list[str], str]:
    """Create a Worker whose task is its key; return the tools of its spec, and its resolution digest."""
    request = WorkerRequest(selector="default", bundle_digest=bundle.digest, intent=Intent(task=key))
    worker = create_worker(runtime, build_caller(), bundle, key=key, request=request)
    explanation = runtime.run(runtime.api.get_worker_explanation(build_caller(), worker.id))
    assert explanation.resolution_digest == worker.resolution_digest
    granted = [one.id for one in explanation.decisions if one.kind == "tool" and one.outcome != "denied"]
    return granted, worker.resolution_digest


@pytest.mark.req("S-01", "W-02")
def test_each_worker_gets_the_facts_of_its_own_instant(runtime: EmbeddedUnderTest) -> None:
    bundle = build_small_bundle()
    store_bundle(runtime, build_caller(), bundle)
    there, _ = _create(runtime, bundle, "first")
    runtime.host.mounts.clear()
    gone, _ = _create(runtime, bundle, "second")
    runtime.host.mounts["workspace"] = "ro"
    back, _ = _create(runtime, bundle, "third")
    assert (there, gone, back) == (["file.read"], [], ["file.read"])


@pytest.mark.req("S-01", "W-02")
def test_each_worker_gets_the_policy_of_its_own_instant(runtime: EmbeddedUnderTest) -> None:
    bundle = build_small_bundle()
    store_bundle(runtime, build_caller(), bundle)
    before, _ = _create(runtime, bundle, "first")
    runtime.host.policy = give_default_model(HostPolicy())
    after, _ = _create(runtime, bundle, "second")
    assert (before, after) == (["file.read"], [])


@pytest.mark.req("S-01")
def test_workers_with_other_tasks_have_other_resolution_digests(runtime: EmbeddedUnderTest) -> None:
    bundle = build_small_bundle()
    store_bundle(runtime, build_caller(), bundle)
    digests = {_create(runtime, bundle, key)[1] for key in ("first", "second", "third")}
    assert len(digests) == 3
