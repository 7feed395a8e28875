"""What a Runtime says of itself (R-08)."""

import pytest

from support.runtime.contract_runtimes import ContractRuntime
from yoi_bundle.limits import DEFAULT_LIMITS
from yoi_bundle.schema import KNOWN_FEATURES, READABLE_SCHEMA_VERSIONS

pytestmark = pytest.mark.req("R-08")


def test_a_runtime_announces_what_a_peer_has_to_know(runtime: ContractRuntime) -> None:
    info = runtime.run(runtime.api.get_runtime(runtime.build_caller()))
    assert info.api_versions == (1,)
    assert info.schema_versions == READABLE_SCHEMA_VERSIONS
    assert set(info.features) == KNOWN_FEATURES
    assert info.limits["manifest_bytes"] == DEFAULT_LIMITS.manifest_bytes
    assert info.builtin.digest.startswith("sha256:")
    assert set(info.builtin.profiles) == {"companion", "coder", "reviewer", "orchestrator", "intake"}
    assert info.resolver_version
    assert info.version


def test_the_runtimes_id_outlives_a_restart(runtime: ContractRuntime) -> None:
    before = runtime.run(runtime.api.get_runtime(runtime.build_caller())).id
    runtime.restart()
    assert runtime.run(runtime.api.get_runtime(runtime.build_caller())).id == before


def test_the_policy_generation_changes_with_host_policy(runtime: ContractRuntime) -> None:
    before = runtime.run(runtime.api.get_runtime(runtime.build_caller())).policy_generation
    runtime.host.generations += 1
    assert runtime.run(runtime.api.get_runtime(runtime.build_caller())).policy_generation != before
