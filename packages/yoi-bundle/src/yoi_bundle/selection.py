"""Which tools a selection takes, and what a profile asks for, said or implied by what it uses.

A builder writes grants from this (B-04) and a Runtime resolves by it (S-02), so that both read a profile alike.
"""

from collections.abc import Iterator, Mapping
from typing import cast

from msgspec import Struct
from msgspec.structs import replace

from yoi_bundle.closure import matches_tool, spell_entry
from yoi_bundle.faults import join_pointer
from yoi_bundle.manifest import (
    Access,
    AllTools,
    Ask,
    Asks,
    BuiltinTool,
    BundleModel,
    HostCapability,
    HttpServer,
    HttpTool,
    Manifest,
    McpServer,
    MountAsk,
    Profile,
    SecretRef,
    StdioServer,
    Tool,
    ToolSelection,
    Value,
)
from yoi_bundle.vocabulary import BUILTIN_TOOLS

WORK_MOUNT = "workspace"
FILE_TOOL_ACCESS: dict[str, Access] = {
    "file.read": "ro",
    "file.search": "ro",
    "file.edit": "rw",
    "notebook.edit": "rw",
}


class SelectedTool(Struct, frozen=True, kw_only=True):
    """A tool that a selection takes.

    Attributes:
        exposes: For an MCP server, the only tools taken from it; absent for all of them.
        required_parts: Tools of an MCP server that the selection names by themselves and requires.
        pointer: The entry of the selection, relative to it.
    """

    tool: Tool
    exposes: frozenset[str] | None = None
    required: bool = False
    required_parts: frozenset[str] = frozenset()
    pointer: str = ""


def select_tools(
    tools: Mapping[str, Tool], selection: ToolSelection, *, profile: str | None = None
) -> dict[str, SelectedTool]:
    """Return the tools of a manifest that a selection takes, by id.

    Args:
        tools: The manifest's.
        selection: All tools, or patterns.
        profile: Id of the profile, to which some servers may be private; absent for a built-in profile.
    """
    visible = {
        name: tool
        for name, tool in sorted(tools.items())
        if not (isinstance(tool, McpServer) and tool.private_to not in (None, profile))
    }
    if isinstance(selection, AllTools):
        return {name: SelectedTool(tool=tool, exposes=_declared(tool)) for name, tool in visible.items()}
    selected: dict[str, SelectedTool] = {}
    for pattern, ask in sorted(selection.tools.items()):
        entry = spell_entry(pattern, tools)
        for name, tool in visible.items():
            if matches_tool(entry, name):
                taken = SelectedTool(
                    tool=tool,
                    exposes=_exposed(entry, name, tool),
                    required=ask.required,
                    required_parts=_named_parts(entry, name, tool) if ask.required else frozenset(),
                    pointer=join_pointer("/tools", pattern),
                )
                held = selected.get(name)
                selected[name] = taken if held is None else _join(held, taken)
    return selected


def list_secret_refs(tool: Tool) -> Iterator[tuple[str, SecretRef]]:
    """Yield each secret ref of a tool with its pointer, relative to the tool."""
    for pointer, value in list_values(tool):
        if isinstance(value, SecretRef):
            yield pointer, value


def list_values(tool: Tool) -> Iterator[tuple[str, Value]]:
    """Yield each credential-capable value of a tool with its pointer, relative to the tool."""
    match tool:
        case HttpTool(headers=headers, query=query):
            yield from _list_map("/headers", headers)
            yield from _list_map("/query", query)
        case McpServer(transport=HttpServer(headers=headers, query=query)):
            yield from _list_map("/transport/headers", headers)
            yield from _list_map("/transport/query", query)
        case McpServer(transport=StdioServer(args=args, env=env)):
            for index, argument in enumerate(args):
                yield f"/transport/args/{index}/value", argument.value
            yield from _list_map("/transport/env", env)
        case _:
            return


def compute_asks(manifest: Manifest, profile: Profile, *, name: str | None = None) -> Asks:
    """Return what a profile asks for: what it says, and what its tools and models cannot do without.

    Implied, and never required by that alone: the host capability that a built-in tool needs; the mount `workspace`
    for file tools when the profile names no mount; the secrets of its tools and models (its workflows' too); the permissions of its plugins.
    Network hosts are never implied.

    Args:
        manifest: Of which only items that exist are looked at.
        profile: One of the manifest's, or a built-in one.
        name: Its id, to which some servers may be private; absent for a built-in profile.
    """
    asks = profile.asks
    selected = select_tools(manifest.tools, profile.tools, profile=name)
    secrets = dict(asks.secrets)
    host = dict(asks.host)
    mounts = dict(asks.mounts)
    for tool_id, chosen in selected.items():
        for _, ref in list_secret_refs(chosen.tool):
            secrets.setdefault(ref.name, Ask())
        if isinstance(chosen.tool, BuiltinTool) and BUILTIN_TOOLS[tool_id].needs:
            host.setdefault(cast("HostCapability", BUILTIN_TOOLS[tool_id].needs), Ask())
    if not mounts:
        accesses = {FILE_TOOL_ACCESS[tool_id] for tool_id in selected if tool_id in FILE_TOOL_ACCESS}
        if accesses:
            mounts[WORK_MOUNT] = MountAsk(access="rw" if "rw" in accesses else "ro")
    for model_id in list_models(manifest, profile):
        model = manifest.models.get(model_id)
        if isinstance(model, BundleModel) and model.credential is not None:
            secrets.setdefault(model.credential.name, Ask())
    permissions = {plugin_id: dict(wanted) for plugin_id, wanted in asks.plugin_permissions.items()}
    for plugin_id in profile.plugins:
        plugin = manifest.plugins.get(plugin_id)
        for permission, ask in plugin.permissions.items() if plugin is not None else ():
            permissions.setdefault(plugin_id, {}).setdefault(permission, ask)
    return replace(asks, secrets=secrets, host=host, mounts=mounts, plugin_permissions=permissions)


def list_models(manifest: Manifest, profile: Profile) -> list[str]:
    """Return the ids of a profile's models in order of preference, then of those that only its workflows name."""
    workflows = (manifest.workflows.get(name) for name in sorted(profile.workflows))
    named = (model for workflow in workflows if workflow is not None for model in workflow.models)
    return list(dict.fromkeys([*profile.models, *named]))


def _list_map(pointer: str, values: Mapping[str, Value]) -> Iterator[tuple[str, Value]]:
    for name, value in sorted(values.items()):
        yield join_pointer(pointer, name), value


def _declared(tool: Tool) -> frozenset[str] | None:
    return frozenset(tool.exposes) if isinstance(tool, McpServer) and tool.exposes is not None else None


def _exposed(pattern: str, name: str, tool: Tool) -> frozenset[str] | None:
    declared, named = _declared(tool), _named_parts(pattern, name, tool)
    if not named:
        return declared
    return named if declared is None else declared & named


def _named_parts(pattern: str, name: str, tool: Tool) -> frozenset[str]:
    """Return the one tool of an MCP server that a pattern names; empty when it takes the server as it is."""
    part = pattern.removeprefix(f"{name}/")
    if part in (pattern, "*") or not isinstance(tool, McpServer):
        return frozenset()
    return frozenset({part})


def _join(held: SelectedTool, more: SelectedTool) -> SelectedTool:
    """Two patterns that take the same server: the union of what they take from it."""
    exposes = None if held.exposes is None or more.exposes is None else held.exposes | more.exposes
    return replace(
        held,
        exposes=exposes,
        required=held.required or more.required,
        required_parts=held.required_parts | more.required_parts,
        pointer=held.pointer if held.required or not more.required else more.pointer,
    )
