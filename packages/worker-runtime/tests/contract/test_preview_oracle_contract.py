"""Preview tells nobody what a host has beyond what its policy names (S-01, S-08)."""

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.json import encode
from msgspec.structs import replace

from support.bundles.small_bundles import SmallBundle, build_metadata
from support.runtime.contract_runtimes import ContractRuntime
from support.runtime.fake_host import FakeHost
from support.runtime.resolution_world import (
    PACKAGE,
    PACKAGE_DIGEST,
    PLUGIN,
    TEXT,
    make_host_policy,
    make_manifest,
    require_all,
)
from support.runtime.runtime_under_test import store_bundle
from worker_runtime.contract.workers import CreateWorkerRequest, PreviewRequest
from worker_runtime.host.plugin_packages import verify_plugin_package
from yoi_bundle.canonical import encode_canonical
from yoi_bundle.digest import compute_digest
from yoi_bundle.errors import YoiError
from yoi_wire.worker_requests import Intent, WorkerRequest

pytestmark = pytest.mark.req("R-01", "S-01", "S-08")

(GRANT,) = make_host_policy().plugins
CASES: dict[str, tuple[dict[str, Any], Callable[[FakeHost], Any]]] = {
    "secrets": ({"secrets": {}}, lambda host: host.secrets.clear()),
    "mounts": ({"mounts": {}}, lambda host: host.mounts.clear()),
    "commands": ({"commands": {}}, lambda host: host.commands.discard("issue-server")),
    "host capabilities": ({"host": frozenset()}, lambda host: host.commands.discard("sh")),
    "plugin packages": ({"plugins": ()}, lambda host: host.packages.clear()),
    "packages at another digest": (
        {"plugins": (replace(GRANT, digest=compute_digest(b"another")),)},
        lambda host: host.packages.clear(),
    ),
}
"""What a policy does not name, and how a host comes to be without it."""

REQUIRES = frozenset(
    {
        "secret:API_TOKEN",
        "mount:workspace:rw",
        "tool:mcp:issues",
        "host:shell",
        f"plugin:{PLUGIN}/opening_hours",
    }
)


def fill(host: FakeHost) -> None:
    """Let a host have all that the bundle asks for."""
    host.secrets.update(make_host_policy().secrets)
    host.mounts["workspace"] = "rw"
    host.commands.update({"issue-server", "sh"})
    host.packages[PACKAGE_DIGEST] = verify_plugin_package(PACKAGE, PACKAGE_DIGEST)


@pytest.fixture
def bundle(runtime: ContractRuntime) -> SmallBundle:
    data = encode_canonical(require_all(make_manifest()))
    digest = compute_digest(data)
    bundle = SmallBundle(
        digest=digest,
        manifest=data,
        metadata=build_metadata("library", digest),
        blobs={compute_digest(TEXT): TEXT},
    )
    store_bundle(runtime, runtime.build_caller(), bundle)
    return bundle


def ask(runtime: ContractRuntime, bundle: SmallBundle) -> list[bytes]:
    """Return all that a caller can learn: the preview of one profile, of all, and the refusal of a Worker."""
    caller = runtime.build_caller()
    request = WorkerRequest(selector="default", bundle_digest=bundle.digest, intent=Intent(requires=REQUIRES))
    answers = [
        encode(
            runtime.run(
                runtime.api.resolve_worker(
                    caller, PreviewRequest(workspace="library", request=request, every_profile=every)
                )
            )
        )
        for every in (False, True)
    ]
    with pytest.raises(YoiError) as caught:
        wanted = CreateWorkerRequest(workspace="library", key="k", request=request)
        runtime.run(runtime.api.create_worker(caller, wanted))
    return [*answers, encode(caught.value.details())]


@pytest.mark.parametrize("case", CASES)
def test_what_policy_does_not_name_shows_in_no_answer(
    runtime: ContractRuntime, bundle: SmallBundle, case: str
) -> None:
    silence, remove = CASES[case]
    runtime.host.policy = make_host_policy(**silence)
    fill(runtime.host)
    with_all = ask(runtime, bundle)
    remove(runtime.host)
    assert ask(runtime, bundle) == with_all


@pytest.mark.parametrize("case", [case for case in CASES if case != "packages at another digest"])
def test_what_policy_names_shows(runtime: ContractRuntime, bundle: SmallBundle, case: str) -> None:
    """Else the test above would compare nothing."""
    _, remove = CASES[case]
    # The model is what keeps a Worker from being made in either case.
    runtime.host.policy = make_host_policy(endpoints={})
    fill(runtime.host)
    with_all = ask(runtime, bundle)
    remove(runtime.host)
    assert ask(runtime, bundle) != with_all
