"""The layer of host policy: which endpoint a bundle's model gets, whose credential, and what a mount or host name becomes (S-10)."""

from typing import Any

import pytest

from support.runtime.resolution_world import make_host_policy, make_manifest
from worker_runtime.host.policy import EndpointGrant, HostModelGrant, HostPolicy, SecretGrant
from worker_runtime.resolution.decision import Candidate, Kind, Step
from worker_runtime.resolution.layers.host import apply_host_policy, prepare_host_layer
from worker_runtime.resolution.payloads import Granted, GrantedModel, GrantedMount, GrantedNetwork
from yoi_bundle.manifest import SecretRef

MODEL = GrantedModel(id="large", source="bundle", provider="example", model="large-1", consumer="")
HOSTED = GrantedModel(id="spare", source="host", provider="", model="spare", consumer="")


def apply(kind: Kind, payload: Granted, policy: HostPolicy) -> Candidate:
    return apply_host_policy(Candidate(kind, "x", payload), prepare_host_layer(policy, make_manifest()))


def get_word(item: Candidate) -> Step:
    (step,) = item.steps
    assert step.layer == "host_policy"
    return step


def make_endpoint(*models: str, **changes: Any) -> EndpointGrant:
    return EndpointGrant(**{"provider": "example", "models": frozenset(models), **changes})


def get_model(item: Candidate) -> GrantedModel:
    assert isinstance(item.payload, GrantedModel)
    return item.payload


@pytest.mark.req("S-10")
@pytest.mark.parametrize(
    ("grant", "admitted"),
    [
        (make_endpoint("large-*"), True),
        (make_endpoint("large-1"), True),
        (make_endpoint("large-?"), False),
        (make_endpoint("large-[1]"), False),
        (make_endpoint("small-*"), False),
        (make_endpoint(), False),
        (make_endpoint("*", provider="other"), False),
    ],
)
def test_an_endpoint_admits_its_providers_models_and_a_star_is_its_only_wildcard(
    grant: EndpointGrant, admitted: bool
) -> None:
    word = get_word(apply("model", MODEL, make_host_policy(endpoints={"a/b": grant})))
    expected = ("gives", "/endpoints/a~1b", "host_policy.grants")
    assert (word.verdict, word.pointer, word.rule) == (
        expected if admitted else ("withholds", "/endpoints", "host_policy.endpoint")
    )


@pytest.mark.req("S-10")
def test_the_first_endpoint_by_name_serves_unless_another_may_have_the_models_credential() -> None:
    endpoints = {"b": make_endpoint("*"), "a": make_endpoint("*")}
    plain = make_host_policy(endpoints=endpoints, secrets={})
    assert get_model(apply("model", MODEL, plain)).consumer == "model:a"
    model = GrantedModel(
        id="large",
        source="bundle",
        provider="example",
        model="large-1",
        consumer="",
        credential=SecretRef(name="KEY"),
    )
    granted = make_host_policy(endpoints=endpoints, secrets={"KEY": SecretGrant(to=frozenset({"model:b"}))})
    assert get_model(apply("model", model, granted)).consumer == "model:b"
    assert get_model(apply("model", model, plain)).consumer == "model:a"


@pytest.mark.req("S-04", "S-10")
def test_an_endpoints_credential_is_for_models_that_bring_none() -> None:
    policy = make_host_policy(endpoints={"a": make_endpoint("*", credential="OWN")})
    own = SecretRef(name="KEY")
    model = GrantedModel(
        id="large", source="bundle", provider="example", model="large-1", consumer="", credential=own
    )
    assert get_model(apply("model", MODEL, policy)).credential == SecretRef(name="OWN")
    assert get_model(apply("model", model, policy)).credential == own


@pytest.mark.req("S-10")
def test_a_model_of_the_host_is_what_policy_says_of_its_alias() -> None:
    grant = HostModelGrant(provider="p", model="m", credential="KEY")
    after = apply("model", HOSTED, make_host_policy(models={"spare": grant}))
    assert get_word(after) == Step("host_policy", "gives", "/models/spare", "host_policy.grants")
    got = get_model(after)
    assert (got.provider, got.model, got.consumer) == ("p", "m", "host-model:spare")
    assert got.credential == SecretRef(name="KEY")
    word = get_word(apply("model", HOSTED, make_host_policy(models={"other": grant})))
    assert (word.verdict, word.pointer, word.rule) == ("withholds", "/models", "host_policy.alias")


@pytest.mark.req("S-10")
@pytest.mark.parametrize(
    ("asked", "granted", "left"),
    [("rw", "rw", "rw"), ("rw", "ro", "ro"), ("ro", "rw", "ro"), ("ro", "ro", "ro")],
)
def test_a_mount_has_the_lesser_access_of_what_is_asked_and_granted(
    asked: Any, granted: Any, left: Any
) -> None:
    after = apply("mount", GrantedMount(name="a/b", access=asked), make_host_policy(mounts={"a/b": granted}))
    assert after.payload == GrantedMount(name="a/b", access=left)
    rule = "host_policy.grants" if asked == left else "host_policy.lower_access"
    assert get_word(after) == Step(
        "host_policy", "gives" if asked == left else "narrows", "/mounts/a~1b", rule
    )


@pytest.mark.req("S-10")
@pytest.mark.parametrize(
    ("granted", "hosts", "verdict"),
    [
        ({"*.org"}, ("*.org",), "gives"),
        ({"a.org", "b.org", "a.net"}, ("a.org", "b.org"), "narrows"),
        ({"a.net"}, ("*.org",), "withholds"),
    ],
)
def test_a_network_pattern_becomes_what_policy_grants_of_it(
    granted: set[str], hosts: tuple[str, ...], verdict: str
) -> None:
    after = apply(
        "network",
        GrantedNetwork(asked="*.org", hosts=("*.org",)),
        make_host_policy(network=frozenset(granted)),
    )
    assert after.payload == GrantedNetwork(asked="*.org", hosts=hosts)
    assert (get_word(after).verdict, get_word(after).pointer) == (verdict, "/network")
    assert after.is_open == (verdict != "withholds")
