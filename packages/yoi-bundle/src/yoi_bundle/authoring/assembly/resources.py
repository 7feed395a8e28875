"""Prompts, skills and workflows of the manifest (B-04)."""

import re
from collections.abc import Iterable, Mapping

import msgspec
from msgspec.structs import replace

from yoi_bundle.authoring.assembly.confinement import Confinement, Confiner
from yoi_bundle.authoring.assembly.ledger import ItemKey, Ledger
from yoi_bundle.authoring.assembly.tools import make_origin, mark_features
from yoi_bundle.authoring.drafts.diagnostics import Place
from yoi_bundle.authoring.drafts.draft import PromptDraft, SkillDraft, SourceFile, WorkflowDraft
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
    drafts: Mapping[str, WorkflowDraft], confiner: Confiner, ledger: Ledger
) -> dict[str, Workflow]:
    """Return workflows by id; one whose restrictions cannot all be kept is left out."""
    workflows: dict[str, Workflow] = {}
    for name, draft in drafts.items():
        key: ItemKey = ("workflows", name)
        if not confiner.policies.can_be_said(key, draft.unsaid, Place(draft.path, draft.line)):
            continue
        confinement = confiner.confine(key, draft)
        if confinement is not None:
            workflows[name] = _make_workflow(draft, key, confinement, ledger)
    return workflows


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
