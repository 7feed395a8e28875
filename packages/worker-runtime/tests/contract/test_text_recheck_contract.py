"""Text blobs are checked again when a bundle is accepted, where host policy says so (B-10)."""

import random

import pytest

from support.bundles.secret_tokens import TOKEN_KINDS
from support.bundles.small_bundles import SmallBundle, build_small_bundle
from support.runtime.contract_runtimes import ContractRuntime
from support.runtime.runtime_under_test import put_blobs, put_manifest, store_bundle
from worker_runtime.contract.bundles import StagedOutcome
from worker_runtime.host.policy import HostPolicy
from yoi_bundle.errors import HiddenTextError, SecretValueError
from yoi_wire.errors import LeaseExpiredError

pytestmark = pytest.mark.req("B-10", "R-01")

RECHECK = HostPolicy(recheck_text=True)


def make_token() -> str:
    (kind,) = (one for one in TOKEN_KINDS if one.name == "github-classic")
    return kind.make(random.Random(7))


def build_leaky_bundle(token: str) -> SmallBundle:
    return build_small_bundle(prompts={"leaky": f"Be kind.\n\nLog in with {token} first.\n".encode()})


def send(runtime: ContractRuntime, bundle: SmallBundle) -> None:
    caller = runtime.build_caller()
    staged = put_manifest(runtime, caller, bundle)
    assert isinstance(staged, StagedOutcome)
    put_blobs(runtime, caller, staged.lease.id, bundle.blobs.items())


@pytest.mark.req("B-07", "R-05")
def test_a_secret_in_a_prompt_is_refused_with_its_place_and_without_its_value(
    runtime: ContractRuntime,
) -> None:
    runtime.host.policy = RECHECK
    token = make_token()
    bundle = build_leaky_bundle(token)
    with pytest.raises(SecretValueError) as caught:
        send(runtime, bundle)
    (fault,) = caught.value.faults
    assert fault.pointer == "/prompts/leaky/content"
    assert "line 3" in fault.message
    assert token not in str(caught.value.details())
    status = runtime.run(runtime.api.get_bundle_status(runtime.build_caller(), bundle.digest))
    assert (status.stored, status.staged) == (False, False)
    assert status.rejected.code == "bundle.secret_value"
    assert status.rejected.details["faults"][0]["pointer"] == fault.pointer


@pytest.mark.req("B-09")
def test_hidden_text_in_a_large_prompt_is_refused(runtime: ContractRuntime) -> None:
    """Large enough to come through a file, and to be looked at in more than one part."""
    runtime.host.policy = RECHECK
    text = "Be kind to the reader.\n" * 60_000 + "Well\u202ehidden.\n"
    with pytest.raises(HiddenTextError, match=r"/prompts/long/content: .*U\+202E in line 60001"):
        send(runtime, build_small_bundle(prompts={"long": text.encode()}))


def test_a_refusal_ends_the_lease_and_leaves_nothing_visible(runtime: ContractRuntime) -> None:
    runtime.host.policy = RECHECK
    caller = runtime.build_caller()
    bundle = build_leaky_bundle(make_token())
    staged = put_manifest(runtime, caller, bundle)
    assert isinstance(staged, StagedOutcome)
    with pytest.raises(SecretValueError):
        put_blobs(runtime, caller, staged.lease.id, bundle.blobs.items())
    with pytest.raises(LeaseExpiredError):
        put_blobs(runtime, caller, staged.lease.id, bundle.blobs.items())
    assert runtime.run(runtime.api.list_bundles(caller)).items == ()


def test_places_on_a_host_only_warn_in_prose_and_are_taken(runtime: ContractRuntime) -> None:
    runtime.host.policy = RECHECK
    text = b"Look into /home/sam/notes and ~/.config, and say `password = hunter2` is a bad one.\n"
    assert store_bundle(runtime, runtime.build_caller(), build_small_bundle(prompts={"p": text})).created


def test_without_the_policys_word_texts_are_taken_as_they_come(runtime: ContractRuntime) -> None:
    assert store_bundle(runtime, runtime.build_caller(), build_leaky_bundle(make_token())).created


def test_blobs_that_came_before_the_policy_asked_are_checked_when_a_bundle_names_them_again(
    runtime: ContractRuntime,
) -> None:
    caller = runtime.build_caller()
    token = make_token()
    harmless = build_small_bundle(prompts={"a": b"Be kind.\n", "b": b"Be brief.\n"})
    store_bundle(runtime, caller, build_leaky_bundle(token))
    store_bundle(runtime, caller, harmless)
    runtime.host.policy = RECHECK
    leaky = build_small_bundle(
        prompts={"other": next(iter(build_leaky_bundle(token).blobs.values())), "a": b"Be kind.\n"}
    )
    with pytest.raises(SecretValueError, match="/prompts/other/content"):
        put_manifest(runtime, caller, leaky)
    again = put_manifest(runtime, caller, build_small_bundle(prompts={"a": b"Be kind.\n"}))
    assert not isinstance(again, StagedOutcome)


def test_a_policy_that_comes_to_ask_while_blobs_come_is_obeyed(runtime: ContractRuntime) -> None:
    caller = runtime.build_caller()
    token = make_token()
    leaky = build_leaky_bundle(token).blobs
    bundle = build_small_bundle(prompts={"leaky": next(iter(leaky.values())), "later": b"Be brief.\n"})
    staged = put_manifest(runtime, caller, bundle)
    assert isinstance(staged, StagedOutcome)
    put_blobs(runtime, caller, staged.lease.id, leaky.items())
    runtime.host.policy = RECHECK
    rest = [(digest, data) for digest, data in bundle.blobs.items() if digest not in leaky]
    asked = put_blobs(runtime, caller, staged.lease.id, rest)
    assert isinstance(asked, StagedOutcome)
    assert set(asked.missing) == leaky.keys()
    with pytest.raises(SecretValueError):
        put_blobs(runtime, caller, staged.lease.id, leaky.items())
