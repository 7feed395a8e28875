"""Prompts, skills, models and workflows of the manifest (B-04)."""

import re
from collections.abc import Iterable, Mapping

import msgspec
from msgspec.structs import replace

from yoi_bundle.authoring.assembly.item_ids import compute_file_id
from yoi_bundle.authoring.assembly.ledger import ItemKey, Ledger, Place
from yoi_bundle.authoring.assembly.policies import PolicyBook
from yoi_bundle.authoring.assembly.tool_scope import ToolScope
from yoi_bundle.authoring.assembly.tools import make_origin, mark_features
from yoi_bundle.authoring.drafts.draft import NameWish, PromptDraft, SkillDraft, SourceFile, WorkflowDraft
from yoi_bundle.authoring.drafts.file_diagnostics import show_name
from yoi_bundle.authoring.source.workspace_path import WORKSPACE_FILE
from yoi_bundle.identifiers import ModelName, PathGlob, encode_path, encode_segment
from yoi_bundle.manifest import (
    HostModel,
    Member,
    Model,
    Prompt,
    Skill,
    SkillFile,
    ToolList,
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


class ModelResolver:
    """Models: those of `workspace.toml`, and aliases such as `sonnet` that the host provides (B-10)."""

    def __init__(self, declared: Mapping[str, Model], lines: Mapping[str, int], ledger: Ledger) -> None:
        """Take what `workspace.toml` declares, with the line of each."""
        for name in declared:
            ledger.places[("models", name)] = Place(WORKSPACE_FILE, lines.get(name, 0))
        self.models: dict[str, Model] = {
            name: model for name, model in declared.items() if ("models", name) not in ledger.lost
        }
        self._ledger = ledger

    def resolve(self, wishes: Iterable[NameWish], path: str) -> tuple[str, ...] | None:
        """Return ids in order; None when a model that the workspace declares is left out.

        `inherit` names no model. An unknown name becomes a model that the host provides under it.
        """
        found: dict[str, None] = {}
        for wish in wishes:
            name = encode_segment(wish.written)
            if wish.written.strip() in ("", "inherit"):
                continue
            if ("models", name) in self._ledger.lost:
                return None
            if name not in self.models and not self._add_alias(name, wish, path):
                continue
            found[name] = None
        return tuple(found)

    def _add_alias(self, name: str, wish: NameWish, path: str) -> bool:
        place = Place(path, wish.line)
        try:
            msgspec.convert(wish.written, ModelName)
        except msgspec.ValidationError:
            self._ledger.report(
                "warning",
                "model.unreadable",
                place,
                f"`{show_name(wish.written)}` is not one model's name; the choice is left to the host",
                "write one name, such as `sonnet`",
            )
            return False
        self.models[name] = HostModel(alias=wish.written)
        self._ledger.places[("models", name)] = place
        self._ledger.report(
            "info",
            "model.host_alias",
            place,
            f"`{show_name(wish.written)}` is no model of the workspace; the host has to provide it under this name",
            "declare it as `[models.NAME]` in workspace.toml",
        )
        return True


def assemble_workflows(
    drafts: Mapping[str, WorkflowDraft],
    *,
    scope: ToolScope,
    policies: PolicyBook,
    models: ModelResolver,
    ledger: Ledger,
) -> dict[str, Workflow]:
    """Return workflows by id; one whose restrictions cannot all be kept is left out."""
    workflows: dict[str, Workflow] = {}
    for name, draft in drafts.items():
        key: ItemKey = ("workflows", name)
        place = Place(draft.path, draft.line)
        if not policies.can_be_said(key, draft.unsaid, place):
            continue
        named = policies.resolve(draft.policies, key, draft.path)
        chosen = models.resolve(draft.models, draft.path)
        if named is None or chosen is None:
            if chosen is None:
                ledger.lose(key, "item.depends", place, "a model that it names is left out", "mend the model")
            continue
        file_id = compute_file_id(draft.path)
        tools = None
        if draft.tools is not None:
            resolved = scope.resolve_list(draft.tools, path=draft.path)
            tools = resolved.tools
            if resolved.rules is not None:
                named.append(policies.add_own(f"{file_id}/tools", key, "deny", resolved.rules, draft))
        if draft.rules:
            rules = scope.resolve_rules(draft.rules, path=draft.path)
            named.append(policies.add_own(f"{file_id}/rules", key, draft.rules_default, rules, draft))
        if any(("policies", policy) in ledger.lost for policy in named):
            ledger.lose(
                key, "item.depends", place, "a policy that confines it is left out", "mend the policy"
            )
            continue
        workflows[name] = _make_workflow(draft, key, ledger, named, chosen, tools=tools)
    return workflows


def _make_workflow(
    draft: WorkflowDraft,
    key: ItemKey,
    ledger: Ledger,
    policies: list[str],
    models: tuple[str, ...],
    *,
    tools: ToolList | None,
) -> Workflow:
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
        tools=tools,
        policies={policy: Member() for policy in policies},
        models=models,
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
