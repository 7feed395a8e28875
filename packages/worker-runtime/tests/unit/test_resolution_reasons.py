"""Each reason for a refusal, by taking one thing away from a host that grants all (S-09)."""

import itertools
from typing import Any

import pytest
from msgspec.structs import replace

from support.runtime.resolution_world import (
    PACKAGE_DIGEST,
    PLUGIN,
    make_bundle,
    make_facts,
    make_host_policy,
    make_manifest,
    make_policy,
    make_profile,
    make_server,
    require_all,
    resolve,
)
from worker_runtime.host.facts import HostFacts, PackageFact
from worker_runtime.host.policy import NO_POLICY, HostPolicy, PluginGrant
from worker_runtime.resolution.errors import (
    BundleRequiredError,
    InvalidSelectorError,
    ProfileNotFoundError,
    ResolutionRefusedError,
)
from worker_runtime.resolution.resolve import HostSnapshot, Resolution, resolve_worker
from yoi_bundle.builtin import load_builtin_set
from yoi_bundle.manifest import (
    Ask,
    Asks,
    Grants,
    Manifest,
    McpServer,
    Member,
    MountAsk,
    MountGrant,
    Rule,
    ToolList,
    compute_rule_id,
)
from yoi_wire.errors import RequestInvalidError
from yoi_wire.worker_requests import Intent, Narrowing, WorkerRequest


def codes(resolution: Resolution) -> set[tuple[str, str, str]]:
    return {(reason.code, reason.kind, reason.id) for reason in resolution.reasons}


def test_a_host_that_grants_all_refuses_nothing() -> None:
    resolution = resolve(require_all(make_manifest()))
    assert resolution.reasons == ()
    assert {decision.outcome for decision in resolution.decisions} == {"granted"}


PACKAGE_FACTS: dict[str, tuple[PackageFact, str]] = {
    "absent": (PackageFact(state="absent"), "plugin.unavailable"),
    "other bytes": (PackageFact(state="digest_mismatch"), "plugin.digest_mismatch"),
    "no manifest": (PackageFact(state="invalid"), "plugin.unavailable"),
    "another name": (PackageFact(state="verified", name="else", version="1.0.0"), "plugin.unavailable"),
}


@pytest.mark.req("S-06", "S-09")
@pytest.mark.parametrize("case", PACKAGE_FACTS)
def test_a_required_plugin_is_refused_by_the_state_of_its_package(case: str) -> None:
    fact, code = PACKAGE_FACTS[case]
    resolution = resolve(require_all(make_manifest()), facts=make_facts(packages={PACKAGE_DIGEST: fact}))
    assert (code, "plugin", PLUGIN) in codes(resolution)
    assert not resolution.spec.surfaces


def grant_plugin(**changes: Any) -> HostPolicy:
    (grant,) = make_host_policy().plugins
    return make_host_policy(plugins=(replace(grant, **changes),))


FACTS: dict[str, tuple[dict[str, Any], tuple[str, str, str]]] = {
    "no secret": (
        {"secrets": ("API_TOKEN", "ISSUE_TOKEN")},
        ("secret.unavailable", "secret", "MODEL_KEY@model:main"),
    ),
    "no directory": ({"mounts": {}}, ("mount.unavailable", "mount", "workspace")),
    "no shell": ({"host": ()}, ("capability.unavailable", "host", "shell")),
}


@pytest.mark.req("S-01", "S-09")
@pytest.mark.parametrize("case", FACTS)
def test_what_the_host_lacks_refuses_what_is_required(case: str) -> None:
    changes, reason = FACTS[case]
    assert reason in codes(resolve(require_all(make_manifest()), facts=make_facts(**changes)))


POLICIES: dict[str, tuple[HostPolicy, tuple[str, str, str]]] = {
    "no secret": (make_host_policy(secrets={}), ("policy.denied", "secret", "MODEL_KEY@model:main")),
    "no mount": (make_host_policy(mounts={}), ("policy.denied", "mount", "workspace")),
    "no network": (make_host_policy(network=frozenset()), ("policy.denied", "network", "docs.example.org")),
    "no shell": (make_host_policy(host=frozenset()), ("policy.denied", "host", "shell")),
    "no endpoint": (make_host_policy(endpoints={}), ("model.unavailable", "model", "large")),
    "no plugin": (make_host_policy(plugins=()), ("plugin.not_granted", "plugin", PLUGIN)),
    "another version": (grant_plugin(version="2.0.0"), ("plugin.not_granted", "plugin", PLUGIN)),
    "another digest": (
        grant_plugin(digest=f"sha256:{'0' * 64}"),
        ("plugin.digest_mismatch", "plugin", PLUGIN),
    ),
    "no permission": (
        grant_plugin(permissions=frozenset()),
        ("plugin.not_granted", "permission", f"{PLUGIN}/clock"),
    ),
}


@pytest.mark.req("S-09", "S-10")
@pytest.mark.parametrize("case", POLICIES)
def test_what_host_policy_does_not_grant_refuses_what_is_required(case: str) -> None:
    policy, reason = POLICIES[case]
    assert reason in codes(resolve(require_all(make_manifest()), policy=policy))


@pytest.mark.req("S-09")
def test_a_refusal_shows_all_its_reasons_at_once() -> None:
    bundle = make_bundle(require_all(make_manifest()))
    request = WorkerRequest(selector="workspace:helper", bundle_digest=bundle.digest)
    with pytest.raises(ResolutionRefusedError) as refused:
        resolve_worker(
            request,
            bundle=bundle,
            builtin=load_builtin_set(),
            host=HostSnapshot(policy=NO_POLICY, facts=HostFacts()),
        )
    kinds = {reason.kind for reason in refused.value.reasons}
    assert kinds == {"model", "plugin", "permission", "secret", "mount", "network", "host"}
    assert len(refused.value.details()["reasons"]) == len(refused.value.reasons)


def _require_part(server: McpServer | None = None) -> Manifest:
    """Return a manifest whose helper requires one tool of a server, takes another, and needs no more."""
    tools = {"mcp:issues/list": Ask(required=True), "mcp:issues/close": Ask()}
    return make_manifest(
        tools={"mcp:issues": server or make_server()},
        plugins={},
        policies={"house": make_policy(default="allow")},
        profiles={"helper": make_profile(tools=ToolList(tools=tools), plugins={}, asks=Asks())},
        grants=Grants(secrets={name: Member() for name in ("MODEL_KEY", "ISSUE_TOKEN")}),
    )


_DENIED_PART = make_policy(Rule(effect="deny", tool="mcp:issues/list"), default="allow")
_OTHER_PART = make_policy(Rule(effect="allow", tool="mcp:issues/close"))
WITHOUT_PART: dict[str, tuple[dict[str, Any], str]] = {
    "intent keeps another": (
        {"intent": Intent(narrowing=Narrowing(tools=frozenset({"mcp:issues/close"})))},
        "capability.unavailable",
    ),
    "intent denies it": (
        {"intent": Intent(narrowing=Narrowing(policy=_DENIED_PART))},
        "capability.unavailable",
    ),
    "host policy denies it": ({"policy": make_host_policy(tools=_DENIED_PART)}, "policy.denied"),
    "host policy allows another": ({"policy": make_host_policy(tools=_OTHER_PART)}, "policy.denied"),
}


@pytest.mark.req("S-09")
@pytest.mark.parametrize("case", WITHOUT_PART)
def test_a_required_tool_of_a_server_refuses_when_only_others_are_left(case: str) -> None:
    arguments, code = WITHOUT_PART[case]
    assert codes(resolve(_require_part(), **arguments)) == {(code, "tool", "mcp:issues")}


@pytest.mark.req("S-09")
def test_a_required_tool_that_the_bundle_takes_out_of_its_server_refuses() -> None:
    denied = replace(_require_part(), policies={"house": _DENIED_PART})
    assert codes(resolve(denied)) == {("policy.denied", "tool", "mcp:issues")}
    unexposed = _require_part(replace(make_server(), exposes={"close": Member()}))
    assert codes(resolve(unexposed)) == {("capability.unavailable", "tool", "mcp:issues")}


@pytest.mark.req("S-02", "S-09")
@pytest.mark.parametrize("kept", [{"mcp:issues/list"}, {"mcp:issues/list", "mcp:issues/close"}, {"*"}])
def test_a_required_tool_of_a_server_that_is_left_refuses_nothing(kept: set[str]) -> None:
    resolution = resolve(_require_part(), intent=Intent(narrowing=Narrowing(tools=frozenset(kept))))
    assert resolution.reasons == ()
    (tool,) = resolution.spec.tools
    assert "list" in (tool.exposes or ())


CAPABILITIES: dict[str, tuple[dict[str, Any], str]] = {
    "tool:shell.run": ({"policy": make_host_policy(host=frozenset())}, "policy.denied"),
    "tool:file.edit": ({}, "capability.unavailable"),
    "mount:workspace:rw": ({"policy": make_host_policy(mounts={"workspace": "ro"})}, "policy.denied"),
    "mount:other:ro": ({}, "capability.unavailable"),
    "secret:API_TOKEN": ({"facts": make_facts(secrets=())}, "secret.unavailable"),
    "network:docs.example.org": ({"policy": make_host_policy(network=frozenset())}, "policy.denied"),
    "network:evil.example.net": ({}, "capability.unavailable"),
    "host:shell": ({"facts": make_facts(host=())}, "capability.unavailable"),
    "host:git": ({}, "capability.unavailable"),
    f"plugin:{PLUGIN}/opening_hours": ({"policy": make_host_policy(plugins=())}, "plugin.not_granted"),
    "model:large": ({"policy": make_host_policy(endpoints={})}, "model.unavailable"),
    "model:other": ({}, "capability.unavailable"),
}


@pytest.mark.req("S-09")
@pytest.mark.parametrize("text", CAPABILITIES)
def test_a_required_capability_that_is_not_granted_in_full_refuses(text: str) -> None:
    arguments, code = CAPABILITIES[text]
    resolution = resolve(intent=Intent(requires=frozenset({text})), **arguments)
    assert code in {reason.code for reason in resolution.reasons}


@pytest.mark.req("S-09")
@pytest.mark.parametrize(
    "text",
    [
        "tool:file.read",
        "tool:mcp:issues",
        "tool:mcp:issues/list",
        "mount:workspace:ro",
        "mount:workspace:rw",
        "secret:API_TOKEN",
        "network:docs.example.org",
        "host:shell",
        f"plugin:{PLUGIN}/opening_hours",
        "model:large",
    ],
)
def test_a_required_capability_that_is_granted_refuses_nothing(text: str) -> None:
    assert resolve(intent=Intent(requires=frozenset({text}))).reasons == ()


@pytest.mark.req("S-09")
@pytest.mark.parametrize(
    "text", ["", "tool", "tool:*", "mount:docs", "mount:docs:rwx", "host:root", "gpu:1", "plugin:x"]
)
def test_what_is_no_capability_is_an_invalid_request(text: str) -> None:
    with pytest.raises(RequestInvalidError):
        resolve(intent=Intent(requires=frozenset({text})))


@pytest.mark.req("S-02", "S-09")
def test_a_server_that_the_intent_keeps_in_part_is_not_granted_in_full() -> None:
    narrowing = Narrowing(tools=frozenset({"mcp:issues/list"}))
    whole = Intent(requires=frozenset({"tool:mcp:issues"}), narrowing=narrowing)
    part = Intent(requires=frozenset({"tool:mcp:issues/list"}), narrowing=narrowing)
    assert "capability.unavailable" in {reason.code for reason in resolve(intent=whole).reasons}
    assert resolve(intent=part).reasons == ()


@pytest.mark.req("S-02")
def test_an_empty_set_in_the_intent_means_none_and_silence_means_all() -> None:
    none = Narrowing(
        tools=frozenset(), mounts={}, network=frozenset(), secrets=frozenset({"MODEL_KEY"}), host=frozenset()
    )
    spec = resolve(intent=Intent(narrowing=none)).spec
    assert (spec.tools, spec.mounts, spec.network, spec.host) == ((), (), (), ())
    assert len(resolve(intent=Intent()).spec.tools) == 5


@pytest.mark.req("S-04", "S-10")
def test_a_secret_goes_with_the_last_item_that_would_use_it() -> None:
    kept = Intent(narrowing=Narrowing(tools=frozenset({"file.read", "http:catalogue"})))
    assert {one.name for one in resolve(intent=kept).spec.secrets} == {"API_TOKEN", "MODEL_KEY"}
    (decision,) = [one for one in resolve(intent=kept).decisions if one.id == "ISSUE_TOKEN@command:issues"]
    assert decision.steps[-1].rule == "needs.consumer"


RANK: dict[str | None, int] = {None: 0, "ro": 1, "rw": 2}


@pytest.mark.req("S-02", "S-05")
@pytest.mark.parametrize("asked", ["ro", "rw"])
def test_every_combination_of_layers_gives_the_least_access_to_a_mount(asked: Any) -> None:
    """All of them, because generated layers seldom disagree about just one mount."""
    levels: tuple[Any, ...] = (None, "ro", "rw")
    profile = make_profile(asks=Asks(mounts={"workspace": MountAsk(access=asked)}))
    for bundle, host, fact, kept in itertools.product(levels, levels, levels, ("silent", *levels)):
        grants = Grants(mounts={"workspace": MountGrant(access=bundle)} if bundle else {})
        narrowing = Narrowing(mounts=None if kept == "silent" else {"workspace": kept} if kept else {})
        resolution = resolve(
            make_manifest(grants=grants, profiles={"helper": profile}),
            policy=make_host_policy(mounts={"workspace": host} if host else {}),
            facts=make_facts(mounts={"workspace": fact} if fact else {}),
            intent=Intent(narrowing=narrowing),
        )
        layers = [asked, bundle, host, fact, *([] if kept == "silent" else [kept])]
        least = min(layers, key=RANK.__getitem__)
        expected = [] if least is None else [("workspace", least)]
        assert [(one.name, one.access) for one in resolution.spec.mounts] == expected, layers


@pytest.mark.req("S-09")
def test_a_missing_optional_item_is_a_denied_decision_and_no_refusal() -> None:
    resolution = resolve(policy=make_host_policy(mounts={}, host=frozenset(), origins=frozenset()))
    denied = {(one.kind, one.id) for one in resolution.decisions if one.outcome == "denied"}
    assert {("mount", "workspace"), ("tool", "file.read"), ("host", "shell"), ("tool", "shell.run")} <= denied
    assert resolution.reasons == ()


@pytest.mark.req("S-05", "S-09")
@pytest.mark.parametrize("layer", ["bundle", "host_policy", "host_facts", "intent"])
@pytest.mark.parametrize("required", [True, False])
def test_a_required_mount_that_any_layer_narrows_refuses_and_an_optional_one_does_not(
    layer: str, required: bool
) -> None:
    """Who requires to write is not served by reading."""
    asks = Asks(mounts={"workspace": MountAsk(access="rw", required=required)})
    access: dict[str, Any] = dict.fromkeys(("bundle", "host_policy", "host_facts"), "rw") | {layer: "ro"}
    grants = replace(make_manifest().grants, mounts={"workspace": MountGrant(access=access["bundle"])})
    narrowing = Narrowing(mounts={"workspace": access["intent"]} if layer == "intent" else None)
    resolution = resolve(
        make_manifest(grants=grants, profiles={"helper": make_profile(asks=asks)}),
        policy=make_host_policy(mounts={"workspace": access["host_policy"]}),
        facts=make_facts(mounts={"workspace": access["host_facts"]}),
        intent=Intent(narrowing=narrowing),
    )
    found = [(one.kind, one.id, one.layer, one.rule) for one in resolution.reasons]
    assert found == ([("mount", "workspace", layer, f"{layer}.lower_access")] if required else [])
    assert [one.access for one in resolution.spec.mounts] == ["ro"]


@pytest.mark.req("S-09")
def test_a_required_host_pattern_that_is_narrowed_refuses() -> None:
    asks = Asks(network={"*.example.org": Ask(required=True)})
    grants = replace(make_manifest().grants, network={"*.example.org": Member()})
    manifest = make_manifest(grants=grants, profiles={"helper": make_profile(asks=asks)})
    assert codes(resolve(manifest)) == {("policy.denied", "network", "*.example.org")}
    wide = make_host_policy(network=frozenset({"*.example.org"}))
    assert resolve(manifest, policy=wide).reasons == ()


@pytest.mark.req("S-02")
def test_the_first_model_that_the_host_gives_is_taken() -> None:
    models = make_manifest().models
    manifest = make_manifest(
        models={"first": replace(models["large"], model="huge-1"), **models, "third": models["large"]},
        profiles={"helper": make_profile(models=("first", "large", "third"))},
    )
    resolution = resolve(manifest)
    assert resolution.spec.model is not None
    assert resolution.spec.model.id == "large"
    assert [one.outcome for one in resolution.decisions if one.kind == "model"] == [
        "denied",
        "granted",
        "denied",
    ]
    assert resolution.reasons == ()


@pytest.mark.req("S-02")
def test_a_profile_without_models_gets_the_hosts_own() -> None:
    manifest = make_manifest(profiles={"helper": make_profile(models=())})
    with_default = resolve(manifest, policy=make_host_policy(default_model="spare"))
    assert with_default.spec.model is not None
    assert with_default.spec.model.model == "small-1"
    assert {reason.code for reason in resolve(manifest).reasons} == {"model.unavailable"}


@pytest.mark.req("S-11")
def test_a_tool_of_which_a_layer_denies_every_call_is_withheld_with_the_rule() -> None:
    rule = Rule(effect="deny", tool="web.*")
    manifest = make_manifest(policies={"house": make_policy(Rule(effect="allow", tool="*"), rule)})
    (decision,) = [one for one in resolve(manifest).decisions if one.id == "web.fetch"]
    cause = next(step for step in decision.steps if step.verdict == "withholds")
    assert (cause.layer, cause.rule) == ("bundle", "bundle.policy_denies")
    assert cause.pointer.startswith("/policies/house/rules/deny-")


SELECTORS = ["", "helper", "workspace:", "workspace:../x", "default ", "default\n", "host:helper", "builtin"]


@pytest.mark.req("S-07")
@pytest.mark.parametrize("selector", SELECTORS)
def test_what_is_no_selector_is_an_invalid_selector(selector: str) -> None:
    with pytest.raises(InvalidSelectorError):
        resolve(selector=selector)


@pytest.mark.req("S-07", "B-10")
@pytest.mark.parametrize("selector", ["workspace:other", "builtin:coder"])
def test_with_a_bundle_a_selector_that_is_not_in_it_falls_back_to_nothing(selector: str) -> None:
    with pytest.raises(ProfileNotFoundError):
        resolve(selector=selector)


@pytest.mark.req("S-07", "B-10")
def test_default_is_the_bundles_declared_default_or_nothing() -> None:
    assert resolve(selector="default").frame.profile == "workspace:helper"
    with pytest.raises(ProfileNotFoundError):
        resolve(make_manifest(default_profile=None), selector="default")


def resolve_without_bundle(
    selector: str, *, remote: bool, policy: HostPolicy, intent: Intent | None = None
) -> Resolution:
    policy = replace(policy, default_model="spare")
    return resolve_worker(
        WorkerRequest(selector=selector, intent=intent or Intent()),
        bundle=None,
        builtin=load_builtin_set(),
        host=HostSnapshot(policy=policy, facts=make_facts()),
        caller_is_remote=remote,
    )


@pytest.mark.req("S-07")
@pytest.mark.parametrize(
    "selector", ["default", *(f"builtin:{name}" for name in load_builtin_set().bundle.manifest.profiles)]
)
def test_without_a_bundle_built_in_profiles_resolve_and_say_so(selector: str) -> None:
    resolution = resolve_without_bundle(selector, remote=False, policy=make_host_policy())
    assert resolution.frame.source == "builtin"
    assert resolution.frame.digest == load_builtin_set().digest
    assert resolution.spec.tools


@pytest.mark.req("S-07")
def test_without_a_bundle_a_workspaces_profile_needs_one_and_an_unknown_built_in_is_not_found() -> None:
    with pytest.raises(BundleRequiredError):
        resolve_without_bundle("workspace:helper", remote=False, policy=make_host_policy())
    with pytest.raises(ProfileNotFoundError):
        resolve_without_bundle("builtin:helper", remote=False, policy=make_host_policy())


@pytest.mark.req("S-07")
@pytest.mark.parametrize(
    ("required", "remote", "needs"),
    [
        ("never", True, False),
        ("never", False, False),
        ("remote", True, True),
        ("remote", False, False),
        ("always", True, True),
        ("always", False, True),
    ],
)
def test_bundle_required_decides_who_may_go_without(required: Any, remote: bool, needs: bool) -> None:
    policy = make_host_policy(bundle_required=required)
    if needs:
        with pytest.raises(BundleRequiredError):
            resolve_without_bundle("default", remote=remote, policy=policy)
    else:
        assert resolve_without_bundle("default", remote=remote, policy=policy).reasons == ()


@pytest.mark.req("S-07")
def test_a_local_caller_needs_a_bundle_for_plugins() -> None:
    intent = Intent(requires=frozenset({f"plugin:{PLUGIN}/opening_hours"}))
    with pytest.raises(BundleRequiredError):
        resolve_without_bundle("default", remote=False, policy=make_host_policy(), intent=intent)


def test_a_plugin_grant_is_for_one_id_alone() -> None:
    other = PluginGrant(id="host:other", version="1.0.0", digest=PACKAGE_DIGEST)
    resolution = resolve(require_all(make_manifest()), policy=make_host_policy(plugins=(other,)))
    assert ("plugin.not_granted", "plugin", PLUGIN) in codes(resolution)


@pytest.mark.req("S-11")
@pytest.mark.parametrize(
    ("pattern", "withheld"),
    [(f"plugin:{PLUGIN}/*", True), (f"plugin:{PLUGIN}/other", False), ("file.*", False)],
)
def test_a_plugins_tool_is_withheld_by_a_policy_of_the_bundle_that_denies_it(
    pattern: str, withheld: bool
) -> None:
    rule = Rule(effect="deny", tool=pattern)
    manifest = make_manifest(policies={"house": make_policy(Rule(effect="allow", tool="*"), rule)})
    (surface,) = [one for one in resolve(manifest).decisions if one.kind == "surface"]
    pointer = f"/policies/house/rules/{compute_rule_id(rule)}"
    assert [(step.rule, step.pointer) for step in surface.steps if step.verdict == "withholds"] == (
        [("bundle.policy_denies", pointer)] if withheld else []
    )


@pytest.mark.req("S-09")
@pytest.mark.parametrize(
    ("entry", "outcome", "required"),
    [
        (f"plugin:{PLUGIN}/opening_hours", "granted", True),
        (f"plugin:{PLUGIN}/*", "granted", True),
        ("*", "granted", True),
        (f"plugin:{PLUGIN}/other", "denied", False),
        ("file.read", "denied", False),
    ],
)
def test_a_plugins_tool_is_given_to_a_profile_that_lists_it_alone(
    entry: str, outcome: str, required: bool
) -> None:
    profile = make_profile(tools=ToolList(tools={entry: Ask(required=True)}))
    resolution = resolve(make_manifest(profiles={"helper": profile}))
    (surface,) = [one for one in resolution.decisions if one.kind == "surface"]
    assert (surface.outcome, surface.required) == (outcome, required)


@pytest.mark.req("S-09")
def test_a_required_surface_that_nothing_speaks_of_is_refused_by_its_whole_name() -> None:
    resolution = resolve(intent=Intent(requires=frozenset({f"plugin:{PLUGIN}/other"})))
    assert [(one.kind, one.id, one.layer, one.rule) for one in resolution.reasons] == [
        ("surface", f"{PLUGIN}/other", "profile", "profile.silent")
    ]


@pytest.mark.req("S-09")
@pytest.mark.parametrize(
    ("host", "given"), [("a.example.com", True), ("b.example.com", True), ("c.example.com", False)]
)
def test_a_required_host_is_there_when_one_of_the_hosts_left_of_a_pattern_is_it(
    host: str, given: bool
) -> None:
    manifest = make_manifest(profiles={"helper": make_profile(asks=Asks(network={"*.example.com": Ask()}))})
    grants = replace(manifest.grants, network={"a.example.com": Member(), "b.example.com": Member()})
    resolution = resolve(
        replace(manifest, grants=grants),
        policy=make_host_policy(network=frozenset({"*.example.com"})),
        intent=Intent(requires=frozenset({f"network:{host}"})),
    )
    assert [(one.id, one.rule) for one in resolution.reasons] == (
        [] if given else [("*.example.com", "bundle.narrower")]
    )
