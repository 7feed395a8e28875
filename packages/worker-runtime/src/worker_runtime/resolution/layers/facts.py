"""The layer of host facts: whether what policy grants is really there."""

from worker_runtime.host.facts import HostFacts, PackageFact
from worker_runtime.resolution.decision import Candidate
from worker_runtime.resolution.payloads import (
    GrantedHost,
    GrantedMount,
    GrantedPermission,
    GrantedPlugin,
    GrantedSecret,
    GrantedSurface,
    GrantedTool,
)
from worker_runtime.resolution.plan_grants import get_package_digest
from yoi_bundle.faults import join_pointer
from yoi_bundle.manifest import Manifest, McpServer, PluginPath, StdioServer

_PACKAGE_RULES = {
    "absent": "host_facts.no_package",
    "digest_mismatch": "host_facts.package_digest",
    "invalid": "host_facts.package_invalid",
}


def apply_facts(candidate: Candidate, facts: HostFacts, manifest: Manifest) -> Candidate:
    """Add the facts' step to a candidate that policy leaves open; others learn nothing of the host."""
    if not candidate.is_open:
        return candidate
    match candidate.payload:
        case GrantedSecret(name=name):
            return _give_if(candidate, name in facts.secrets, "/secrets", "host_facts.no_secret")
        case GrantedHost(capability=name):
            return _give_if(candidate, name in facts.host, "/host", "host_facts.no_host")
        case GrantedMount() as mount:
            return _apply_to_mount(candidate, mount, facts)
        case GrantedTool() as tool:
            return _apply_to_tool(candidate, tool, facts, manifest)
        case GrantedPlugin() as plugin if plugin.digest:
            return _apply_to_plugin(candidate, plugin, facts, manifest)
        case GrantedSurface() as surface:
            return _apply_to_surface(candidate, surface, facts, manifest)
        case GrantedPermission(plugin=plugin_id, name=name):
            fact = _get_package(plugin_id, facts, manifest)
            declared = fact is not None and name in fact.permissions
            return _give_if(candidate, declared, "/packages", "host_facts.permission")
        case _:
            return candidate


def _give_if(candidate: Candidate, there: bool, pointer: str, otherwise: str) -> Candidate:
    if there:
        return candidate.give("host_facts", pointer, "host_facts.present")
    return candidate.withhold("host_facts", pointer, otherwise)


def _apply_to_mount(candidate: Candidate, mount: GrantedMount, facts: HostFacts) -> Candidate:
    access = facts.mounts.get(mount.name)
    if access == "ro" and mount.access == "rw":
        pointer = join_pointer("/mounts", mount.name)
        payload = GrantedMount(name=mount.name, access="ro")
        return candidate.narrow("host_facts", pointer, "host_facts.lower_access", payload)
    return _give_if(candidate, access is not None, "/mounts", "host_facts.no_mount")


def _apply_to_tool(
    candidate: Candidate, tool: GrantedTool, facts: HostFacts, manifest: Manifest
) -> Candidate:
    server = tool.declaration
    if not isinstance(server, McpServer) or not isinstance(server.transport, StdioServer):
        return candidate
    command = server.transport.command
    if isinstance(command, PluginPath):
        fact = None if server.plugin is None else _get_package(server.plugin, facts, manifest)
        there = fact is not None and command.path in fact.files
        return _give_if(candidate, there, "/packages", "host_facts.no_command")
    return _give_if(candidate, command in facts.commands, "/commands", "host_facts.no_command")


def _apply_to_plugin(
    candidate: Candidate, plugin: GrantedPlugin, facts: HostFacts, manifest: Manifest
) -> Candidate:
    fact = facts.packages.get(plugin.digest)
    pointer = join_pointer("/packages", plugin.digest)
    if fact is None:
        return candidate.withhold("host_facts", "/packages", "host_facts.no_package")
    if fact.state != "verified":
        return candidate.withhold("host_facts", pointer, _PACKAGE_RULES[fact.state])
    same = (fact.name, fact.version) == (manifest.plugins[plugin.id].name, plugin.version)
    return _give_if(candidate, same, pointer, "host_facts.package_other")


def _apply_to_surface(
    candidate: Candidate, granted: GrantedSurface, facts: HostFacts, manifest: Manifest
) -> Candidate:
    fact = _get_package(granted.plugin, facts, manifest)
    declared = None if fact is None else fact.surfaces.get(granted.name)
    surface = granted.surface
    same = (
        fact is not None
        and declared is not None
        and (declared.type, declared.entry) == (surface.type, surface.entry)
        and surface.entry in fact.files
    )
    return _give_if(candidate, same, "/packages", "host_facts.surface")


def _get_package(plugin_id: str, facts: HostFacts, manifest: Manifest) -> PackageFact | None:
    plugin = manifest.plugins.get(plugin_id)
    fact = None if plugin is None else facts.packages.get(get_package_digest(plugin))
    return fact if fact is not None and fact.state == "verified" else None
