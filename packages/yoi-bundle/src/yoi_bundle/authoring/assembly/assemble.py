"""From drafts to a manifest: names resolved, ids given, what depends on something left out left out too (B-10, B-14).

Pure: the same drafts and exclusions give the same manifest, in whatever order files were read.
"""

from collections.abc import Mapping
from typing import TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from yoi_bundle.authoring.assembly.builtin_copies import (
    BUILTIN_PREFIX,
    copy_builtins,
    copy_policies,
    copy_prompts,
)
from yoi_bundle.authoring.assembly.grants import compute_implied_grants, describe_grants
from yoi_bundle.authoring.assembly.identify import IdentifiedDrafts, identify_drafts
from yoi_bundle.authoring.assembly.ledger import ItemKey, Ledger, Place
from yoi_bundle.authoring.assembly.policies import PolicyBook
from yoi_bundle.authoring.assembly.profiles import ProfileNeeds, assemble_profiles
from yoi_bundle.authoring.assembly.resources import (
    ModelResolver,
    assemble_prompts,
    assemble_skills,
    assemble_workflows,
)
from yoi_bundle.authoring.assembly.scope import NameIndex
from yoi_bundle.authoring.assembly.tool_scope import ToolScope
from yoi_bundle.authoring.assembly.tools import assemble_plugins, assemble_tools
from yoi_bundle.authoring.dialects.claude.vocabulary import spell_server
from yoi_bundle.authoring.dialects.native.ask_form import make_asks, make_grants
from yoi_bundle.authoring.dialects.native.workspace_items import make_models
from yoi_bundle.authoring.dialects.native.workspace_toml import WorkspaceForm, WorkspaceReading
from yoi_bundle.authoring.drafts.draft import (
    Contribution,
    ProfileDraft,
    PromptDraft,
    SkillDraft,
    SourceFile,
    WorkflowDraft,
)
from yoi_bundle.authoring.drafts.file_diagnostics import show_name
from yoi_bundle.authoring.source.workspace_path import WORKSPACE_FILE
from yoi_bundle.builtin import NO_BUILTINS, BuiltinSet
from yoi_bundle.identifiers import decode_path, encode_segment
from yoi_bundle.manifest import (
    BuiltinProfiles,
    Grants,
    Manifest,
    McpServer,
    Policy,
    Profile,
    Prompt,
    Tool,
)
from yoi_bundle.schema import compute_schema_version
from yoi_bundle.selection import compute_asks

NamedDraft: TypeAlias = ProfileDraft | PromptDraft | WorkflowDraft | SkillDraft


class AssemblyInput(Struct, frozen=True, kw_only=True):
    """All that was read.

    Attributes:
        workspace: The bundle's workspace id.
        reading: Of `workspace.toml`; its form is not None.
        failed: Files whose reader found errors and nothing else.
        failed_plugins: Directories of plugins whose manifest is among them.
    """

    workspace: str
    reading: WorkspaceReading
    contributions: tuple[Contribution, ...]
    files: tuple[SourceFile, ...]
    failed: frozenset[str] = frozenset()
    failed_plugins: frozenset[str] = frozenset()
    builtins: BuiltinSet = NO_BUILTINS


class Assembly(Struct, frozen=True, kw_only=True):
    """Attributes: ledger: With remarks, blobs (also of items that had to go) and the file behind each item."""

    manifest: Manifest
    ledger: Ledger


def assemble(source: AssemblyInput, excluded: frozenset[ItemKey]) -> Assembly:
    """Put a manifest together without the items in `excluded` and what depends on them."""
    form = source.reading.form or WorkspaceForm()
    ledger = Ledger(excluded, {file.path: file.data for file in source.files})
    reserved = frozenset(
        [("prompts", name) for name in source.builtins.manifest.prompts]
        + [("policies", name) for name in source.builtins.manifest.policies]
    )
    drafts = identify_drafts(
        source.contributions, failed_plugins=source.failed_plugins, reserved=reserved, ledger=ledger
    )
    plugins = assemble_plugins(drafts, form.plugins, source.files, ledger)
    tools = assemble_tools(drafts, plugins, ledger)
    prompts = assemble_prompts(drafts.prompts, ledger)
    skills = assemble_skills(drafts.skills, ledger)
    indexes = _index_names(drafts)
    scope = ToolScope(
        tools=tools,
        plugins=plugins,
        servers=_index_servers(drafts, tools),
        private=_list_private(drafts, tools),
        names={
            "profile": indexes["profiles"],
            "skill": indexes["skills"],
            "workflow": indexes["workflows"],
        },
        ledger=ledger,
    )
    policies = PolicyBook(ledger)
    policies.add_files(drafts.policies, scope)
    declared, faults = make_models(form.models, source.reading.lines)
    ledger.diagnostics.extend(faults)
    models = ModelResolver(declared, _list_model_lines(source.reading), ledger)
    workflows = assemble_workflows(
        drafts.workflows, scope=scope, policies=policies, models=models, ledger=ledger
    )
    governing = policies.find_governing(
        form.policies, source.failed, source.reading.lines.get(("policies",), 0)
    )
    profiles = assemble_profiles(
        ProfileNeeds(
            drafts=drafts,
            scope=scope,
            policies=policies,
            models=models,
            prompts=prompts,
            plugins=plugins,
            indexes=indexes,
            builtins=source.builtins,
            governing=governing,
            asks=make_asks(form.asks),
            ledger=ledger,
        )
    )
    builtin = copy_builtins(
        source.builtins, source.reading, profiles=profiles, drafts=drafts, governing=governing, ledger=ledger
    )
    tools = _drop_private(tools, profiles)
    own_policies = _drop_ownerless(policies, profiles, frozenset(workflows))
    held_prompts = _drop_unused_texts(prompts, drafts, profiles)
    if builtin is not None:
        held_prompts |= copy_prompts(source.builtins, builtin, profiles)
        own_policies |= copy_policies(source.builtins, builtin, profiles)
    manifest = Manifest(
        schema_version=1,
        workspace=source.workspace,
        project=form.project,
        language=form.language,
        models=models.models,
        prompts=held_prompts,
        workflows=workflows,
        skills=skills,
        tools=tools,
        policies=own_policies,
        plugins=plugins,
        profiles=profiles,
        builtin=builtin,
        default_profile=_find_default(source.reading, profiles, builtin, indexes["profiles"], ledger),
    )
    manifest = replace(manifest, grants=_choose_grants(form, manifest, ledger))
    return Assembly(
        manifest=replace(manifest, schema_version=compute_schema_version(manifest)), ledger=ledger
    )


def _index_names(drafts: IdentifiedDrafts) -> dict[str, NameIndex]:
    """Enter each item under its id, the last part of it, its declared name, and for a plugin's item `PLUGIN:NAME`."""
    indexes: dict[str, NameIndex] = {}
    sections: tuple[tuple[str, Mapping[str, NamedDraft]], ...] = (
        ("profiles", drafts.profiles),
        ("prompts", drafts.prompts),
        ("workflows", drafts.workflows),
        ("skills", drafts.skills),
    )
    for section, items in sections:
        index = indexes[section] = NameIndex()
        for item, draft in sorted(items.items()):
            last = item.rsplit("/", 1)[-1]
            names = [item, decode_path(item), last, decode_path(last)]
            if draft.dialect != "yoi":
                names += [draft.title, last.removesuffix(".agent").removesuffix(".instructions")]
            plugin = drafts.find_plugin(draft.path)
            if plugin in drafts.plugins:
                names += [f"{drafts.plugins[plugin].name}:{name}" for name in (draft.title, last)]
            index.add(item, draft.path, names)
    return indexes


def _list_model_lines(reading: WorkspaceReading) -> dict[str, int]:
    return {
        encode_segment(path[1]): line
        for path, line in reading.lines.items()
        if path[:1] == ("models",) and len(path) == 2
    }


def _index_servers(drafts: IdentifiedDrafts, tools: Mapping[str, Tool]) -> NameIndex:
    index = NameIndex()
    for key, draft in sorted(drafts.servers.items()):
        if key in tools and key not in drafts.private_to:
            names = [draft.local_name, key.removeprefix("mcp:"), spell_server(draft.local_name)]
            plugin = drafts.find_plugin(draft.path)
            if plugin in drafts.plugins:
                names.append(spell_server(draft.local_name, plugin=drafts.plugins[plugin].name))
            index.add(key, draft.path, names)
    return index


def _list_private(drafts: IdentifiedDrafts, tools: Mapping[str, Tool]) -> dict[str, dict[str, str]]:
    private: dict[str, dict[str, str]] = {}
    for key, owner in drafts.private_to.items():
        if key in tools:
            local_name = drafts.servers[key].local_name
            for name in (spell_server(local_name), local_name):
                private.setdefault(owner, {})[name] = key
    return private


def _drop_private(tools: Mapping[str, Tool], profiles: Mapping[str, Profile]) -> dict[str, Tool]:
    """Leave out servers that are private to a profile that had to go."""
    return {
        key: tool
        for key, tool in tools.items()
        if not isinstance(tool, McpServer) or tool.private_to is None or tool.private_to in profiles
    }


def _drop_ownerless(
    book: PolicyBook, profiles: Mapping[str, Profile], workflows: frozenset[str]
) -> dict[str, Policy]:
    """Leave out policies that a profile or workflow brought which had to go; but not what a child inherited."""
    inherited = {name for profile in profiles.values() for name in profile.policies}
    held = {"profiles": frozenset(profiles), "workflows": workflows}
    return {
        name: policy
        for name, policy in book.policies.items()
        if name not in book.owners or name in inherited or book.owners[name][1] in held[book.owners[name][0]]
    }


def _drop_unused_texts(
    prompts: Mapping[str, Prompt], drafts: IdentifiedDrafts, profiles: Mapping[str, Profile]
) -> dict[str, Prompt]:
    """Leave out the own texts of profiles that had to go."""
    used = {use.prompt for profile in profiles.values() for use in profile.prompts}
    return {name: prompt for name, prompt in prompts.items() if name in drafts.prompts or name in used}


def _find_default(
    reading: WorkspaceReading,
    profiles: Mapping[str, Profile],
    builtin: BuiltinProfiles | None,
    index: NameIndex,
    ledger: Ledger,
) -> str | None:
    name = reading.form.default_profile if reading.form is not None else None
    if name is None:
        return None
    if name.startswith(BUILTIN_PREFIX):
        if builtin is not None and name.removeprefix(BUILTIN_PREFIX) in builtin.profiles:
            return name
    else:
        found = index.find(name, WORKSPACE_FILE)
        if len(found) == 1 and found[0] in profiles:
            return f"workspace:{found[0]}"
    ledger.report(
        "error",
        "reference.unresolved",
        Place(WORKSPACE_FILE, reading.lines.get(("default_profile",), 0)),
        f"the default profile `{show_name(name)}` is not to be had; the selector `default` means nothing",
        "name a profile by its id",
    )
    return None


def _choose_grants(form: WorkspaceForm, manifest: Manifest, ledger: Ledger) -> Grants:
    if form.grants is not None:
        return make_grants(form.grants)
    builtin = manifest.builtin.profiles if manifest.builtin is not None else {}
    asks = [compute_asks(manifest, profile, name=name) for name, profile in manifest.profiles.items()]
    asks += [compute_asks(manifest, profile) for profile in builtin.values()]
    asks += [flow.asks for flow in manifest.workflows.values()]
    grants = compute_implied_grants(
        asks=asks,
        models=manifest.models,
        tools=manifest.tools,
        plugins=manifest.plugins,
    )
    ledger.report(
        "info",
        "grants.implied",
        Place(WORKSPACE_FILE),
        f"no `[grants]`: the workspace grants what its profiles ask: {describe_grants(grants)}",
        "write `[grants]` in .yoi/workspace.toml to grant less",
    )
    return grants
