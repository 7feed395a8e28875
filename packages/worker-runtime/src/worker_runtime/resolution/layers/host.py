"""The layer of host policy: what this host's operator grants to the workspace, item by item (S-10)."""

from fnmatch import fnmatchcase

from msgspec import Struct
from msgspec.structs import replace

from worker_runtime.host.policy import EndpointGrant, HostPolicy
from worker_runtime.resolution.decision import Candidate
from worker_runtime.resolution.host_patterns import intersect_all
from worker_runtime.resolution.launches import find_plugin_grant, find_tool_grant
from worker_runtime.resolution.payloads import (
    GrantedHost,
    GrantedLimit,
    GrantedModel,
    GrantedMount,
    GrantedNetwork,
    GrantedPermission,
    GrantedPlugin,
    GrantedSurface,
    GrantedTool,
    GrantedWorkflow,
)
from worker_runtime.resolution.plan_grants import bound, get_package_digest
from worker_runtime.resolution.tool_rules import ToolRules, find_blocker, index_rules
from worker_runtime.resolution.url_origins import get_origin
from yoi_bundle.faults import join_pointer
from yoi_bundle.manifest import BuiltinTool, Manifest, SecretRef


class HostLayer(Struct, frozen=True):
    """One host policy, indexed."""

    policy: HostPolicy
    manifest: Manifest
    rules: ToolRules


def prepare_host_layer(policy: HostPolicy, manifest: Manifest) -> HostLayer:
    """Index a policy for one manifest."""
    return HostLayer(policy, manifest, index_rules(policy.tools, "/tools"))


def apply_host_policy(candidate: Candidate, layer: HostLayer) -> Candidate:
    """Add host policy's step to one candidate; prompts, skills and policies are not for the host to grant."""
    policy = layer.policy
    match candidate.payload:
        case GrantedTool() as tool:
            return _apply_to_tool(candidate, tool, layer)
        case GrantedModel() as model:
            return _apply_to_model(candidate, model, policy)
        case GrantedMount() as mount:
            return _apply_to_mount(candidate, mount, policy)
        case GrantedNetwork() as network:
            return _apply_to_network(candidate, network, policy)
        case GrantedHost(capability=name):
            if name in policy.host:
                return candidate.give("host_policy", "/host", "host_policy.grants")
            return candidate.withhold("host_policy", "/host", "host_policy.silent")
        case GrantedLimit(name=name):
            return bound(candidate, "host_policy", f"/limits/{name}", getattr(policy.limits, name))
        case GrantedPlugin() as plugin:
            return _apply_to_plugin(candidate, plugin, policy)
        case GrantedSurface() as surface:
            return _apply_to_surface(candidate, surface, layer)
        case GrantedPermission() as permission:
            return _apply_to_permission(candidate, permission, layer)
        case GrantedWorkflow(url=url) if url:
            if get_origin(url) in policy.origins:
                return candidate.give("host_policy", "/origins", "host_policy.grants")
            return candidate.withhold("host_policy", "/origins", "host_policy.origin")
        case _:
            return candidate


def _apply_to_tool(candidate: Candidate, tool: GrantedTool, layer: HostLayer) -> Candidate:
    if not isinstance(tool.declaration, BuiltinTool):
        grant = find_tool_grant(tool.declaration, layer.policy, layer.manifest)
        candidate = candidate.carry(replace(tool, consumer=grant.consumer))
        if grant.rule != "host_policy.grants":
            candidate = candidate.withhold("host_policy", grant.pointer, grant.rule)
        else:
            candidate = candidate.give("host_policy", grant.pointer, grant.rule)
    return _apply_tool_rules(candidate, tool.id, layer)


def _apply_tool_rules(candidate: Candidate, tool: str, layer: HostLayer) -> Candidate:
    blocker = find_blocker(layer.rules, tool, candidate.parts)
    if blocker is None:
        return candidate.give("host_policy", "/tools", "host_policy.grants")
    return candidate.withhold("host_policy", blocker, "host_policy.tools_deny")


def _apply_to_model(candidate: Candidate, model: GrantedModel, policy: HostPolicy) -> Candidate:
    if model.source == "bundle":
        name = _find_endpoint(model, policy)
        if name is None:
            return candidate.withhold("host_policy", "/endpoints", "host_policy.endpoint")
        grant = policy.endpoints[name]
        credential = model.credential
        if credential is None and grant.credential is not None:
            credential = SecretRef(name=grant.credential)
        payload = replace(model, consumer=f"model:{name}", endpoint=grant.url, credential=credential)
        pointer = join_pointer("/endpoints", name)
        return candidate.carry(payload).give("host_policy", pointer, "host_policy.grants")
    leaves_choice = not model.model
    alias = policy.default_model if leaves_choice else model.model
    if alias is None or alias not in policy.models:
        rule = "host_policy.no_default_model" if leaves_choice else "host_policy.alias"
        return candidate.withhold("host_policy", "/default_model" if leaves_choice else "/models", rule)
    host = policy.models[alias]
    payload = replace(
        model,
        provider=host.provider,
        model=host.model,
        consumer=f"host-model:{alias}",
        parameters=host.parameters,
        endpoint=host.endpoint,
        credential=None if host.credential is None else SecretRef(name=host.credential),
    )
    return candidate.carry(payload).give("host_policy", join_pointer("/models", alias), "host_policy.grants")


def _find_endpoint(model: GrantedModel, policy: HostPolicy) -> str | None:
    """Return the first endpoint, by name, that may be used; one that may have the credential goes first."""
    usable = [name for name, grant in sorted(policy.endpoints.items()) if _admits(grant, model)]
    if model.credential is not None and model.credential.name in policy.secrets:
        granted = policy.secrets[model.credential.name].to
        usable.sort(key=lambda name: f"model:{name}" not in granted)
    return usable[0] if usable else None


def _admits(grant: EndpointGrant, model: GrantedModel) -> bool:
    return (
        grant.provider == model.provider
        and model.endpoint in (None, grant.url)
        and any(fnmatchcase(model.model, _escape(pattern)) for pattern in grant.models)
    )


def _escape(pattern: str) -> str:
    """Leave `*` as the only wildcard."""
    return pattern.replace("[", "[[]").replace("?", "[?]")


def _apply_to_mount(candidate: Candidate, mount: GrantedMount, policy: HostPolicy) -> Candidate:
    access = policy.mounts.get(mount.name)
    pointer = join_pointer("/mounts", mount.name)
    if access is None:
        return candidate.withhold("host_policy", "/mounts", "host_policy.silent")
    if access == "ro" and mount.access == "rw":
        payload = GrantedMount(name=mount.name, access="ro")
        return candidate.narrow("host_policy", pointer, "host_policy.lower_access", payload)
    return candidate.give("host_policy", pointer, "host_policy.grants")


def _apply_to_network(candidate: Candidate, network: GrantedNetwork, policy: HostPolicy) -> Candidate:
    hosts = intersect_all(network.hosts, policy.network)
    if not hosts:
        return candidate.withhold("host_policy", "/network", "host_policy.silent")
    if hosts != network.hosts:
        payload = GrantedNetwork(asked=network.asked, hosts=hosts)
        return candidate.narrow("host_policy", "/network", "host_policy.narrower", payload)
    return candidate.give("host_policy", "/network", "host_policy.grants")


def _apply_to_plugin(candidate: Candidate, plugin: GrantedPlugin, policy: HostPolicy) -> Candidate:
    if not plugin.digest:
        return candidate  # instructions only: nothing of it executes
    index, rule = find_plugin_grant(policy, plugin.id, plugin.version, plugin.digest)
    if index is None:
        return candidate.withhold("host_policy", "/plugins", rule)
    return candidate.give("host_policy", f"/plugins/{index}", rule)


def _apply_to_surface(candidate: Candidate, surface: GrantedSurface, layer: HostLayer) -> Candidate:
    index = _find_own_grant(surface.plugin, layer)
    if index is None or surface.name not in layer.policy.plugins[index].surfaces:
        pointer = "/plugins" if index is None else f"/plugins/{index}/surfaces"
        candidate = candidate.withhold("host_policy", pointer, "host_policy.surface")
    else:
        candidate = candidate.give("host_policy", f"/plugins/{index}/surfaces", "host_policy.grants")
    if surface.surface.type == "tool":
        return _apply_tool_rules(candidate, f"plugin:{surface.plugin}/{surface.name}", layer)
    return candidate


def _apply_to_permission(candidate: Candidate, permission: GrantedPermission, layer: HostLayer) -> Candidate:
    index = _find_own_grant(permission.plugin, layer)
    if index is None or permission.name not in layer.policy.plugins[index].permissions:
        pointer = "/plugins" if index is None else f"/plugins/{index}/permissions"
        return candidate.withhold("host_policy", pointer, "host_policy.permission")
    return candidate.give("host_policy", f"/plugins/{index}/permissions", "host_policy.grants")


def _find_own_grant(plugin_id: str, layer: HostLayer) -> int | None:
    plugin = layer.manifest.plugins[plugin_id]
    index, _ = find_plugin_grant(layer.policy, plugin_id, plugin.version, get_package_digest(plugin))
    return index
