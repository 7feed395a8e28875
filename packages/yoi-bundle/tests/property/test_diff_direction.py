"""What the diff says of a change, against what Workers may do before and after."""

import pytest
from bundle_strategies import (
    BLOBS,
    GeneratedBundle,
    build_bundle,
    bundles,
    changed_manifests,
    manifests,
    tool_calls,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from yoi_bundle.calls import CompiledPolicy, ToolCall, compute_verdict, is_stricter
from yoi_bundle.diff import compute_diff
from yoi_bundle.diff.profiles import list_profiles
from yoi_bundle.manifest import Effect, Manifest, WorkerLimits
from yoi_bundle.selection import compute_asks, select_tools

modest = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def _name(selector: str) -> str | None:
    kind, _, name = selector.partition(":")
    return name if kind == "workspace" else None


def _judge(manifest: Manifest, selector: str, call: ToolCall) -> Effect:
    """Return what the bundle's layers alone say of a call of one profile; without a layer there is no vote."""
    profile = list_profiles(manifest)[selector]
    taken = select_tools(manifest.tools, profile.tools, profile=_name(selector))
    server, _, name = call.tool.rpartition("/")
    chosen = taken.get(call.tool) or taken.get(server)
    if chosen is None or (chosen.exposes is not None and name not in chosen.exposes):
        return "deny"
    layers = [CompiledPolicy(manifest.policies[policy]) for policy in profile.policies]
    return compute_verdict(layers, call).effect if layers else "allow"


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
@settings(modest, max_examples=120)
@given(st.data(), manifests())
def test_what_is_called_narrowing_or_text_lets_nothing_pass_that_failed_before(
    data: st.DataObject, old: Manifest
) -> None:
    new = data.draw(changed_manifests(old))
    before, after = build_bundle(old), build_bundle(new)
    diff = compute_diff(before.bundle, after.bundle, BLOBS.__getitem__)
    for selector in list_profiles(old).keys() & list_profiles(new).keys():
        if diff.list_classes(selector) & {"widening", "model"}:
            continue
        assert _powers(new, selector) <= _powers(old, selector)
        assert all(
            late <= early for late, early in zip(_limits(new, selector), _limits(old, selector), strict=True)
        )
        for _ in range(4):
            call = data.draw(tool_calls(new))
            assert not is_stricter(_judge(old, selector, call), _judge(new, selector, call))


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
