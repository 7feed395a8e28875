"""Resolution only tightens, gives what every layer gives, and depends on nothing else (S-01 to S-03, S-11)."""

import json
import subprocess
import sys
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase

import msgspec
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from support.bundles.bundle_strategies import tool_calls
from support.runtime.rebuilt_spec import rebuild_spec
from support.runtime.runtime_strategies import ALLOW_ALL, Case, cases
from worker_runtime.host.facts import NO_FACTS, restrict_facts
from worker_runtime.host.policy import HostPolicy
from worker_runtime.resolution.decide import decide
from worker_runtime.resolution.decision import compute_outcome
from worker_runtime.resolution.explain import (
    Explanation,
    encode_explanation,
    explain_resolution,
)
from worker_runtime.resolution.fast_path.plan_cache import PlanCache
from worker_runtime.resolution.fast_path.spec_cache import SpecCache
from worker_runtime.resolution.host_plan import HostPlan
from worker_runtime.resolution.layers.facts import apply_facts
from worker_runtime.resolution.layers.intent import apply_intent, index_intent
from worker_runtime.resolution.layers.needs import settle_needs
from worker_runtime.resolution.resolve import (
    Resolution,
    compute_resolution,
    prepare_resolution,
    seal_resolution,
)
from worker_runtime.resolution.rules import RULES
from yoi_bundle.builtin import load_builtin_set
from yoi_bundle.calls import (
    compute_policy_verdict,
    compute_verdict,
)
from yoi_bundle.calls.call import find_strictest
from yoi_bundle.canonical import encode_canonical
from yoi_bundle.manifest import Asks, Policy, Profile
from yoi_bundle.selection import compute_asks, select_tools
from yoi_wire.worker_requests import NO_INTENT, NO_NARROWING, Narrowing, WorkerRequest

RANK = {"ro": 1, "rw": 2}
TARGETS = [
    (host, port)
    for host in (
        "docs.example.org",
        "example.com",
        "a.example.com",
        "x.b.example.com",
        "b.example.com",
        "localhost",
    )
    for port in (80, 443, 8080)
]
quick = settings(max_examples=20, deadline=None)


def resolve(case: Case) -> Resolution:
    request = WorkerRequest(selector=case.selector, bundle_digest=case.bundle.digest, intent=case.intent)
    hosted = prepare_resolution(
        request,
        bundle=case.bundle.bundle,
        builtin=load_builtin_set(),
        policy=case.policy,
        caller_is_remote=True,
    )
    return compute_resolution(hosted, case.facts, case.intent)


def prepare(case: Case) -> HostPlan:
    request = WorkerRequest(selector=case.selector, bundle_digest=case.bundle.digest)
    return prepare_resolution(
        request,
        bundle=case.bundle.bundle,
        builtin=load_builtin_set(),
        policy=case.policy,
        caller_is_remote=True,
    )


def get_profile(case: Case) -> tuple[Profile, Asks]:
    name = case.selector.partition(":")[2]
    profile = case.bundle.manifest.profiles[name]
    return profile, compute_asks(case.bundle.manifest, profile, name=name)


def matches_target(patterns: Iterable[str], host: str, port: int) -> bool:
    """Say it again, and otherwise than the product does: a pattern, a name and a port."""
    for pattern in patterns:
        name, _, wanted = pattern.partition(":")
        own = port in (80, 443) if not wanted else str(port) == wanted
        if own and (host == name or (name.startswith("*.") and fnmatchcase(host, name))):
            return True
    return False


@pytest.mark.req("S-02", "S-05")
@quick
@given(cases())
def test_a_mount_has_the_least_access_of_all_layers(case: Case) -> None:
    _, asks = get_profile(case)
    grants, kept = case.bundle.manifest.grants.mounts, case.intent.narrowing.mounts
    layers: list[Mapping[str, str]] = [
        {name: ask.access for name, ask in asks.mounts.items()},
        {name: grant.access for name, grant in grants.items()},
        case.policy.mounts,
        case.facts.mounts,
        *([kept] if kept is not None else []),
    ]
    expected = {
        name: min((layer[name] for layer in layers), key=RANK.__getitem__)
        for name in asks.mounts
        if all(name in layer for layer in layers)
    }
    assert {mount.name: mount.access for mount in resolve(case).spec.mounts} == expected


@pytest.mark.req("S-02", "S-10")
@quick
@given(cases())
def test_a_host_is_in_reach_just_when_every_layer_names_it(case: Case) -> None:
    _, asks = get_profile(case)
    kept = case.intent.narrowing.network
    layers: list[Iterable[str]] = [asks.network, case.bundle.manifest.grants.network, case.policy.network]
    given_hosts = [host for granted in resolve(case).spec.network for host in granted.hosts]
    for target in TARGETS:
        by_all = all(matches_target(layer, *target) for layer in layers)
        by_all = by_all and (kept is None or matches_target(kept, *target))
        assert matches_target(given_hosts, *target) == by_all, target


@pytest.mark.req("S-02", "S-10")
@quick
@given(cases())
def test_host_capabilities_are_the_intersection_of_all_layers(case: Case) -> None:
    _, asks = get_profile(case)
    expected = (
        set(asks.host) & set(case.bundle.manifest.grants.host) & case.policy.host & set(case.facts.host)
    )
    if case.intent.narrowing.host is not None:
        expected &= case.intent.narrowing.host
    assert {granted.capability for granted in resolve(case).spec.host} == expected


@pytest.mark.req("S-02")
@quick
@given(cases())
def test_a_limit_is_the_least_of_all_layers(case: Case) -> None:
    profile, _ = get_profile(case)
    layers = [
        profile.asks.limits,
        case.bundle.manifest.grants.limits,
        case.policy.limits,
        case.intent.narrowing.limits,
    ]
    for granted in resolve(case).spec.limits:
        bounds = [bound for layer in layers if (bound := getattr(layer, granted.name)) is not None]
        assert granted.value == min(bounds, default=None)


@pytest.mark.req("S-02", "S-04", "S-10")
@quick
@given(cases())
def test_a_secret_reaches_only_consumers_that_every_layer_names(case: Case) -> None:
    spec = resolve(case).spec
    kept = case.intent.narrowing.secrets
    owned = {
        *((one.credential, f"model:{name}") for name, one in case.policy.endpoints.items()),
        *((one.credential, f"host-model:{name}") for name, one in case.policy.models.items()),
        *((secret, f"server:{name}") for name, one in case.policy.servers.items() for secret in one.secrets),
    }
    models = (*spec.workflow_models, *([spec.model] if spec.model else []))
    consumers = {one.consumer for one in (*spec.tools, *models)}
    for secret in spec.secrets:
        assert secret.name in case.facts.secrets
        assert kept is None or secret.name in kept
        assert secret.consumer in consumers
        if (secret.name, secret.consumer) not in owned:
            assert secret.name in case.bundle.manifest.grants.secrets
            assert secret.consumer in case.policy.secrets[secret.name].to


@pytest.mark.req("S-02", "S-10")
@quick
@given(cases())
def test_every_tool_of_the_spec_was_asked_for_and_is_no_wider(case: Case) -> None:
    profile, _ = get_profile(case)
    selected = select_tools(
        case.bundle.manifest.tools, profile.tools, profile=case.selector.partition(":")[2]
    )
    spec = resolve(case).spec
    secrets = {(secret.name, secret.consumer) for secret in spec.secrets}
    for tool in spec.tools:
        asked = selected[tool.id]
        assert asked.exposes is None or set(tool.exposes or ()) <= asked.exposes
        if tool.consumer.startswith("origin:"):
            assert tool.consumer.removeprefix("origin:") in case.policy.origins
        if tool.consumer.startswith("command:"):
            command = case.policy.commands[tool.consumer.removeprefix("command:")].command
            assert command in case.facts.commands
        for text in msgspec.json.encode(tool.declaration).decode().split('"kind":"secret","name":"')[1:]:
            assert (text.partition('"')[0], tool.consumer) in secrets


@pytest.mark.req("S-02", "S-11")
@quick
@given(cases(), st.data())
def test_a_call_gets_the_strictest_verdict_of_the_layers_own(case: Case, data: st.DataObject) -> None:
    profile, _ = get_profile(case)
    spec = resolve(case).spec
    layers: list[Policy] = [case.bundle.manifest.policies[name] for name in profile.policies]
    layers.append(case.policy.tools)
    if case.intent.narrowing.policy is not None:
        layers.append(case.intent.narrowing.policy)
    call = data.draw(tool_calls(case.bundle.manifest))
    own = find_strictest([compute_policy_verdict(layer, call) for layer in layers])
    assert compute_verdict([one.policy for one in spec.policies], call).effect == own.effect


@pytest.mark.req("S-02", "S-11")
@quick
@given(cases(), st.data())
def test_a_tool_that_some_call_of_passes_is_not_withheld_by_tool_policy(
    case: Case, data: st.DataObject
) -> None:
    resolution = resolve(case)
    call = data.draw(tool_calls(case.bundle.manifest))
    assume(compute_verdict([one.policy for one in resolution.spec.policies], call).effect != "deny")
    for decision in resolution.decisions:
        if decision.kind == "tool" and (
            call.tool == decision.id or call.tool.rpartition("/")[0] == decision.id
        ):
            assert not {step.rule for step in decision.steps} & {
                "bundle.policy_denies",
                "host_policy.tools_deny",
                "intent.policy_denies",
            }


@pytest.mark.req("S-02")
@quick
@given(cases())
def test_an_item_is_granted_just_when_no_layer_withholds_it(case: Case) -> None:
    for decision in resolve(case).decisions:
        outcome = compute_outcome(decision.steps)
        assert decision.outcome == outcome or (decision.kind == "profile" and decision.outcome == "denied")
        assert (decision.effective is None) == (decision.outcome == "denied")


@pytest.mark.req("S-02")
@quick
@given(cases())
def test_what_every_layer_gives_is_granted(case: Case) -> None:
    """With a host that grants and has all, an intent that is silent, only profile and bundle take away."""
    profile, _ = get_profile(case)
    bundle = case.bundle
    policy = replace(case.policy, tools=ALLOW_ALL)
    open_case = replace(case, policy=policy, intent=NO_INTENT)  # type: ignore[type-var]
    spec = resolve(open_case).spec
    assert [prompt.id for prompt in spec.prompts] == list(
        dict.fromkeys(use.prompt for use in profile.prompts)
    )
    assert {skill.id for skill in spec.skills} == set(profile.skills)
    assert {one.id for one in spec.policies} == {*profile.policies, "host:policy"}
    blocked = {
        decision.id
        for decision in resolve(open_case).decisions
        if any(step.layer in ("bundle", "needs") and step.verdict == "withholds" for step in decision.steps)
    }
    selected = select_tools(bundle.manifest.tools, profile.tools, profile=case.selector.partition(":")[2])
    builtins = {name for name in selected if ":" not in name}
    assert builtins - blocked <= {tool.id for tool in spec.tools}


@pytest.mark.req("S-02")
@quick
@given(cases())
def test_an_intent_never_adds_to_what_a_silent_one_gives(case: Case) -> None:
    silent = resolve(replace(case, intent=NO_INTENT)).spec  # type: ignore[type-var]
    narrowed = resolve(case).spec
    assert {tool.id for tool in narrowed.tools} <= {tool.id for tool in silent.tools}
    assert {mount.name for mount in narrowed.mounts} <= {mount.name for mount in silent.mounts}
    assert {one.capability for one in narrowed.host} <= {one.capability for one in silent.host}
    assert {one.plugin + one.name for one in narrowed.surfaces} <= {
        one.plugin + one.name for one in silent.surfaces
    }
    assert {skill.id for skill in narrowed.skills} <= {skill.id for skill in silent.skills}


@pytest.mark.req("S-10")
@quick
@given(cases())
def test_a_policy_that_says_nothing_grants_nothing(case: Case) -> None:
    spec = resolve(replace(case, policy=HostPolicy())).spec  # type: ignore[type-var]
    assert spec.model is None
    assert not (spec.tools or spec.mounts or spec.network or spec.host or spec.secrets)
    assert not (spec.surfaces or spec.permissions)
    assert all(plugin.digest == "" for plugin in spec.plugins)


@pytest.mark.req("S-06")
@quick
@given(cases())
def test_a_surface_needs_a_grant_at_its_version_and_digest_and_a_package_that_declares_it(case: Case) -> None:
    for surface in resolve(case).spec.surfaces:
        plugin = case.bundle.manifest.plugins[surface.plugin]
        grants = [
            grant
            for grant in case.policy.plugins
            if (grant.id, grant.version) == (surface.plugin, plugin.version)
            and surface.name in grant.surfaces
        ]
        facts = [case.facts.packages.get(grant.digest) for grant in grants]
        assert any(fact is not None and surface.name in fact.surfaces for fact in facts)


@pytest.mark.req("S-03")
@quick
@given(cases())
def test_the_spec_is_rebuilt_from_the_explanations_json(case: Case) -> None:
    resolution = resolve(case)
    explanation = msgspec.json.decode(encode_canonical(explain_resolution(resolution)), type=Explanation)
    rebuilt = rebuild_spec(explanation)
    assert rebuilt == resolution.spec
    assert encode_canonical(rebuilt) == resolution.spec_bytes


@pytest.mark.req("S-03")
@quick
@given(cases())
def test_every_step_has_a_rule_with_words_and_every_denied_item_a_cause(case: Case) -> None:
    for decision in resolve(case).decisions:
        assert all(RULES[step.rule].sentence for step in decision.steps)
        causes = [step for step in decision.steps if step.verdict == "withholds"]
        assert bool(causes) == (decision.outcome == "denied")
        assert all(RULES[step.rule].code and RULES[step.rule].remedy for step in causes)


@pytest.mark.req("S-01", "S-08")
@quick
@given(cases(), st.data())
def test_nothing_depends_on_a_fact_that_was_not_needed(case: Case, data: st.DataObject) -> None:
    """No oracle: what policy does not name shows neither in the answer nor in its digest."""
    hosted = prepare(case)
    needs = hosted.needs
    extra = {name for name in ("CATALOGUE_TOKEN", "model-key", "OTHER") if name not in needs.secrets}
    more = replace(
        case.facts,
        secrets=tuple(sorted({*case.facts.secrets, *extra})),
        host=tuple(sorted({*case.facts.host, *({"shell", "git"} - set(needs.host))})),
        mounts={
            **{name: "rw" for name in ("workspace", "docs") if name not in needs.mounts},
            **case.facts.mounts,
        },
    )
    fewer = replace(case.facts, secrets=tuple(name for name in case.facts.secrets if name in needs.secrets))
    one, other = (compute_resolution(hosted, facts, case.intent) for facts in (more, fewer))
    assert (one.spec_bytes, one.digest, one.decisions) == (other.spec_bytes, other.digest, other.decisions)
    for name in needs.secrets:
        owned = {
            model.credential for model in (*case.policy.models.values(), *case.policy.endpoints.values())
        }
        owned |= {secret for server in case.policy.servers.values() for secret in server.secrets}
        assert name in case.policy.secrets or name in owned
    assert set(needs.mounts) <= set(case.policy.mounts)
    assert set(needs.host) <= case.policy.host


@pytest.mark.req("S-01", "S-08")
@quick
@given(cases())
def test_what_bundle_or_host_policy_withholds_learns_nothing_of_the_host(case: Case) -> None:
    for decision in resolve(case).decisions:
        before = [step for step in decision.steps if step.layer in ("profile", "bundle", "host_policy")]
        if any(step.verdict == "withholds" for step in before):
            assert not [step for step in decision.steps if step.layer == "host_facts"]


@pytest.mark.req("S-02")
@quick
@given(cases())
def test_needs_that_are_settled_once_more_change_nothing(case: Case) -> None:
    """Each open item has what it needs after one round, and lacks nothing that a second would give it."""
    hosted = prepare(case)
    facts, narrowing = restrict_facts(case.facts, hosted.needs), case.intent.narrowing
    items = {
        one.key: apply_intent(
            apply_facts(one, facts, hosted.plan.manifest), narrowing, index_intent(narrowing)
        )
        for one in hosted.candidates
    }
    settle_needs(items, tuple(items.values()), hosted)
    once = {key: (one.is_open, one.payload) for key, one in items.items()}
    settle_needs(items, tuple(items.values()), hosted)
    assert {key: (one.is_open, one.payload) for key, one in items.items()} == once


@pytest.mark.req("S-01", "S-02")
@settings(max_examples=200, deadline=None)
@given(cases())
def test_the_short_way_over_settled_items_decides_as_the_long_one(case: Case) -> None:
    """What is settled skips the layers of facts and needs, so this is what keeps the short way from granting more."""
    request = WorkerRequest(selector=case.selector, bundle_digest=case.bundle.digest)
    plans = PlanCache()
    hosted, again = (
        prepare_resolution(
            request,
            bundle=case.bundle.bundle,
            builtin=load_builtin_set(),
            policy=case.policy,
            caller_is_remote=True,
            plans=plans,
        )
        for _ in range(2)
    )
    assert again is hosted
    facts = restrict_facts(case.facts, hosted.needs)
    assert decide(hosted, facts, NO_NARROWING) == decide(hosted, facts, Narrowing())


@pytest.mark.req("S-01")
@quick
@given(cases())
def test_a_spec_that_was_kept_is_what_deciding_anew_gives(case: Case) -> None:
    hosted = prepare(case)
    specs = SpecCache()
    other_task = replace(case.intent, task="another task")
    asked = [
        (case.facts, case.intent),
        (case.facts, other_task),
        (NO_FACTS, other_task),
        (NO_FACTS, NO_INTENT),
    ]
    for facts, intent in [*asked, *reversed(asked)]:
        found = specs.get_spec(hosted, facts, intent)
        resolution = seal_resolution(hosted, found.decided, intent)
        anew = compute_resolution(hosted, facts, intent)
        assert resolution == anew
        assert encode_explanation(resolution, found.decisions) == encode_canonical(explain_resolution(anew))


CHILD = """
import json, sys
import msgspec
from worker_runtime.host.facts import HostFacts
from worker_runtime.host.policy import HostPolicy
from yoi_wire.worker_requests import Intent, WorkerRequest
from worker_runtime.resolution.explain import explain_resolution
from worker_runtime.resolution.resolve import compute_resolution, prepare_resolution
from yoi_bundle.builtin import load_builtin_set
from yoi_bundle.canonical import encode_canonical
from yoi_bundle.verified import verify_manifest

for line in sys.stdin:
    manifest, digest, selector, policy, facts, intent = json.loads(line)
    request = WorkerRequest(selector=selector, bundle_digest=digest)
    hosted = prepare_resolution(
        request,
        bundle=verify_manifest(manifest.encode(), digest),
        builtin=load_builtin_set(),
        policy=msgspec.json.decode(policy, type=HostPolicy),
        caller_is_remote=True,
    )
    intent = msgspec.json.decode(intent, type=Intent)
    found = compute_resolution(hosted, msgspec.json.decode(facts, type=HostFacts), intent)
    explanation = encode_canonical(explain_resolution(found))
    print(json.dumps([found.spec_bytes.decode(), found.digest, explanation.decode()]))
"""


@pytest.mark.req("S-01")
@settings(max_examples=3, deadline=None)
@given(st.lists(cases(), min_size=4, max_size=8), st.integers(1, 2**32 - 1))
def test_another_process_resolves_the_serialised_inputs_to_the_same_bytes(
    drawn: list[Case], seed: int
) -> None:
    lines = [
        json.dumps(
            [
                case.bundle.data.decode(),
                case.bundle.digest,
                case.selector,
                # Another order of sets and keys than in this process must not matter.
                msgspec.json.encode(case.policy).decode(),
                msgspec.json.encode(case.facts).decode(),
                msgspec.json.encode(case.intent).decode(),
            ]
        )
        for case in drawn
    ]
    child = subprocess.run(
        [sys.executable, "-c", CHILD],
        input="\n".join(lines),
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONHASHSEED": str(seed), "PATH": ""},
    )
    for case, line in zip(drawn, child.stdout.splitlines(), strict=True):
        mine = resolve(case)
        explanation = encode_canonical(explain_resolution(mine)).decode()
        assert json.loads(line) == [mine.spec_bytes.decode(), mine.digest, explanation]


def test_a_silent_intent_is_the_one_shared_value() -> None:
    """Resolution leaves the intent's layer out by identity; an equal value must be that very object."""
    decoded = msgspec.json.decode(b'{"selector":"default","intent":{"narrowing":{}}}', type=WorkerRequest)
    assert decoded.intent.narrowing is NO_NARROWING
