"""Every file of a source tree through the reader of its kind (B-14)."""

import fnmatch
import posixpath
from collections.abc import Callable, Iterable

from msgspec import Struct
from msgspec.structs import replace

from yoi_bundle.authoring.dialects.agent_skills import read_skill
from yoi_bundle.authoring.dialects.claude.markdown import read_claude_agent, read_claude_command
from yoi_bundle.authoring.dialects.claude.permissions import read_claude_settings
from yoi_bundle.authoring.dialects.copilot.markdown import (
    read_copilot_agent,
    read_copilot_instructions,
    read_copilot_prompt,
)
from yoi_bundle.authoring.dialects.mcp.mcp_json import read_mcp_json
from yoi_bundle.authoring.dialects.native.policy import read_native_policy
from yoi_bundle.authoring.dialects.native.profile import read_native_profile
from yoi_bundle.authoring.dialects.native.resources import read_native_prompt, read_native_workflow
from yoi_bundle.authoring.dialects.native.workspace_items import list_schema_files, read_workspace_tools
from yoi_bundle.authoring.dialects.native.workspace_toml import (
    SourceForm,
    WorkspaceReading,
    read_workspace_toml,
)
from yoi_bundle.authoring.dialects.plain_prompt import read_agent_without_frontmatter, read_plain_prompt
from yoi_bundle.authoring.dialects.plugins.agent_plugins import read_agent_plugin, read_claude_plugin
from yoi_bundle.authoring.drafts.draft import (
    ComponentKind,
    Contribution,
    PluginDraft,
    SourceFile,
)
from yoi_bundle.authoring.source.case_collisions import find_case_collisions
from yoi_bundle.authoring.source.classify import SKILL_FILE, Classified, Kind, classify_files
from yoi_bundle.authoring.source.walk import SourceTree, show_path
from yoi_bundle.authoring.source.workspace_path import GOVERNING_FILES, WORKSPACE_FILE
from yoi_bundle.diagnostics import Diagnostic, Severity
from yoi_bundle.limits import Limits

Progress = Callable[[str, int, int], None]
"""Called with the stage's name, how many are done, and how many there are."""

_READERS: dict[Kind, Callable[..., Contribution]] = {
    Kind.NATIVE_PROFILE: read_native_profile,
    Kind.NATIVE_PROMPT: read_native_prompt,
    Kind.NATIVE_WORKFLOW: read_native_workflow,
    Kind.NATIVE_POLICY: read_native_policy,
    Kind.CLAUDE_AGENT: read_claude_agent,
    Kind.CLAUDE_COMMAND: read_claude_command,
    Kind.CLAUDE_SETTINGS: read_claude_settings,
    Kind.CLAUDE_PLUGIN: read_claude_plugin,
    Kind.AGENT_PLUGIN: read_agent_plugin,
    Kind.MCP_SERVERS: read_mcp_json,
    Kind.COPILOT_AGENT: read_copilot_agent,
    Kind.COPILOT_INSTRUCTIONS: read_copilot_instructions,
    Kind.COPILOT_PROMPT: read_copilot_prompt,
}
_PLUGIN_KINDS = (Kind.CLAUDE_PLUGIN, Kind.AGENT_PLUGIN)
_COMPONENT_KINDS: dict[ComponentKind, tuple[str, Kind]] = {
    "agents": (".md", Kind.CLAUDE_AGENT),
    "commands": (".md", Kind.CLAUDE_COMMAND),
    "mcp_servers": (".json", Kind.MCP_SERVERS),
}
_PROGRESS_STEP = 256


class SourceReading(Struct, frozen=True, kw_only=True):
    """What all files say.

    Attributes:
        diagnostics: Of reading, sorted by nothing; contributions keep none of their own.
        failed: Files whose reader found errors and nothing else, and those that govern and could not be read.
        failed_plugins: Directories of plugins whose manifest is among them.
    """

    workspace: WorkspaceReading
    contributions: tuple[Contribution, ...]
    diagnostics: tuple[Diagnostic, ...]
    failed: frozenset[str]
    failed_plugins: frozenset[str]


def read_source(tree: SourceTree, *, limits: Limits, progress: Progress | None = None) -> SourceReading:
    """Read every file; one that is at fault hides no other."""
    by_path = {file.path: file for file in tree.files}
    workspace = read_workspace_toml(by_path.get(WORKSPACE_FILE))
    if _is_left_out(WORKSPACE_FILE, tree):
        workspace = WorkspaceReading(form=None)
    sources = workspace.form.source if workspace.form is not None else SourceForm()
    diagnostics = [*tree.diagnostics, *workspace.diagnostics, *find_case_collisions(tree)]
    files, excluded = _select(tree.files, sources)
    diagnostics.extend(excluded)
    tools = read_workspace_tools(workspace, by_path)
    contributions = [tools]
    failed = {path for path in GOVERNING_FILES if _is_left_out(path, tree)}
    failed_plugins: set[str] = set()
    classified = classify_files(files)
    plugins = [one for one in classified if one.kind in _PLUGIN_KINDS]
    others = [one for one in classified if one.kind not in _PLUGIN_KINDS]
    for one in plugins:
        contribution = _READERS[one.kind](one.file, limits=limits)
        contributions.append(contribution)
        if not contribution.plugins:
            failed_plugins.add(_find_root(one))
    declared = [plugin for contribution in contributions for plugin in contribution.plugins]
    others = _apply_components(others, declared)
    schemas = list_schema_files(workspace)
    skills = _group_skills(others)
    for number, one in enumerate(others):
        if progress is not None and number % _PROGRESS_STEP == 0:
            progress("read", number, len(others))
        contribution = _read_one(one, skills, schemas, limits)
        contributions.append(contribution)
        if not _brings_anything(contribution) and any(
            remark.severity == "error" for remark in contribution.diagnostics
        ):
            failed.add(one.file.path)
    for contribution in contributions:
        diagnostics.extend(contribution.diagnostics)
    return SourceReading(
        workspace=workspace,
        contributions=tuple(contributions),
        diagnostics=tuple(diagnostics),
        failed=frozenset(failed),
        failed_plugins=frozenset(failed_plugins),
    )


def matches_glob(path: str, globs: Iterable[str]) -> bool:
    """Tell whether a path fits one of the globs of `[source]`; a glob of a directory takes in all below it."""
    return any(
        fnmatch.fnmatchcase(path, glob) or fnmatch.fnmatchcase(path, f"{glob.rstrip('/')}/*")
        for glob in globs
    )


def _select(
    files: tuple[SourceFile, ...], sources: SourceForm
) -> tuple[tuple[SourceFile, ...], list[Diagnostic]]:
    """Return the files that `[source]` lets in, and a line for each other."""
    kept: list[SourceFile] = []
    remarks: list[Diagnostic] = []
    for file in files:
        included = not sources.include or matches_glob(file.path, sources.include)
        if file.path == WORKSPACE_FILE or (included and not matches_glob(file.path, sources.exclude)):
            kept.append(file)
        else:
            governs = file.path in GOVERNING_FILES
            remarks.append(
                Diagnostic(
                    severity="warning" if governs else "info",
                    rule="source.excluded",
                    file=show_path(file.path),
                    message="excluded by `[source]` in workspace.toml"
                    + (", and what it forbids every profile with it" if governs else ""),
                    remedy="include it, or say its rules in .yoi/policies" if governs else "nothing to do",
                )
            )
    return tuple(kept), remarks


def _is_left_out(path: str, tree: SourceTree) -> bool:
    """Tell whether the walk could not read a file, or a directory that may hold it."""
    return any(path == left_out or path.startswith(f"{left_out}/") for left_out in tree.left_out)


def _find_root(one: Classified) -> str:
    directory = posixpath.dirname(one.file.path)
    return posixpath.dirname(directory) if one.kind is Kind.CLAUDE_PLUGIN else directory


def _apply_components(classified: list[Classified], plugins: list[PluginDraft]) -> list[Classified]:
    """Give files their kind that a plugin's manifest names and the table does not know."""
    places: list[tuple[str, str, Kind]] = []
    for plugin in plugins:
        for component in plugin.components:
            if component.kind in _COMPONENT_KINDS:
                suffix, kind = _COMPONENT_KINDS[component.kind]
                places.append((posixpath.normpath(posixpath.join(plugin.root, component.path)), suffix, kind))
    return [_apply_places(one, places) for one in classified] if places else classified


def _apply_places(one: Classified, places: list[tuple[str, str, Kind]]) -> Classified:
    if one.rule != "kind.unknown":
        return one
    path = one.file.path
    for place, suffix, kind in places:
        if path.endswith(suffix) and (path == place or path.startswith(f"{place}/")):
            return Classified(file=one.file, kind=kind)
    return one


def _group_skills(classified: list[Classified]) -> dict[str, list[SourceFile]]:
    skills: dict[str, list[SourceFile]] = {}
    for one in classified:
        if one.kind is Kind.SKILL:
            skills.setdefault(one.skill, []).append(one.file)
    return skills


def _read_one(
    one: Classified, skills: dict[str, list[SourceFile]], schemas: frozenset[str], limits: Limits
) -> Contribution:
    match one.kind:
        case Kind.LEFT_OUT:
            return Contribution(diagnostics=(_leave_out(one),))
        case Kind.WORKSPACE:
            return Contribution()
        case Kind.NATIVE_PART:
            unknown = replace(
                one,
                rule="kind.unknown",
                message="no declaration of workspace.toml refers to it",
                remedy='name it: `input_schema = "tools/…"`',
            )
            return (
                Contribution()
                if one.file.path in schemas
                else Contribution(diagnostics=(_leave_out(unknown),))
            )
        case Kind.SKILL:
            if posixpath.basename(one.file.path) != SKILL_FILE:
                return Contribution()
            return read_skill(one.file, tuple(skills[one.skill]), limits=limits)
        case Kind.AGENT_INSTRUCTIONS:
            return read_plain_prompt(one.file)
        case Kind.AGENT_WITHOUT_FRONTMATTER:
            return read_agent_without_frontmatter(one.file)
        case _:
            return _READERS[one.kind](one.file, limits=limits)


def _brings_anything(one: Contribution) -> bool:
    return any(
        (one.profiles, one.workflows, one.skills, one.prompts, one.policies, one.servers, one.http_tools)
    )


def _leave_out(one: Classified) -> Diagnostic:
    severity: Severity = "info" if one.rule == "kind.unknown" else "warning"
    return Diagnostic(
        severity=severity,
        rule=one.rule,
        file=show_path(one.file.path),
        message=f"left out: {one.message}",
        remedy=one.remedy,
    )
