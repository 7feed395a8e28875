"""What a profile asks of a host, against what its bundle grants: plugins, mounts, network, host, limits."""

from collections.abc import Iterator
from typing import Literal

from worker_runtime.resolution.decision import Candidate, Step
from worker_runtime.resolution.host_patterns import intersect_all
from worker_runtime.resolution.payloads import (
    GrantedHost,
    GrantedLimit,
    GrantedMount,
    GrantedNetwork,
    GrantedPermission,
    GrantedPlugin,
    GrantedSurface,
)
from worker_runtime.resolution.tool_rules import find_first_blocker, index_rules, list_taking
from yoi_bundle.closure import list_spelled, spell_entry
from yoi_bundle.faults import join_pointer
from yoi_bundle.manifest import Asks, Manifest, PackageBlob, Plugin, Profile, Surface, ToolList

LIMIT_NAMES: tuple[Literal["turns", "tokens", "seconds"], ...] = ("turns", "tokens", "seconds")


def plan_grants(manifest: Manifest, profile: Profile, asks: Asks, pointer: str) -> Iterator[Candidate]:
    """Yield a candidate for each thing asked of the host, with the steps of profile and bundle.

    Args:
        manifest: Whose grants apply.
        profile: The profile as written.
        asks: What it asks for, said and implied.
        pointer: The profile's.
    """
    yield from _plan_plugins(manifest, profile, asks, pointer)
    yield from _plan_mounts(manifest, profile, asks, pointer)
    yield from _plan_network(manifest, asks, pointer)
    yield from _plan_host(manifest, profile, asks, pointer)
    yield from _plan_limits(manifest, profile, pointer)


def ask_step(pointer: str, *, said: bool) -> Step:
    """Return the profile's step for something that it says, or that follows from what it uses."""
    return Step("profile", "gives", pointer, "profile.asks" if said else "profile.needs")


def _plan_plugins(manifest: Manifest, profile: Profile, asks: Asks, pointer: str) -> Iterator[Candidate]:
    for name, ask in sorted(profile.plugins.items()):
        plugin = manifest.plugins.get(name)
        if plugin is None:
            continue
        asked = ask_step(join_pointer(f"{pointer}/plugins", name), said=True)
        declared = Step("bundle", "gives", join_pointer("/plugins", name), "bundle.declares")
        granted = GrantedPlugin(
            id=name, version=plugin.version, digest=get_package_digest(plugin), config=plugin.config
        )
        yield Candidate("plugin", name, granted, (asked, declared), ask.required)
        for surface_name, surface in sorted(plugin.surfaces.items()):
            yield _plan_surface(manifest, profile, pointer, plugin=name, name=surface_name, surface=surface)
    for name, permissions in sorted(asks.plugin_permissions.items()):
        plugin = manifest.plugins.get(name)
        if plugin is None:
            continue
        for permission, wanted in sorted(permissions.items()):
            said = permission in profile.asks.plugin_permissions.get(name, {})
            place = f"{pointer}/asks/plugin_permissions" if said else f"{pointer}/plugins"
            payload = GrantedPermission(plugin=name, name=permission)
            step = ask_step(join_pointer(place, name), said=said)
            candidate = Candidate("permission", f"{name}/{permission}", payload, (step,), wanted.required)
            yield _grant_permission(candidate, manifest, plugin, name, permission)


def get_package_digest(plugin: Plugin) -> str:
    """Return the digest of a plugin's package; empty when it has none."""
    if plugin.package is None:
        return ""
    return plugin.package.content.digest if isinstance(plugin.package, PackageBlob) else plugin.package.digest


def _grant_permission(
    candidate: Candidate, manifest: Manifest, plugin: Plugin, name: str, permission: str
) -> Candidate:
    if permission not in plugin.permissions:
        place = join_pointer("/plugins", name) + "/permissions"
        candidate = candidate.withhold("bundle", place, "bundle.undeclared")
    place = join_pointer("/grants/plugin_permissions", name)
    if permission in manifest.grants.plugin_permissions.get(name, {}):
        return candidate.give("bundle", join_pointer(place, permission), "bundle.grants")
    return candidate.withhold("bundle", place, "bundle.silent")


def _plan_surface(
    manifest: Manifest, profile: Profile, pointer: str, *, plugin: str, name: str, surface: Surface
) -> Candidate:
    tool = f"plugin:{plugin}/{name}"
    asked = ask_step(join_pointer(f"{pointer}/plugins", plugin), said=True)
    declared_at = join_pointer(join_pointer("/plugins", plugin) + "/surfaces", name)
    declared = Step("bundle", "gives", declared_at, "bundle.declares")
    payload = GrantedSurface(plugin=plugin, name=name, surface=surface)
    candidate = Candidate("surface", f"{plugin}/{name}", payload, (asked, declared))
    if surface.type != "tool":
        return candidate
    selection = profile.tools
    if isinstance(selection, ToolList):
        spelled = list_spelled(manifest)
        taking = frozenset(list_taking(tool))
        asks = [ask for entry, ask in selection.tools.items() if spell_entry(entry, spelled) in taking]
        if not asks:
            candidate = candidate.withhold("profile", f"{pointer}/tools/tools", "profile.silent")
        elif any(ask.required for ask in asks):
            candidate = candidate.require()
    layers = [
        index_rules(manifest.policies[policy], join_pointer("/policies", policy))
        for policy in sorted(profile.policies)
        if policy in manifest.policies
    ]
    blocker = find_first_blocker(layers, tool)
    return candidate if blocker is None else candidate.withhold("bundle", blocker, "bundle.policy_denies")


def _plan_mounts(manifest: Manifest, profile: Profile, asks: Asks, pointer: str) -> Iterator[Candidate]:
    for name, ask in sorted(asks.mounts.items()):
        said = name in profile.asks.mounts
        place = join_pointer(f"{pointer}/asks/mounts", name) if said else f"{pointer}/tools"
        candidate = Candidate(
            "mount",
            name,
            GrantedMount(name=name, access=ask.access),
            (ask_step(place, said=said),),
            ask.required,
        )
        grant = manifest.grants.mounts.get(name)
        place = join_pointer("/grants/mounts", name)
        if grant is None:
            yield candidate.withhold("bundle", "/grants/mounts", "bundle.silent")
        elif grant.access == "ro" and ask.access == "rw":
            payload = GrantedMount(name=name, access="ro")
            yield candidate.narrow("bundle", place, "bundle.lower_access", payload)
        else:
            yield candidate.give("bundle", place, "bundle.grants")


def _plan_network(manifest: Manifest, asks: Asks, pointer: str) -> Iterator[Candidate]:
    for pattern, ask in sorted(asks.network.items()):
        step = ask_step(join_pointer(f"{pointer}/asks/network", pattern), said=True)
        payload = GrantedNetwork(asked=pattern, hosts=(pattern,))
        candidate = Candidate("network", pattern, payload, (step,), ask.required)
        hosts = intersect_all((pattern,), manifest.grants.network)
        if not hosts:
            yield candidate.withhold("bundle", "/grants/network", "bundle.silent")
        elif hosts != (pattern,):
            narrowed = GrantedNetwork(asked=pattern, hosts=hosts)
            yield candidate.narrow("bundle", "/grants/network", "bundle.narrower", narrowed)
        else:
            yield candidate.give("bundle", "/grants/network", "bundle.grants")


def _plan_host(manifest: Manifest, profile: Profile, asks: Asks, pointer: str) -> Iterator[Candidate]:
    for name, ask in sorted(asks.host.items()):
        said = name in profile.asks.host
        step = ask_step(f"{pointer}/asks/host/{name}" if said else f"{pointer}/tools", said=said)
        candidate = Candidate("host", name, GrantedHost(capability=name), (step,), ask.required)
        if name in manifest.grants.host:
            yield candidate.give("bundle", f"/grants/host/{name}", "bundle.grants")
        else:
            yield candidate.withhold("bundle", "/grants/host", "bundle.silent")


def _plan_limits(manifest: Manifest, profile: Profile, pointer: str) -> Iterator[Candidate]:
    for name in LIMIT_NAMES:
        asked = getattr(profile.asks.limits, name)
        place = f"{pointer}/asks/limits/{name}" if asked is not None else pointer
        rule = "profile.unbounded" if asked is None else "profile.bounds"
        step = Step("profile", "gives", place, rule)
        candidate = Candidate("limit", name, GrantedLimit(name=name, value=asked), (step,))
        yield bound(candidate, "bundle", f"/grants/limits/{name}", getattr(manifest.grants.limits, name))


def bound(
    candidate: Candidate,
    layer: Literal["bundle", "host_policy", "intent"],
    pointer: str,
    value: int | None,
) -> Candidate:
    """Apply a layer's bound to a limit: the least of all bounds holds, and absent bounds nothing."""
    held = candidate.payload
    if value is None or not isinstance(held, GrantedLimit):
        return candidate
    if held.value is None:
        return candidate.give(layer, pointer, f"{layer}.bounds").carry(
            GrantedLimit(name=held.name, value=value)
        )
    if value < held.value:
        payload = GrantedLimit(name=held.name, value=value)
        return candidate.narrow(layer, pointer, f"{layer}.bound", payload)
    return candidate.give(layer, pointer, f"{layer}.bounds")
