"""One workspace sees nothing of another, nor one issuer of another (R-07)."""

from collections.abc import Callable

import pytest

from support.bundles.small_bundles import SmallBundle, build_small_bundle
from support.runtime.contract_runtimes import ContractRuntime
from support.runtime.runtime_under_test import (
    build_caller,
    create_worker,
    put_blobs,
    put_manifest,
    store_bundle,
)
from worker_runtime.contract.bundles import ManifestBody, StagedOutcome
from worker_runtime.contract.caller import Caller, build_local_caller
from worker_runtime.contract.workers import CreateWorkerRequest
from worker_runtime.host.policy import HostPolicy
from worker_runtime.sync.transfer.manifest_coding import encode_manifest
from yoi_wire.errors import (
    BundleBaseMissingError,
    BundleMissingError,
    ForbiddenError,
    WorkerNotFoundError,
)
from yoi_wire.worker_requests import WorkerRequest

pytestmark = pytest.mark.req("R-07")


def _find_caller_of_the_other_kind(runtime: ContractRuntime) -> Caller:
    if runtime.build_caller().kind == "remote":
        return build_local_caller("library")
    return build_caller("library", kind="remote")


STRANGERS: dict[str, Callable[[ContractRuntime], Caller]] = {
    "other workspace": lambda runtime: runtime.build_caller("museum"),
    "other issuer": lambda _: build_caller(kind="remote", issuer="other"),
    "other kind": _find_caller_of_the_other_kind,
}


@pytest.fixture(params=STRANGERS)
def stranger(request: pytest.FixtureRequest, runtime: ContractRuntime) -> Caller:
    return STRANGERS[request.param](runtime)


@pytest.fixture
def bundle(runtime: ContractRuntime) -> SmallBundle:
    bundle = build_small_bundle()
    store_bundle(runtime, runtime.build_caller(), bundle)
    return bundle


def test_a_strangers_bundle_is_missing_not_forbidden(
    runtime: ContractRuntime, bundle: SmallBundle, stranger: Caller
) -> None:
    api = runtime.api
    for ask in (api.get_bundle, api.head_bundle, api.get_bundle_status):
        with pytest.raises(BundleMissingError) as caught:
            runtime.run(ask(stranger, bundle.digest))
        assert caught.value.details() == {"digest": bundle.digest}
    assert runtime.run(api.list_bundles(stranger)).items == ()
    runtime.run(api.delete_bundle(stranger, bundle.digest))
    runtime.run(api.head_bundle(runtime.build_caller(), bundle.digest))


def test_a_workspace_sends_every_blob_itself_whoever_has_it_already(
    runtime: ContractRuntime, bundle: SmallBundle
) -> None:
    same_text = build_small_bundle("museum")
    assert same_text.blobs == bundle.blobs
    outcome = put_manifest(runtime, runtime.build_caller("museum"), same_text)
    assert isinstance(outcome, StagedOutcome)
    assert set(outcome.missing) == set(bundle.blobs)
    other_issuer = put_manifest(runtime, build_caller(kind="remote", issuer="other"), bundle)
    assert isinstance(other_issuer, StagedOutcome)
    assert set(other_issuer.missing) == set(bundle.blobs)


def test_a_bundle_that_names_another_workspaces_blob_gets_nothing_of_it(
    runtime: ContractRuntime, bundle: SmallBundle
) -> None:
    """Its digest is no secret; whoever names it has to bring the bytes."""
    thief, (stolen,) = runtime.build_caller("museum"), bundle.blobs
    naming = build_small_bundle("museum", prompts={"greeting": bundle.blobs[stolen], "own": b"Be brief.\n"})
    staged = put_manifest(runtime, thief, naming)
    assert isinstance(staged, StagedOutcome)
    own = [(digest, data) for digest, data in naming.blobs.items() if digest != stolen]
    left = put_blobs(runtime, thief, staged.lease.id, own)
    assert isinstance(left, StagedOutcome)
    assert left.missing == (stolen,)
    request = WorkerRequest(selector="default", bundle_digest=naming.digest)
    api = runtime.api
    for attempt in (
        api.get_bundle(thief, naming.digest),
        runtime.embedded.get_blob(thief, naming.digest, stolen),
        runtime.embedded.get_blob(thief, bundle.digest, stolen),
        api.create_worker(thief, CreateWorkerRequest(workspace="museum", key="k", request=request)),
    ):
        with pytest.raises(BundleMissingError):
            runtime.run(attempt)


def test_a_delta_cannot_be_made_against_a_strangers_manifest(
    runtime: ContractRuntime, bundle: SmallBundle
) -> None:
    edited = build_small_bundle("museum", prompts={"p": b"x\n"})
    delta = encode_manifest(edited.manifest, "dcz", base=bundle.manifest)
    with pytest.raises(BundleBaseMissingError):
        runtime.run(
            runtime.api.put_bundle(runtime.build_caller("museum"), edited.digest, edited.metadata, delta)
        )


def test_a_bundle_of_a_workspace_that_the_token_does_not_name_is_forbidden(
    runtime: ContractRuntime,
) -> None:
    bundle = build_small_bundle("museum")
    with pytest.raises(ForbiddenError):
        runtime.run(
            runtime.api.put_bundle(
                runtime.build_caller("library"),
                bundle.digest,
                bundle.metadata,
                ManifestBody(content=bundle.manifest),
            )
        )


def test_a_worker_cannot_be_made_of_another_workspaces_bundle(
    runtime: ContractRuntime, bundle: SmallBundle
) -> None:
    both = runtime.build_caller("library", "museum")
    request = CreateWorkerRequest(
        workspace="museum",
        key="k",
        request=WorkerRequest(selector="default", bundle_digest=bundle.digest),
    )
    with pytest.raises(BundleMissingError):
        runtime.run(runtime.api.create_worker(both, request))


def test_a_strangers_worker_is_not_found(
    runtime: ContractRuntime, bundle: SmallBundle, stranger: Caller
) -> None:
    worker = create_worker(runtime, runtime.build_caller(), bundle)
    api = runtime.api
    for ask in (api.get_worker, api.get_worker_spec, api.stop_worker, api.list_worker_events):
        with pytest.raises(WorkerNotFoundError):
            runtime.run(ask(stranger, worker.id))
    runtime.run(api.delete_worker(stranger, worker.id))
    assert runtime.run(api.list_workers(stranger)).items == ()
    assert runtime.run(api.get_worker(runtime.build_caller(), worker.id)) == worker


def test_the_same_key_of_another_workspace_is_another_worker(
    runtime: ContractRuntime, bundle: SmallBundle
) -> None:
    other = build_small_bundle("museum")
    store_bundle(runtime, runtime.build_caller("museum"), other)
    first = create_worker(runtime, runtime.build_caller(), bundle)
    assert create_worker(runtime, runtime.build_caller("museum"), other).id != first.id


def test_host_policy_is_of_one_issuer_and_workspace(runtime: ContractRuntime, bundle: SmallBundle) -> None:
    runtime.host.policies["other", "library"] = HostPolicy(assigned_only=True)
    create_worker(runtime, runtime.build_caller(), bundle)
