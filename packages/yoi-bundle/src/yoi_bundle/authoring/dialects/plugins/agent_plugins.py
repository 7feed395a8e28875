"""Plugin manifests: Agent Plugins 1.0 `plugin.json`, and Claude Code's `.claude-plugin/plugin.json` (B-14, S-06).

Of what executes, only what stands under our key of `extensions` becomes a surface; hooks, language servers and the like
of Claude Code are left out by name.
"""

import posixpath
import re
from typing import Any, cast

from yoi_bundle.authoring.dialects.claude.hooks import make_hook_policy, read_hooks
from yoi_bundle.authoring.dialects.mcp.mcp_json import AGENT_PLUGINS_SCHEMAS, ServerPlace, read_servers
from yoi_bundle.authoring.dialects.plugins.plugin_extension import ExtensionDraft, read_extension
from yoi_bundle.authoring.drafts.diagnostics import FileDiagnostics, show_name
from yoi_bundle.authoring.drafts.draft import (
    ComponentKind,
    ComponentPath,
    Contribution,
    PluginDraft,
    PolicyDraft,
    RuleDraft,
    ServerDraft,
    SourceFile,
    UnsaidRule,
)
from yoi_bundle.authoring.drafts.reader import NO_CONTEXT, ReadingContext
from yoi_bundle.authoring.formats.harmless_keys import PLUGIN_KEYS, is_harmless
from yoi_bundle.authoring.formats.json_lines import JsonDocument, read_json
from yoi_bundle.faults import join_pointer
from yoi_bundle.limits import Limits
from yoi_bundle.plugin_manifest import EXTENSION_KEY

_PLUGIN_NAME = re.compile(r"(?!.*(?:--|\.\.))[a-z0-9](?:[a-z0-9.-]{0,62}[a-z0-9])?")
_TEXTS = ("name", "version", "description", "homepage", "repository", "license")
_AGENT_PLUGIN_KEYS: dict[str, type] = {
    "$schema": str,
    **dict.fromkeys(_TEXTS, str),
    "author": dict,
    "keywords": list,
    "extensions": dict,
}
_UNMAPPED_KEYS = ("author", "homepage", "repository", "license", "keywords")
_COMPONENT_KEYS: dict[str, ComponentKind] = {
    "agents": "agents",
    "commands": "commands",
    "skills": "skills",
    "mcpServers": "mcp_servers",
    "hooks": "hooks",
}
_CLAUDE_REASONS = {
    "lspServers": "language servers run on the host",
    "monitors": "monitors run commands on the host",
    "userConfig": "a `${user_config.KEY}` becomes a ref of its own",
    "dependencies": "a bundle holds all that it needs",
    "channels": "an ingress needs a surface of its own",
    "settings": "settings of a program have no place in a bundle",
    "outputStyles": "an output style is no part of a profile",
    "themes": "a theme is for one program's screen",
}


def read_agent_plugin(file: SourceFile, context: ReadingContext = NO_CONTEXT) -> Contribution:
    """Read one `plugin.json` of Agent Plugins 1.0: an unknown field is reported, a wrong type rejects the plugin."""
    diagnostics = FileDiagnostics(file.path)
    document = _open(file, context.limits, diagnostics)
    if document is None:
        return Contribution(diagnostics=diagnostics.collect())
    manifest: dict[str, Any] = document.value
    schema = manifest.get("$schema")
    if not isinstance(schema, str) or not schema.startswith(AGENT_PLUGINS_SCHEMAS):
        message = "`$schema` does not say Agent Plugins 1.0"
        diagnostics.error(
            "plugin.schema_unknown",
            document.get_line("/$schema"),
            message,
            f"write `{AGENT_PLUGINS_SCHEMAS}plugin.schema.json`",
        )
    _check_types(document, _AGENT_PLUGIN_KEYS, diagnostics)
    name = manifest.get("name")
    if not isinstance(name, str) or not _PLUGIN_NAME.fullmatch(name):
        message = "`name` is not of the specification's grammar"
        remedy = "write 1 to 64 small letters, digits, single dots and hyphens"
        diagnostics.error("plugin.malformed", document.get_line("/name"), message, remedy)
    for key, value in manifest.items():
        if key not in _AGENT_PLUGIN_KEYS and not is_harmless(key, value, PLUGIN_KEYS | context.harmless_keys):
            _report_restriction(key, document, diagnostics)
        elif key not in _AGENT_PLUGIN_KEYS:
            message = f"`{show_name(key)}` is no field of Agent Plugins 1.0 and is left out"
            diagnostics.warn(
                "plugin.unknown_field", document.get_line(join_pointer("", key)), message, "take it out"
            )
    _report_left_out([key for key in _UNMAPPED_KEYS if key in manifest], {}, document, diagnostics)
    extension = _read_extensions(manifest.get("extensions"), document, diagnostics)
    root = posixpath.dirname(file.path)
    policies = _read_hooks(document, root, diagnostics, context)
    if diagnostics.failed:
        return Contribution(policies=policies, diagnostics=diagnostics.collect())
    draft = PluginDraft(
        path=file.path,
        root=root,
        dialect="agent-plugins",
        name=cast(str, name),
        version=manifest.get("version", ""),
        title=cast(str, name),
        description=manifest.get("description", ""),
        surfaces=extension.surfaces,
        permissions=extension.permissions,
        config=extension.config,
    )
    return Contribution(plugins=(draft,), policies=policies, diagnostics=diagnostics.collect())


def read_claude_plugin(file: SourceFile, context: ReadingContext = NO_CONTEXT) -> Contribution:
    """Read one `.claude-plugin/plugin.json`, or a `plugin.json` of its form at a plugin's top.

    Places outside the plugin's folder are errors.
    """
    diagnostics = FileDiagnostics(file.path)
    document = _open(file, context.limits, diagnostics)
    if document is None:
        return Contribution(diagnostics=diagnostics.collect())
    manifest: dict[str, Any] = document.value
    name = manifest.get("name")
    if not isinstance(name, str) or not 0 < len(name) <= 256:
        diagnostics.error(
            "plugin.malformed", document.get_line("/name"), "`name` is missing or no text", "write a name"
        )
    _check_types(document, {"version": str, "description": str}, diagnostics)
    components, servers = _read_components(document, diagnostics)
    directory = posixpath.dirname(file.path)
    root = posixpath.dirname(directory) if posixpath.basename(directory) == ".claude-plugin" else directory
    policies = _read_hooks(document, root, diagnostics, context)
    known = {"name", "version", "description", "$schema", *_COMPONENT_KEYS}
    others = [key for key in manifest if key not in known]
    restricting = [
        key
        for key in others
        if key not in _CLAUDE_REASONS
        and not is_harmless(key, manifest[key], PLUGIN_KEYS | context.harmless_keys)
    ]
    for key in restricting:
        _report_restriction(key, document, diagnostics)
    others = [key for key in others if key not in restricting]
    _report_left_out(others, _CLAUDE_REASONS, document, diagnostics)
    if diagnostics.has_fatal():
        return Contribution(policies=policies, diagnostics=diagnostics.collect())
    draft = PluginDraft(
        path=file.path,
        root=root,
        dialect="claude",
        name=cast(str, name),
        version=manifest.get("version", ""),
        title=cast(str, name),
        description=manifest.get("description", ""),
        servers=servers,
        components=components,
    )
    return Contribution(plugins=(draft,), policies=policies, diagnostics=diagnostics.collect())


def _open(file: SourceFile, limits: Limits, diagnostics: FileDiagnostics) -> JsonDocument | None:
    document = read_json(file.data, diagnostics, limits=limits)
    if document is not None and not isinstance(document.value, dict):
        diagnostics.error("plugin.malformed", 1, "not an object", 'write `{"name": …}`')
        return None
    return document


def _check_types(document: JsonDocument, expected: dict[str, type], diagnostics: FileDiagnostics) -> None:
    names: dict[Any, str] = {str: "a text", dict: "an object", list: "a list"}
    for key, kind in expected.items():
        if key in document.value and not isinstance(document.value[key], kind):
            line = document.get_line(join_pointer("", key))
            diagnostics.error(
                "plugin.malformed", line, f"`{key}` is not {names[kind]}", f"write {names[kind]}"
            )


def _report_restriction(key: str, document: JsonDocument, diagnostics: FileDiagnostics) -> None:
    message = f"`{show_name(key)}` may be a restriction, and is no key of this format"
    remedy = "take it out, or list it in `harmless_keys` of `[source]` in workspace.toml"
    diagnostics.error("plugin.may_restrict", document.get_line(join_pointer("", key)), message, remedy)


def _report_left_out(
    keys: list[str], reasons: dict[str, str], document: JsonDocument, diagnostics: FileDiagnostics
) -> None:
    """Report keys with a reason one by one, all others in one diagnostic."""
    for key in keys:
        if key in reasons:
            message = f"`{key}` is left out: {reasons[key]}"
            diagnostics.note("plugin.left_out", document.get_line(f"/{key}"), message, "nothing to do")
    others = [key for key in keys if key not in reasons]
    if others:
        shown = ", ".join(f"`{show_name(key)}`" for key in others)
        line = document.get_line(join_pointer("", others[0]))
        diagnostics.note(
            "plugin.unmapped_key",
            line,
            f"left out, for no field of a bundle holds them: {shown}",
            "nothing to do",
        )


def _read_extensions(extensions: Any, document: JsonDocument, diagnostics: FileDiagnostics) -> ExtensionDraft:
    if not isinstance(extensions, dict):
        return ExtensionDraft()
    _report_left_out_extensions([key for key in extensions if key != EXTENSION_KEY], document, diagnostics)
    if EXTENSION_KEY not in extensions:
        return ExtensionDraft()
    pointer = join_pointer("/extensions", EXTENSION_KEY)
    return read_extension(
        extensions[EXTENSION_KEY], lambda step: document.get_line(f"{pointer}{step}"), diagnostics
    )


def _report_left_out_extensions(
    keys: list[str], document: JsonDocument, diagnostics: FileDiagnostics
) -> None:
    if keys:
        shown = ", ".join(f"`{show_name(key)}`" for key in keys)
        line = document.get_line(join_pointer("/extensions", keys[0]))
        diagnostics.note(
            "plugin.foreign_extension",
            line,
            f"extensions of other programs are left out: {shown}",
            "nothing to do",
        )


def _read_components(
    document: JsonDocument, diagnostics: FileDiagnostics
) -> tuple[tuple[ComponentPath, ...], tuple[ServerDraft, ...]]:
    components: list[ComponentPath] = []
    servers: dict[str, Any] = {}
    for key, kind in _COMPONENT_KEYS.items():
        value = document.value.get(key)
        pointer = f"/{key}"
        if value is None:
            continue
        if kind == "mcp_servers" and isinstance(value, dict):
            servers = value
            continue
        items = value if isinstance(value, list) else [value]
        for index, item in enumerate(items):
            if kind == "hooks" and isinstance(item, dict):
                continue
            line = document.get_line(join_pointer(pointer, index))
            inside = _read_place(item)
            if inside is None:
                message = f"`{key}` names no place inside the plugin"
                diagnostics.error("plugin.malformed", line, message, "write a path that begins with `./`")
            else:
                components.append(ComponentPath(kind=kind, path=inside, line=line))
    place = ServerPlace(
        path=diagnostics.file,
        dialect="claude",
        find_line=lambda step: document.get_line(f"/mcpServers{step}"),
    )
    return tuple(components), read_servers(servers, place, diagnostics)


def _read_hooks(
    document: JsonDocument, root: str, diagnostics: FileDiagnostics, context: ReadingContext
) -> tuple[PolicyDraft, ...]:
    """Read the hooks that stand in the manifest itself; a place of hooks that is none loses what they guarded."""
    value = document.value.get("hooks")
    line = document.get_line("/hooks")
    rules: list[RuleDraft] = []
    unsaid: tuple[UnsaidRule, ...] = ()
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, dict):
            events = item.get("hooks", item)
            rules += read_hooks(events, lambda _: line, diagnostics, unguarded=context.unguarded_tools)
        elif item is not None and _read_place(item) is None:
            unsaid = (UnsaidRule(effect="deny", written="hooks", line=line),)
    return make_hook_policy(diagnostics.file, root, tuple(dict.fromkeys(rules)), unsaid)


def _read_place(item: Any) -> str | None:
    if not isinstance(item, str) or item.startswith(("/", "~")) or "\\" in item or ":" in item or "$" in item:
        return None
    steps = [step for step in item.split("/") if step not in ("", ".")]
    return None if ".." in steps else "/".join(steps)
