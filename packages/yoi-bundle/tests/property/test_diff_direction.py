"""What the diff says of a change, against what Workers may do before and after."""

import re
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from support.bundles.bundle_strategies import (
    BLOBS,
    EVERY_CALL,
    GeneratedBundle,
    build_bundle,
    bundles,
    changed_manifests,
    manifests,
    policies,
    worker_manifests,
)
from yoi_bundle.calls import CompiledPolicy, ToolCall, compute_verdict, is_stricter
from yoi_bundle.diff import compute_diff
from yoi_bundle.diff.compute import compare_policies
from yoi_bundle.manifest import Effect, Manifest, Policy, WorkerLimits
from yoi_bundle.profile_closure import list_profiles
from yoi_bundle.selection import compute_asks, select_tools

modest = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def _name(selector: str) -> str | None:
    kind, _, name = selector.partition(":")
    return name if kind == "workspace" else None


def _build_judge(manifest: Manifest, selector: str) -> Callable[[ToolCall], Effect]:
    """Return what the bundle's layers alone say of a profile's calls; without a layer there is no vote."""
    profile = list_profiles(manifest)[selector]
    taken = select_tools(manifest.tools, profile.tools, profile=_name(selector))
    layers = [CompiledPolicy(manifest.policies[policy]) for policy in profile.policies]

    def judge(call: ToolCall) -> Effect:
        server, _, name = call.tool.rpartition("/")
        chosen = taken.get(call.tool) or taken.get(server)
        if chosen is None or (chosen.exposes is not None and name not in chosen.exposes):
            return "deny"
        return compute_verdict(layers, call).effect if layers else "allow"

    return judge


def _powers(manifest: Manifest, selector: str) -> set[tuple[str, ...]]:
    asks = compute_asks(manifest, list_profiles(manifest)[selector], name=_name(selector))
    grants = manifest.grants
    powers: set[tuple[str, ...]] = set()
    for kind in ("secrets", "network", "host"):
        powers |= {(kind, name) for name in getattr(asks, kind) if name in getattr(grants, kind)}
    for name in asks.mounts.keys() & grants.mounts.keys():
        powers.add(("mount", name, "ro"))
        if asks.mounts[name].access == grants.mounts[name].access == "rw":
            powers.add(("mount", name, "rw"))
    for plugin, wanted in asks.plugin_permissions.items():
        given_permissions = grants.plugin_permissions.get(plugin, {})
        powers |= {("permission", plugin, name) for name in wanted if name in given_permissions}
    return powers


def _limits(manifest: Manifest, selector: str) -> list[float]:
    asks = list_profiles(manifest)[selector].asks
    return [
        min(getattr(layer, field) or float("inf") for layer in (asks.limits, manifest.grants.limits))
        for field in WorkerLimits.__struct_fields__
    ]


@pytest.mark.req("B-12")
@settings(modest, max_examples=600)
@given(st.data(), worker_manifests())
def test_what_is_called_narrowing_or_text_lets_nothing_pass_that_failed_before(
    data: st.DataObject, old: Manifest
) -> None:
    new = data.draw(changed_manifests(old, most=2))
    diff = compute_diff(build_bundle(old).bundle, build_bundle(new).bundle, BLOBS.__getitem__)
    selector = "workspace:guide"
    widened = [
        change.pointer
        for change in diff.changes
        if selector in change.profiles and change.change_class in ("widening", "model")
    ]
    if not any(re.match(r"/policies|/tools|/profiles/guide/(?:policies|tools)", place) for place in widened):
        judge_old, judge_new = _build_judge(old, selector), _build_judge(new, selector)
        for call in EVERY_CALL:
            assert not is_stricter(judge_old(call), judge_new(call)), call
    if not any("/limits/" in place for place in widened):
        limits = zip(_limits(new, selector), _limits(old, selector), strict=True)
        assert all(late <= early for late, early in limits)
    if all("/limits/" in place or "/policies/" in place for place in widened):
        assert _powers(new, selector) <= _powers(old, selector)


@pytest.mark.req("B-12", "S-11")
@settings(modest, max_examples=600)
@given(policies(max_rules=3), st.data())
def test_a_narrower_layer_lets_no_call_pass_that_failed_before(old: Policy, data: st.DataObject) -> None:
    rules = dict(old.rules)
    drops: bool = data.draw(st.booleans())
    if rules and drops:
        del rules[data.draw(st.sampled_from(sorted(rules)))]
    if data.draw(st.booleans()):
        rules |= data.draw(policies(max_rules=1)).rules
    new = replace(old, default=data.draw(st.sampled_from([old.default, "deny", "ask"])), rules=rules)
    if any(delta.change_class != "narrowing" for delta in compare_policies(old, new)):
        return
    before, after = CompiledPolicy(old), CompiledPolicy(new)
    for call in EVERY_CALL:
        assert not is_stricter(before.compute_verdict(call).effect, after.compute_verdict(call).effect), call


@pytest.mark.req("B-12")
@modest
@given(st.data(), manifests())
def test_what_only_narrows_only_widens_the_other_way(data: st.DataObject, old: Manifest) -> None:
    new = data.draw(changed_manifests(old))
    before, after = build_bundle(old), build_bundle(new)
    there = compute_diff(before.bundle, after.bundle, BLOBS.__getitem__)
    back = compute_diff(after.bundle, before.bundle, BLOBS.__getitem__)
    assert {change.pointer for change in there.changes} == {change.pointer for change in back.changes}
    if {change.change_class for change in there.changes} == {"narrowing"}:
        assert "widening" in {change.change_class for change in back.changes}


@pytest.mark.req("B-12")
@modest
@given(st.data(), manifests())
def test_a_diff_is_empty_just_when_the_bundles_are_the_same(data: st.DataObject, old: Manifest) -> None:
    new = data.draw(changed_manifests(old))
    before, after = build_bundle(old), build_bundle(new)
    assert bool(compute_diff(before.bundle, after.bundle, BLOBS.__getitem__).changes) == (old != new)


@pytest.mark.req("B-12")
@modest
@given(bundles(), bundles())
def test_any_two_bundles_can_be_compared(one: GeneratedBundle, other: GeneratedBundle) -> None:
    assert compute_diff(one.bundle, other.bundle, BLOBS.__getitem__).new == other.bundle.digest
