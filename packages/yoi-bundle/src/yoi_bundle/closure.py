"""Every reference inside a bundle resolves, and every item is in order with itself (B-10)."""

from collections.abc import Container, Iterable, Iterator, Mapping

from yoi_bundle.errors import Fault
from yoi_bundle.faults import join_pointer
from yoi_bundle.identifiers import is_canonical_name
from yoi_bundle.manifest import (
    BuiltinTool,
    HostPathMatch,
    HttpServer,
    HttpTool,
    Item,
    Manifest,
    McpServer,
    PackageReference,
    PluginPath,
    Policy,
    Profile,
    StdioServer,
    ToolList,
    Workflow,
    compute_rule_id,
)
from yoi_bundle.schema import BUILTIN_SECTION, Unsupported, compute_features
from yoi_bundle.vocabulary import BUILTIN_TOOLS

_TOOL_KINDS: dict[str, type] = {"mcp": McpServer, "http": HttpTool}


def find_reference_faults(manifest: Manifest, unsupported: Unsupported) -> list[Fault]:
    """Return every dangling reference and every item that contradicts itself.

    A reference to an item in `unsupported` resolves: the item is there, this reader only cannot read it.
    """
    known = _Known(manifest, unsupported)
    return [
        *_check_names(manifest),
        *_check_profiles(manifest, known),
        *(fault for name, item in manifest.workflows.items() for fault in _check_workflow(name, item, known)),
        *_check_tools(manifest, known),
        *_check_policies(manifest),
        *_check_plugins(manifest),
        *_check_features(manifest),
        *_check_default(manifest, known),
    ]


def list_items(manifest: Manifest) -> Iterator[tuple[str, Item]]:
    """Yield every item with its pointer."""
    for section, name, item in _list_named(manifest):
        yield join_pointer(f"/{section}", name), item


def _list_named(manifest: Manifest) -> Iterator[tuple[str, str, Item]]:
    """Yield every item with its section and name, for checks that seldom need a pointer."""
    sections: Iterable[tuple[str, Mapping[str, Item]]] = (
        ("models", manifest.models),
        ("prompts", manifest.prompts),
        ("workflows", manifest.workflows),
        ("skills", manifest.skills),
        ("tools", manifest.tools),
        ("policies", manifest.policies),
        ("plugins", manifest.plugins),
        ("profiles", manifest.profiles),
        ("builtin/profiles", manifest.builtin.profiles if manifest.builtin else {}),
    )
    for section, items in sections:
        for name, item in items.items():
            yield section, name, item


def names_part(pattern: str) -> bool:
    """Tell whether an entry of a list, or an allow rule, is spelled as one tool of a server or of a plugin."""
    return pattern.startswith(("mcp:", "plugin:")) and "/" in pattern and not pattern.endswith("*")


def spell_entry(pattern: str, known: Container[str]) -> str:
    """Write an entry of a tool list so that it has one meaning.

    `mcp:a/b` is the tool `b` of the server `mcp:a`; where there is no such server, but one that is called `mcp:a/b`, it
    means that one, and becomes `mcp:a/b/*`. So it is with plugins.

    Args:
        pattern: An entry.
        known: The keys of the manifest's tools, and `plugin:ID` for each of its plugins.
    """
    if names_part(pattern) and pattern in known and pattern.rpartition("/")[0] not in known:
        return f"{pattern}/*"
    return pattern


def list_spelled(manifest: Manifest) -> frozenset[str]:
    """Return what `spell_entry` has to know of a manifest."""
    return frozenset([*manifest.tools, *(f"plugin:{name}" for name in manifest.plugins)])


def matches_tool(pattern: str, tool: str) -> bool:
    """Tell whether a tool pattern of a list takes (part of) the tool with this key of the manifest.

    `mcp:ID/TOOL` takes part of the server `mcp:ID`, and nothing of a server whose id is `ID/TOOL`; see `spell_entry`.
    """
    if pattern == "*":
        return True
    if pattern == tool:
        return not names_part(pattern)
    if pattern.endswith("*") and not pattern.startswith("mcp:") and tool.startswith(pattern[:-1]):
        return True
    if pattern.startswith("mcp:"):
        return (pattern == "mcp:*" and tool.startswith("mcp:")) or pattern.rsplit("/", 1)[0] == tool
    return False


class _Known:
    """Ids that a reference may name, by section."""

    def __init__(self, manifest: Manifest, unsupported: Unsupported) -> None:
        def ids(section: str, items: Iterable[str]) -> frozenset[str]:
            return frozenset(items) | frozenset(unsupported.get(section, {}))

        self.models = ids("models", manifest.models)
        self.prompts = ids("prompts", manifest.prompts)
        self.workflows = ids("workflows", manifest.workflows)
        self.skills = ids("skills", manifest.skills)
        self.tools = ids("tools", manifest.tools)
        self.policies = ids("policies", manifest.policies)
        self.plugins = ids("plugins", manifest.plugins)
        self.profiles = ids("profiles", manifest.profiles)
        self.builtin = ids(BUILTIN_SECTION, manifest.builtin.profiles if manifest.builtin else ())


def _dangling(pointer: str, section: str, name: str) -> Fault:
    return Fault(
        code="bundle.unresolved_reference",
        pointer=pointer,
        message=f"no {section} of this bundle has this id",
        remedy="add the item, or take the reference out",
        kind=section,
        name=name,
    )


def _check_each(pointer: str, section: str, names: Iterable[str], known: frozenset[str]) -> Iterator[Fault]:
    for name in names:
        if name not in known:
            yield _dangling(join_pointer(pointer, name), section, name)


def _check_profiles(manifest: Manifest, known: _Known) -> Iterator[Fault]:
    for name, profile in manifest.profiles.items():
        yield from _check_profile(join_pointer("/profiles", name), profile, known)
    for name, profile in (manifest.builtin.profiles if manifest.builtin else {}).items():
        yield from _check_profile(join_pointer("/builtin/profiles", name), profile, known)


def _check_profile(pointer: str, profile: Profile, known: _Known) -> Iterator[Fault]:
    for index, use in enumerate(profile.prompts):
        if use.prompt not in known.prompts:
            yield _dangling(f"{pointer}/prompts/{index}/prompt", "prompts", use.prompt)
    for index, model in enumerate(profile.models):
        if model not in known.models:
            yield _dangling(f"{pointer}/models/{index}", "models", model)
    yield from _check_each(f"{pointer}/policies", "policies", profile.policies, known.policies)
    yield from _check_each(f"{pointer}/skills", "skills", profile.skills, known.skills)
    yield from _check_each(f"{pointer}/workflows", "workflows", profile.workflows, known.workflows)
    yield from _check_each(f"{pointer}/plugins", "plugins", profile.plugins, known.plugins)
    yield from _check_each(
        f"{pointer}/asks/plugin_permissions", "plugins", profile.asks.plugin_permissions, known.plugins
    )
    if isinstance(profile.tools, ToolList):
        yield from _check_tool_list(f"{pointer}/tools/tools", profile.tools, known)


def _check_tool_list(pointer: str, selection: ToolList, known: _Known) -> Iterator[Fault]:
    for pattern in selection.tools:
        if pattern.startswith("plugin:"):
            rest = pattern.removeprefix("plugin:")
            if rest != "*" and rest not in known.plugins and rest.rsplit("/", 1)[0] not in known.plugins:
                yield _dangling(join_pointer(pointer, pattern), "plugins", rest)
        elif "*" not in pattern or (pattern.startswith("mcp:") and pattern != "mcp:*"):
            entry = spell_entry(pattern, known.tools)
            if not any(matches_tool(entry, tool) for tool in known.tools):
                yield _dangling(join_pointer(pointer, pattern), "tools", pattern)


def _check_workflow(name: str, workflow: Workflow, known: _Known) -> Iterator[Fault]:
    pointer = join_pointer("/workflows", name)
    for index, model in enumerate(workflow.models):
        if model not in known.models:
            yield _dangling(f"{pointer}/models/{index}", "models", model)
    yield from _check_each(f"{pointer}/policies", "policies", workflow.policies, known.policies)
    yield from _check_each(
        f"{pointer}/asks/plugin_permissions", "plugins", workflow.asks.plugin_permissions, known.plugins
    )
    if isinstance(workflow.tools, ToolList):
        yield from _check_tool_list(f"{pointer}/tools/tools", workflow.tools, known)


def _check_tools(manifest: Manifest, known: _Known) -> Iterator[Fault]:
    for name, tool in manifest.tools.items():
        pointer = join_pointer("/tools", name)
        kind, colon, _ = name.partition(":")
        if not isinstance(tool, _TOOL_KINDS[kind] if colon else BuiltinTool):
            yield _invalid(
                pointer,
                "the key is of another kind than the tool",
                remedy="`mcp:ID`, `http:ID` or a built-in",
            )
        if isinstance(tool, BuiltinTool) and name not in BUILTIN_TOOLS:
            yield Fault(
                code="declaration.unsupported",
                pointer=pointer,
                message="no built-in tool has this name",
                remedy=f"known: {', '.join(BUILTIN_TOOLS)}",
                kind="builtin",
                name=name,
            )
        if isinstance(tool, McpServer):
            yield from _check_server(pointer, tool, known)
        if isinstance(tool, HttpTool):
            yield from _check_request(pointer, tool)


def _check_server(pointer: str, server: McpServer, known: _Known) -> Iterator[Fault]:
    if server.private_to is not None and server.private_to not in known.profiles:
        yield _dangling(f"{pointer}/private_to", "profiles", server.private_to)
    if server.plugin is not None and server.plugin not in known.plugins:
        yield _dangling(f"{pointer}/plugin", "plugins", server.plugin)
    if isinstance(server.transport, HttpServer):
        yield from _check_request(f"{pointer}/transport", server.transport)
    if server.plugin is None and isinstance(server.transport, StdioServer):
        transport = server.transport
        values = [
            transport.command,
            transport.cwd,
            *(arg.value for arg in transport.args),
            *transport.env.values(),
        ]
        if any(isinstance(value, PluginPath) for value in values):
            yield _invalid(f"{pointer}/transport", "a plugin path in a server that no plugin brought")


def _check_request(pointer: str, request: HttpTool | HttpServer) -> Iterator[Fault]:
    """A path of this host has no meaning elsewhere, and is nobody else's to know."""
    for section, values in (("headers", request.headers), ("query", request.query)):
        for name, value in values.items():
            if isinstance(value, PluginPath):
                yield _invalid(
                    join_pointer(f"{pointer}/{section}", name),
                    "a plugin path in what is sent to another host",
                )


def _check_policies(manifest: Manifest) -> Iterator[Fault]:
    for name, policy in manifest.policies.items():
        yield from _check_policy(join_pointer("/policies", name), policy)


def _check_policy(pointer: str, policy: Policy) -> Iterator[Fault]:
    for rule_id, rule in policy.rules.items():
        place = join_pointer(f"{pointer}/rules", rule_id)
        if compute_rule_id(rule) != rule_id:
            yield _invalid(place, "the key is not the rule's own id")
        if isinstance(rule.where, HostPathMatch) and rule.effect == "allow":
            yield Fault(
                code="bundle.host_value",
                pointer=f"{place}/where",
                message="an allow rule names a place on a host",
                remedy="write it relative to a mount; deny and ask rules may name any path",
            )


def _check_plugins(manifest: Manifest) -> Iterator[Fault]:
    for name, plugin in manifest.plugins.items():
        pointer = join_pointer("/plugins", name)
        if plugin.surfaces and plugin.package is None:
            yield _invalid(f"{pointer}/surfaces", "surfaces without a package that could run them")
        if name.startswith("host:") and not isinstance(plugin.package, PackageReference):
            yield _invalid(
                f"{pointer}/package", "a `host:` plugin is one that the host holds: give a reference"
            )


def _check_features(manifest: Manifest) -> Iterator[Fault]:
    for section, name, item in _list_named(manifest):
        needed = compute_features(item)
        if item.features.keys() != needed:
            yield _invalid(
                f"{join_pointer(f'/{section}', name)}/features",
                "not the features that the content needs",
                remedy=f"needed: {', '.join(sorted(needed)) or 'none'}",
            )


def _check_default(manifest: Manifest, known: _Known) -> Iterator[Fault]:
    if manifest.default_profile is None:
        return
    kind, _, name = manifest.default_profile.partition(":")
    if kind == "default":
        yield _invalid("/default_profile", "`default` cannot mean itself")
    elif name not in (known.builtin if kind == "builtin" else known.profiles):
        yield _dangling("/default_profile", "profiles", name)


def _check_names(manifest: Manifest) -> Iterator[Fault]:
    for section, name, item in _list_named(manifest):
        if not is_canonical_name(name):
            yield _invalid(
                join_pointer(f"/{section}", name),
                "percent-encoding where none is needed, or of bytes that are not UTF-8",
            )
        if item.origin is not None and not is_canonical_name(item.origin.path):
            yield _invalid(
                f"{join_pointer(f'/{section}', name)}/origin/path", "percent-encoding that is not canonical"
            )


def _invalid(pointer: str, message: str, *, remedy: str = "") -> Fault:
    return Fault(code="bundle.invalid", pointer=pointer, message=message, remedy=remedy)
