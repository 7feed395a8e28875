"""Prompts, skills and workflows of the manifest (B-04)."""

import re
from collections.abc import Iterable, Mapping

import msgspec
from msgspec.structs import replace

from yoi_bundle.authoring.assembly.confinement import Confinement, Confiner
from yoi_bundle.authoring.assembly.identify import IdentifiedDrafts, compute_file_id
from yoi_bundle.authoring.assembly.ledger import ItemKey, Ledger
from yoi_bundle.authoring.assembly.names import Names
from yoi_bundle.authoring.assembly.tools import make_origin, mark_features
from yoi_bundle.authoring.dialects.claude.vocabulary import PROGRAM_AGENTS
from yoi_bundle.authoring.drafts.diagnostics import Place, show_name
from yoi_bundle.authoring.drafts.draft import (
    NameReference,
    ProfileDraft,
    PromptDraft,
    RuleDraft,
    SkillDraft,
    SourceFile,
    ToolReference,
    WorkflowDraft,
)
from yoi_bundle.authoring.formats.harmless_keys import plain_key
from yoi_bundle.identifiers import PathGlob, encode_path
from yoi_bundle.manifest import (
    Member,
    Prompt,
    Skill,
    SkillFile,
    Workflow,
    WorkflowReference,
    WorkflowText,
)
from yoi_bundle.media_types import MediaType


def assemble_prompts(drafts: Mapping[str, PromptDraft], ledger: Ledger) -> dict[str, Prompt]:
    """Return prompts that are files of their own, by id."""
    prompts: dict[str, Prompt] = {}
    for name, draft in drafts.items():
        globs = _keep_globs(draft, ledger)
        if draft.applies_to and not globs:
            ledger.lose(
                ("prompts", name),
                "prompt.unsaid_condition",
                Place(draft.path),
                "none of the globs that the prompt is confined to can be said",
                "write globs in ASCII, without spaces and quotes",
            )
            continue
        prompts[name] = make_prompt(draft, name, globs, ledger)
    return prompts


def make_prompt(draft: PromptDraft, name: str, globs: Iterable[str], ledger: Ledger) -> Prompt:
    """Return one prompt with its text among the blobs."""
    key: ItemKey = ("prompts", name)
    place = Place(draft.path, ledger.find_body_line(draft.path, draft.body))
    ledger.places.setdefault(key, place)
    item = Prompt(
        title=draft.title,
        description=draft.description,
        origin=make_origin(draft.path, draft.dialect),
        content=ledger.add_blob(draft.body, "text/markdown", key, place),
        applies_to={glob: Member() for glob in globs},
    )
    return replace(item, features=mark_features(item))


def assemble_skills(drafts: Mapping[str, SkillDraft], ledger: Ledger) -> dict[str, Skill]:
    """Return skills by id, with every file of their directories."""
    skills: dict[str, Skill] = {}
    for name, draft in drafts.items():
        prefix = draft.path.removesuffix("SKILL.md")
        skills[name] = Skill(
            title=draft.title,
            description=draft.description,
            license=draft.license,
            origin=make_origin(draft.path, draft.dialect),
            files={
                encode_path(file.path.removeprefix(prefix)): SkillFile(
                    content=ledger.add_blob(
                        file.data, choose_media_type(file), ("skills", name), Place(file.path, 1)
                    ),
                    executable=file.executable,
                )
                for file in draft.files
            },
        )
    return skills


def choose_media_type(file: SourceFile) -> MediaType:
    """Return what a skill's file is; JSON in it is text, since no one reads it as configuration."""
    try:
        file.data.decode("utf-8")
    except UnicodeDecodeError:
        return "application/octet-stream"
    if b"\0" in file.data:
        return "application/octet-stream"
    return "text/markdown" if file.path.endswith(".md") else "text/plain"


def assemble_workflows(
    drafts: IdentifiedDrafts, names: Names, confiner: Confiner, ledger: Ledger
) -> dict[str, Workflow]:
    """Return workflows by id; one whose restrictions cannot all be kept is left out."""
    workflows: dict[str, Workflow] = {}
    for name, draft in drafts.workflows.items():
        key: ItemKey = ("workflows", name)
        if not confiner.policies.can_be_said(key, draft.unsaid, Place(draft.path, draft.line)):
            continue
        confinement = confiner.confine(key, draft)
        if confinement is not None and draft.agent is not None:
            found = names.profiles.find(draft.agent.written, draft.path)
            agents = tuple(drafts.profiles[name] for name in found)
            agent = _choose_agent(key, draft, draft.agent, agents, ledger)
            confinement = None if agent is None else _confine_as(key, draft, agent, confinement, confiner)
        if confinement is not None:
            workflows[name] = _make_workflow(draft, key, confinement, ledger)
    return workflows


def _choose_agent(
    key: ItemKey,
    draft: WorkflowDraft,
    agent: NameReference,
    found: tuple[ProfileDraft, ...],
    ledger: Ledger,
) -> ProfileDraft | None:
    """Return the agent that another program runs a workflow in; None, with an error, when what it may use is unknown."""
    shown = show_name(agent.written)
    place = Place(draft.path, agent.line)
    denied = PROGRAM_AGENTS.get(plain_key(agent.written))
    profile = found[0] if len(found) == 1 else None
    if not found and denied is not None:
        rules = tuple(
            RuleDraft(effect=effect, tool=ToolReference(written=shown, line=agent.line, pattern=tool))
            for effect, tool in denied
        )
        profile = ProfileDraft(path=draft.path, dialect=draft.dialect, body=b"", rules=rules)
    why = "is not to be had" if profile is None else ""
    if profile is not None and profile.extends is not None:
        why = "inherits what it may use"
    elif profile is not None and any(rule.effect != "allow" for rule in profile.unsaid):
        why = "has restrictions that cannot be said"
    if profile is None or why:
        message = (
            f"the agent `{shown}` that it runs in {why}, so it is left out: with less it would allow more"
        )
        remedy = "name an agent of the workspace, or list `agent` in `harmless_keys` of `[source]` in workspace.toml"
        ledger.lose(key, "reference.unresolved", place, message, remedy)
        return None
    message = f"runs in the Worker that was asked, confined to what the agent `{shown}` may use"
    ledger.report("info", "workflow.agent_confines", place, message, "nothing to do")
    return profile


def _confine_as(
    key: ItemKey, draft: WorkflowDraft, agent: ProfileDraft, own: Confinement, confiner: Confiner
) -> Confinement | None:
    """Return a workflow's confinement with its agent's; tools of its own are instead of the agent's, as in its program."""
    stem = f"{compute_file_id(draft.path)}/agent"
    tools = None if draft.tools is not None else agent.tools
    more = confiner.confine(key, replace(agent, models=(), tools=tools), stem=stem)
    if more is None:
        return None
    policies = tuple(dict.fromkeys((*own.policies, *more.policies)))
    return replace(own, tools=own.tools if draft.tools is not None else more.tools, policies=policies)


def _make_workflow(draft: WorkflowDraft, key: ItemKey, confinement: Confinement, ledger: Ledger) -> Workflow:
    body: WorkflowText | WorkflowReference
    if draft.url:
        body = WorkflowReference(url=draft.url, digest=draft.digest)
    else:
        place = Place(draft.path, ledger.find_body_line(draft.path, draft.body))
        body = WorkflowText(content=ledger.add_blob(draft.body, "text/markdown", key, place))
    item = Workflow(
        title=draft.title,
        description=draft.description,
        origin=make_origin(draft.path, draft.dialect),
        body=body,
        argument_hint=draft.argument_hint,
        tools=confinement.tools,
        policies={policy: Member() for policy in confinement.policies},
        models=confinement.models,
        asks=draft.asks,
    )
    return replace(item, features=mark_features(item))


def _keep_globs(draft: PromptDraft, ledger: Ledger) -> list[str]:
    kept: list[str] = []
    for glob in draft.applies_to:
        try:
            kept.append(msgspec.convert(re.sub(r"^\./", "", glob), PathGlob))
        except msgspec.ValidationError:
            ledger.report(
                "warning",
                "prompt.unsaid_glob",
                Place(draft.path),
                "a glob that cannot be said is left out; the prompt is for fewer files than written",
                "write globs in ASCII, without spaces and quotes",
            )
    return kept
