"""Reading of a source tree: every file by the reader of its kind (B-14)."""

import fnmatch
import posixpath
from collections.abc import Callable, Iterable

from msgspec import Struct
from msgspec.structs import replace

from yoi_bundle.authoring.dialects.agent_skills import read_skill
from yoi_bundle.authoring.dialects.claude.hooks import read_hook_file
from yoi_bundle.authoring.dialects.claude.markdown import read_claude_agent, read_claude_command
from yoi_bundle.authoring.dialects.claude.permissions import read_claude_settings
from yoi_bundle.authoring.dialects.copilot.markdown import (
    read_copilot_agent,
    read_copilot_instructions,
    read_copilot_prompt,
)
from yoi_bundle.authoring.dialects.mcp.mcp_json import read_mcp_json
from yoi_bundle.authoring.dialects.native.markdown import (
    read_native_profile,
    read_native_prompt,
    read_native_workflow,
)
from yoi_bundle.authoring.dialects.native.policy import read_native_policy
from yoi_bundle.authoring.dialects.native.workspace_items import list_schema_files, read_workspace_tools
from yoi_bundle.authoring.dialects.native.workspace_toml import (
    SourceForm,
    WorkspaceReading,
    read_workspace_toml,
)
from yoi_bundle.authoring.dialects.plain_prompt import read_agent_without_frontmatter, read_plain_prompt
from yoi_bundle.authoring.dialects.plugins.agent_plugins import read_agent_plugin, read_claude_plugin
from yoi_bundle.authoring.drafts.diagnostics import DiagnosticRule, Diagnostics, Place
from yoi_bundle.authoring.drafts.draft import (
    NO_CONTRIBUTION,
    ComponentKind,
    Contribution,
    PluginDraft,
    SourceFile,
)
from yoi_bundle.authoring.drafts.reader import NO_CONTEXT, Reader, ReadingContext
from yoi_bundle.authoring.formats.harmless_keys import plain_key
from yoi_bundle.authoring.source.case_collisions import report_case_collisions
from yoi_bundle.authoring.source.classify import Classified, Kind, classify_files, find_hook_home
from yoi_bundle.authoring.source.tree import GOVERNING_FILES, WORKSPACE_FILE, SourceTree
from yoi_bundle.diagnostics import Diagnostic, Severity
from yoi_bundle.limits import Limits

Progress = Callable[[str, int, int], None]
"""Called with the stage's name, how many are done, and how many there are."""

_PLUGIN_KINDS = (Kind.CLAUDE_PLUGIN, Kind.AGENT_PLUGIN)
_COMPONENT_KINDS: dict[ComponentKind, tuple[str, Kind]] = {
    "agents": (".md", Kind.CLAUDE_AGENT),
    "commands": (".md", Kind.CLAUDE_COMMAND),
    "mcp_servers": (".json", Kind.MCP_SERVERS),
    "hooks": (".json", Kind.HOOKS),
}
_PROGRESS_STEP = 256


class SourceReading(Struct, frozen=True, kw_only=True):
    """What all files say.

    Attributes:
        diagnostics: Of the walk and of all files.
        failed: Files whose reader found errors and nothing else, and those that govern and could not be read.
        failed_plugins: Directories of plugins whose manifest is among them.
    """

    workspace: WorkspaceReading
    contributions: tuple[Contribution, ...]
    diagnostics: tuple[Diagnostic, ...]
    failed: frozenset[str]
    failed_plugins: frozenset[str]


def read_source(
    tree: SourceTree, *, limits: Limits, agents: tuple[str, ...] = (), progress: Progress | None = None
) -> SourceReading:
    """Read every file; one that is at fault hides no other.

    Args:
        tree: The files.
        limits: Of what is read.
        agents: Globs of Markdown that is read as agents, besides those of `[source]`.
        progress: Told about stages.
    """
    by_path = {file.path: file for file in tree.files}
    workspace = read_workspace_toml(by_path.get(WORKSPACE_FILE))
    if _is_left_out(WORKSPACE_FILE, tree):
        workspace = WorkspaceReading(form=None)
    diagnostics = Diagnostics()
    diagnostics.add(*tree.diagnostics, *workspace.diagnostics)
    report_case_collisions(tree, diagnostics)
    sources = workspace.form.source if workspace.form is not None else SourceForm()
    globs = (*sources.agents, *agents)
    classified = classify_files(
        _select(tree.files, sources, diagnostics), is_agent=lambda path: matches_glob(path, globs)
    )
    context = ReadingContext(
        limits=limits,
        skills=_group_skills(classified),
        schemas=list_schema_files(workspace),
        harmless_keys=frozenset(plain_key(key) for key in sources.harmless_keys),
        unguarded_tools=frozenset(sources.unguarded_tools),
    )
    contributions = [read_workspace_tools(workspace, by_path)]
    failed = {path for path in GOVERNING_FILES if _is_left_out(path, tree)}
    failed_plugins: set[str] = set()
    for source in classified:
        if source.kind in _PLUGIN_KINDS:
            contribution = _READERS[source.kind](source.file, context)
            contributions.append(contribution)
            if not contribution.plugins:
                failed_plugins.add(_find_root(source))
    plugins = [plugin for contribution in contributions for plugin in contribution.plugins]
    others = [source for source in classified if source.kind not in _PLUGIN_KINDS]
    others, hook_homes = _apply_components(others, plugins)
    context = replace(context, hook_homes=hook_homes)
    for number, source in enumerate(others):
        if progress is not None and number % _PROGRESS_STEP == 0:
            progress("read", number, len(others))
        contribution = _read_one(source, context)
        contributions.append(contribution)
        if _brings_only_errors(contribution):
            failed.add(source.file.path)
    for contribution in contributions:
        diagnostics.add(*contribution.diagnostics)
    return SourceReading(
        workspace=workspace,
        contributions=tuple(contributions),
        diagnostics=diagnostics.collect(),
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
    files: tuple[SourceFile, ...], sources: SourceForm, diagnostics: Diagnostics
) -> tuple[SourceFile, ...]:
    """Return the files that `[source]` lets in, and report each other."""
    kept: list[SourceFile] = []
    for file in files:
        included = not sources.include or matches_glob(file.path, sources.include)
        if file.path == WORKSPACE_FILE or (included and not matches_glob(file.path, sources.exclude)):
            kept.append(file)
            continue
        message = "excluded by `[source]` in workspace.toml"
        if file.path in GOVERNING_FILES:
            message += ", and what it forbids every profile with it"
            remedy = "include it, or say its rules in .yoi/policies"
            diagnostics.report("warning", "source.excluded", Place(file.path), message, remedy)
        else:
            diagnostics.report("info", "source.excluded", Place(file.path), message, "nothing to do")
    return tuple(kept)


def _is_left_out(path: str, tree: SourceTree) -> bool:
    """Tell whether the walk could not read a file, or a directory that may hold it."""
    return any(path == left_out or path.startswith(f"{left_out}/") for left_out in tree.left_out)


def _find_root(source: Classified) -> str:
    return posixpath.dirname(source.file.path).removesuffix(".claude-plugin").rstrip("/")


def _apply_components(
    classified: list[Classified], plugins: list[PluginDraft]
) -> tuple[list[Classified], dict[str, str]]:
    """Give files their kind that a plugin's manifest names and the table does not know.

    Returns:
        The files, and the directory for which each file of hooks holds.
    """
    places: list[tuple[str, str, Kind, str]] = []
    for plugin in plugins:
        for component in plugin.components:
            if component.kind in _COMPONENT_KINDS:
                suffix, kind = _COMPONENT_KINDS[component.kind]
                place = posixpath.normpath(posixpath.join(plugin.root, component.path))
                places.append((place, suffix, kind, plugin.root))
    applied: list[Classified] = []
    hook_homes: dict[str, str] = {}
    for source in classified:
        kind, home = _apply_places(source, places)
        applied.append(source if kind is source.kind else Classified(file=source.file, kind=kind))
        if kind is Kind.HOOKS:
            hook_homes[source.file.path] = home
    return applied, hook_homes


def _apply_places(source: Classified, places: list[tuple[str, str, Kind, str]]) -> tuple[Kind, str]:
    """Return a file's kind and, of hooks, the directory for which they hold: a plugin's that names it, else by its place."""
    path = source.file.path
    for place, suffix, kind, root in places:
        named = path.endswith(suffix) and (path == place or path.startswith(f"{place}/"))
        unread = source.kind is Kind.LEFT_OUT and source.rule == "kind.unknown"
        if named and (unread or (kind is Kind.HOOKS and source.kind in (Kind.LEFT_OUT, Kind.HOOKS))):
            return kind, root
    return source.kind, find_hook_home(path) or ""


def _group_skills(classified: list[Classified]) -> dict[str, tuple[SourceFile, ...]]:
    skills: dict[str, list[SourceFile]] = {}
    for source in classified:
        if source.kind is Kind.SKILL:
            skills.setdefault(source.skill, []).append(source.file)
    return {directory: tuple(files) for directory, files in skills.items()}


def _read_one(source: Classified, context: ReadingContext) -> Contribution:
    if source.kind is Kind.LEFT_OUT:
        return _leave_out(source.file, source.rule, source.message, source.remedy)
    return _READERS[source.kind](source.file, context)


def _read_nothing(file: SourceFile, context: ReadingContext = NO_CONTEXT) -> Contribution:
    """Bring nothing: `workspace.toml` is read before all other files."""
    return NO_CONTRIBUTION


def _read_native_part(file: SourceFile, context: ReadingContext = NO_CONTEXT) -> Contribution:
    """Bring nothing: the declaration that refers to the file has it; report one that none refers to."""
    if file.path in context.schemas:
        return NO_CONTRIBUTION
    message = "no declaration of workspace.toml refers to it"
    return _leave_out(file, "kind.unknown", message, 'name it: `input_schema = "tools/…"`')


def _leave_out(file: SourceFile, rule: DiagnosticRule, message: str, remedy: str) -> Contribution:
    diagnostics = Diagnostics()
    severity: Severity = "info" if rule == "kind.unknown" else "warning"
    diagnostics.report(severity, rule, Place(file.path), f"left out: {message}", remedy)
    return Contribution(diagnostics=diagnostics.collect())


def _brings_only_errors(contribution: Contribution) -> bool:
    drafts = replace(contribution, diagnostics=())
    return drafts == NO_CONTRIBUTION and any(
        diagnostic.severity == "error" for diagnostic in contribution.diagnostics
    )


_READERS: dict[Kind, Reader] = {
    Kind.WORKSPACE: _read_nothing,
    Kind.NATIVE_PROFILE: read_native_profile,
    Kind.NATIVE_PROMPT: read_native_prompt,
    Kind.NATIVE_WORKFLOW: read_native_workflow,
    Kind.NATIVE_POLICY: read_native_policy,
    Kind.NATIVE_PART: _read_native_part,
    Kind.SKILL: read_skill,
    Kind.CLAUDE_AGENT: read_claude_agent,
    Kind.AGENT_WITHOUT_FRONTMATTER: read_agent_without_frontmatter,
    Kind.CLAUDE_COMMAND: read_claude_command,
    Kind.CLAUDE_SETTINGS: read_claude_settings,
    Kind.CLAUDE_PLUGIN: read_claude_plugin,
    Kind.AGENT_PLUGIN: read_agent_plugin,
    Kind.MCP_SERVERS: read_mcp_json,
    Kind.HOOKS: read_hook_file,
    Kind.COPILOT_AGENT: read_copilot_agent,
    Kind.COPILOT_INSTRUCTIONS: read_copilot_instructions,
    Kind.COPILOT_PROMPT: read_copilot_prompt,
    Kind.AGENT_INSTRUCTIONS: read_plain_prompt,
}
"""The reader of each kind that is read; all have one signature."""
