"""Assembly of a manifest: names resolved, ids given, what depends on something left out left out too (B-10, B-14)."""

from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from yoi_bundle.authoring.assembly.builtin_copies import (
    BUILTIN_PREFIX,
    copy_builtins,
    list_used_policies,
    list_used_prompts,
)
from yoi_bundle.authoring.assembly.confinement import Confiner, ModelResolver
from yoi_bundle.authoring.assembly.expectations import check_expectations
from yoi_bundle.authoring.assembly.grants import compute_implied_grants, describe_grants
from yoi_bundle.authoring.assembly.identify import identify_drafts
from yoi_bundle.authoring.assembly.ledger import ItemKey, Ledger
from yoi_bundle.authoring.assembly.names import Names
from yoi_bundle.authoring.assembly.policies import PolicyBook
from yoi_bundle.authoring.assembly.profiles import ProfileAssembly
from yoi_bundle.authoring.assembly.resources import assemble_prompts, assemble_skills, assemble_workflows
from yoi_bundle.authoring.assembly.tool_scope import ToolScope
from yoi_bundle.authoring.assembly.tools import assemble_plugins, assemble_tools
from yoi_bundle.authoring.dialects.native.ask_form import make_asks, make_grants
from yoi_bundle.authoring.dialects.native.workspace_items import make_models
from yoi_bundle.authoring.dialects.native.workspace_toml import WorkspaceForm, WorkspaceReading
from yoi_bundle.authoring.drafts.diagnostics import Place, show_name
from yoi_bundle.authoring.drafts.draft import Contribution, SourceFile
from yoi_bundle.authoring.source.tree import WORKSPACE_FILE
from yoi_bundle.builtin import NO_BUILTINS, BuiltinSet
from yoi_bundle.identifiers import encode_segment
from yoi_bundle.manifest import (
    BuiltinProfiles,
    Grants,
    Manifest,
    McpServer,
    Policy,
    Profile,
    Prompt,
    Tool,
    Workflow,
)
from yoi_bundle.schema import compute_schema_version
from yoi_bundle.selection import compute_asks


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


class Assembly:
    """One manifest, put together without the items in `excluded` and what depends on them.

    Deterministic: the same drafts and exclusions give the same manifest, in whatever order files were read. The
    ledger is written on the way; each stage sees what those before it lost:
    drafts → plugins, tools, prompts, skills → names → policies → models → workflows → profiles → built-in profiles.

    Attributes:
        ledger: Diagnostics, blobs (also of items that had to go) and the file behind each item.
    """

    def __init__(self, source: AssemblyInput, excluded: frozenset[ItemKey]) -> None:
        self.ledger = Ledger(excluded, {file.path: file.data for file in source.files})
        self._source = source
        self._form = source.reading.form or WorkspaceForm()
        builtin = source.builtins.manifest
        self._drafts = identify_drafts(
            source.contributions,
            failed_plugins=source.failed_plugins,
            reserved=frozenset(
                [
                    *(("prompts", name) for name in builtin.prompts),
                    *(("policies", name) for name in builtin.policies),
                ]
            ),
            ledger=self.ledger,
        )
        self._plugins = assemble_plugins(self._drafts, self._form.plugins, source.files, self.ledger)
        self._tools = assemble_tools(self._drafts, self._plugins, self.ledger)
        self._prompts = assemble_prompts(self._drafts.prompts, self.ledger)
        self._skills = assemble_skills(self._drafts.skills, self.ledger)
        self._names = Names(self._drafts, self._tools)
        scope = ToolScope(tools=self._tools, plugins=self._plugins, names=self._names, ledger=self.ledger)
        self._policies = PolicyBook(self.ledger, _list_hook_homes(source.contributions))
        self._policies.add_files(self._drafts.policies, scope)
        self._models = self._resolve_models()
        self._confiner = Confiner(
            scope=scope, policies=self._policies, models=self._models, ledger=self.ledger
        )
        self._workflows = assemble_workflows(self._drafts, self._names, self._confiner, self.ledger)
        self.manifest = self._assemble_manifest()
        check_expectations(self.manifest, self._form.expect, names=self._names, ledger=self.ledger)

    def _resolve_models(self) -> ModelResolver:
        lines = {
            encode_segment(path[1]): line
            for path, line in self._source.reading.lines.items()
            if path[:1] == ("models",) and len(path) == 2
        }
        declared = make_models(self._form.models, self._source.reading.lines, self.ledger)
        return ModelResolver(declared, lines, self.ledger)

    def _assemble_manifest(self) -> Manifest:
        form, reading = self._form, self._source.reading
        governing = self._policies.find_governing(
            form.policies, self._source.failed, reading.lines.get(("policies",), 0)
        )
        assembly = ProfileAssembly(
            drafts=self._drafts,
            names=self._names,
            confiner=self._confiner,
            prompts=self._prompts,
            plugins=self._plugins,
            builtins=self._source.builtins,
            ledger=self.ledger,
        )
        profiles = assembly.assemble(governing, make_asks(form.asks))
        builtin = copy_builtins(
            self._source.builtins,
            reading,
            profiles=profiles,
            drafts=self._drafts,
            governing=governing,
            ledger=self.ledger,
        )
        manifest = Manifest(
            schema_version=1,
            workspace=self._source.workspace,
            project=form.project,
            language=form.language,
            models=self._models.models,
            prompts=self._keep_prompts(assembly.own_prompts, profiles, builtin),
            workflows=self._workflows,
            skills=self._skills,
            tools=self._keep_tools(profiles),
            policies=self._keep_policies(profiles, builtin),
            plugins=self._plugins,
            profiles=profiles,
            builtin=builtin,
            default_profile=self._find_default(profiles, builtin),
        )
        manifest = replace(manifest, grants=self._choose_grants(manifest))
        return replace(manifest, schema_version=compute_schema_version(manifest))

    def _keep_tools(self, profiles: dict[str, Profile]) -> dict[str, Tool]:
        """Leave out servers that are private to a profile that had to go."""
        return {
            key: tool
            for key, tool in self._tools.items()
            if not isinstance(tool, McpServer) or tool.private_to is None or tool.private_to in profiles
        }

    def _keep_policies(
        self, profiles: dict[str, Profile], builtin: BuiltinProfiles | None
    ) -> dict[str, Policy]:
        """Leave out policies that a profile or workflow brought which had to go; but not what a child inherited."""
        inherited = list_used_policies(profiles.values())
        held: dict[str, dict[str, Profile] | dict[str, Workflow]] = {
            "profiles": profiles,
            "workflows": self._workflows,
        }
        owners = self._policies.owners
        kept = {
            name: policy
            for name, policy in self._policies.policies.items()
            if name not in owners or name in inherited or owners[name][1] in held[owners[name][0]]
        }
        if builtin is not None:
            used = inherited | list_used_policies(builtin.profiles.values())
            copied = self._source.builtins.manifest.policies
            kept |= {name: policy for name, policy in copied.items() if name in used}
        return kept

    def _keep_prompts(
        self, own: dict[str, Prompt], profiles: dict[str, Profile], builtin: BuiltinProfiles | None
    ) -> dict[str, Prompt]:
        """Leave out the own texts of profiles that had to go."""
        used = list_used_prompts(profiles.values())
        kept = self._prompts | {name: prompt for name, prompt in own.items() if name in used}
        if builtin is not None:
            used |= list_used_prompts(builtin.profiles.values())
            copied = self._source.builtins.manifest.prompts
            kept |= {name: prompt for name, prompt in copied.items() if name in used}
        return kept

    def _find_default(self, profiles: dict[str, Profile], builtin: BuiltinProfiles | None) -> str | None:
        name = self._form.default_profile
        if name is None:
            return None
        if name.startswith(BUILTIN_PREFIX):
            if builtin is not None and name.removeprefix(BUILTIN_PREFIX) in builtin.profiles:
                return name
        else:
            found = self._names.profiles.find(name, WORKSPACE_FILE)
            if len(found) == 1 and found[0] in profiles:
                return f"workspace:{found[0]}"
        self.ledger.report(
            "error",
            "reference.unresolved",
            Place(WORKSPACE_FILE, self._source.reading.lines.get(("default_profile",), 0)),
            f"the default profile `{show_name(name)}` is not to be had; the selector `default` means nothing",
            "name a profile by its id",
        )
        return None

    def _choose_grants(self, manifest: Manifest) -> Grants:
        if self._form.grants is not None:
            return make_grants(self._form.grants)
        builtin = manifest.builtin.profiles if manifest.builtin is not None else {}
        asks = [compute_asks(manifest, profile, name=name) for name, profile in manifest.profiles.items()]
        asks += [compute_asks(manifest, profile) for profile in builtin.values()]
        asks += [flow.asks for flow in manifest.workflows.values()]
        grants = compute_implied_grants(
            asks=asks, models=manifest.models, tools=manifest.tools, plugins=manifest.plugins
        )
        self.ledger.report(
            "info",
            "grants.implied",
            Place(WORKSPACE_FILE),
            f"no `[grants]`: the workspace grants what its profiles ask: {describe_grants(grants)}",
            "write `[grants]` in .yoi/workspace.toml to grant less",
        )
        return grants


def _list_hook_homes(contributions: Iterable[Contribution]) -> dict[str, str]:
    """Return the directory for which each file of hooks holds."""
    return {
        policy.path: policy.home
        for file in contributions
        for policy in file.policies
        if policy.home is not None
    }
