"""Agent Skills: a directory with a `SKILL.md` (agentskills.io specification of 2026, and Claude Code's extra keys) (B-14).

The file travels as it is, frontmatter and all, so what is left out here is still there for the model to read.
"""

import posixpath
import re

from yoi_bundle.authoring.dialects.claude.hooks import read_hooks
from yoi_bundle.authoring.dialects.claude.vocabulary import PROGRAM_AGENTS
from yoi_bundle.authoring.drafts.diagnostics import FileDiagnostics, show_name
from yoi_bundle.authoring.drafts.draft import NO_CONTRIBUTION, Contribution, SkillDraft, SourceFile
from yoi_bundle.authoring.drafts.reader import NO_CONTEXT, ReadingContext
from yoi_bundle.authoring.formats.field_reader import FieldReader
from yoi_bundle.authoring.formats.harmless_keys import SKILL_KEYS, plain_key
from yoi_bundle.authoring.formats.markdown import Markdown, reads_markdown
from yoi_bundle.authoring.source.tree import SKILL_FILE

_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_MAX_NAME_CHARACTERS = 64
_MAX_DESCRIPTION_CHARACTERS = 1024
_MAX_LICENSE_CHARACTERS = 1024

_IN_THE_FILE = "the model reads it in the file"
_REASONS = {
    "context": "a skill is loaded into the Worker that asks",
    "metadata": _IN_THE_FILE,
    "compatibility": _IN_THE_FILE,
    "when_to_use": _IN_THE_FILE,
    "disable-model-invocation": "profiles list the skills that a Worker may load",
    "user-invocable": "profiles list the skills that a Worker may load",
}


def read_skill(file: SourceFile, context: ReadingContext = NO_CONTEXT) -> Contribution:
    """Read the skill of a `SKILL.md`; the other files of its directory come with it."""
    return _read_skill_file(file, context) if posixpath.basename(file.path) == SKILL_FILE else NO_CONTRIBUTION


@reads_markdown
def _read_skill_file(skill: Markdown) -> Contribution | None:
    fields = skill.fields
    name = _read_name(fields, skill.path, skill.diagnostics)
    description = _read_description(fields, skill.diagnostics)
    license_text = fields.get_text("license")[:_MAX_LICENSE_CHARACTERS]
    _report_tool_keys(fields, skill.diagnostics)
    _report_hooks(skill)
    _report_agent(skill)
    fields.report_rest(SKILL_KEYS, _REASONS)
    if skill.diagnostics.has_fatal():
        return None
    draft = SkillDraft(
        path=skill.path,
        dialect="agent-skills",
        files=skill.context.skills[posixpath.dirname(skill.path)],
        title=name,
        description=description,
        license=license_text,
    )
    return Contribution(skills=(draft,))


def _read_name(fields: FieldReader, path: str, diagnostics: FileDiagnostics) -> str:
    name, line = fields.get_text("name"), fields.get_line("name")
    directory = posixpath.basename(posixpath.dirname(path))
    if not name:
        diagnostics.warn(
            "skill.bad_name", line, "a skill without a name", "add `name: ` and its directory's name"
        )
    elif not _NAME.fullmatch(name) or len(name) > _MAX_NAME_CHARACTERS:
        message = f"the name `{show_name(name)}` is not of the specification's grammar"
        diagnostics.warn(
            "skill.bad_name", line, message, "write small letters, digits and single hyphens, at most 64"
        )
    elif directory and name != directory:
        message = f"the name `{show_name(name)}` is not that of its directory"
        diagnostics.warn("skill.name_differs", line, message, "give the directory the skill's name")
    return name


def _read_description(fields: FieldReader, diagnostics: FileDiagnostics) -> str:
    description, line = fields.get_text("description"), fields.get_line("description")
    if not description:
        message = "a skill without a description: a model could not tell when to load it"
        diagnostics.error("skill.no_description", line, message, "add `description: ` with when to use it")
    elif len(description) > _MAX_DESCRIPTION_CHARACTERS:
        message = f"the description is longer than {_MAX_DESCRIPTION_CHARACTERS} characters"
        diagnostics.warn("skill.long_description", line, message, "shorten it")
    return description


def _report_hooks(skill: Markdown) -> None:
    """A skill has no rules: one whose hooks guard a tool would leave it unguarded."""
    field = skill.fields.take("hooks")
    if field is None:
        return
    guards = read_hooks(
        field.value, lambda _: field.line, skill.diagnostics, unguarded=skill.context.unguarded_tools
    )
    if guards:
        message = "its hooks guard tools while the skill is in use, which cannot be said"
        remedy = "deny the tools in the profile's policy, and name them in `unguarded_tools` of `[source]` in workspace.toml"
        skill.diagnostics.error("skill.restriction_unsaid", field.line, message, remedy)


def _report_agent(skill: Markdown) -> None:
    """A skill has no confinement of its own: what the agent may not do, the Worker may that loads the skill."""
    name, line = skill.fields.get_text("agent"), skill.fields.get_line("agent")
    withholds_nothing = PROGRAM_AGENTS.get(plain_key(name)) == ()
    if not name or withholds_nothing or "agent" in skill.context.harmless_keys:
        return
    message = f"`agent` is left out: the skill is loaded into the Worker that asks, and confined as that is, not as `{show_name(name)}`"
    skill.diagnostics.warn(
        "skill.agent_left_out", line, message, "let only profiles of that confinement list the skill"
    )


def _report_tool_keys(fields: FieldReader, diagnostics: FileDiagnostics) -> None:
    allowed = fields.take("allowed-tools")
    if allowed is not None:
        message = "`allowed-tools` lets tools pass unasked and restricts nothing; it is left out"
        diagnostics.note(
            "skill.preapproval_left_out", allowed.line, message, "write allow rules for what may pass"
        )
    denied = fields.take("disallowed-tools")
    if denied is not None and denied.value not in (None, "", []):
        message = "`disallowed-tools` restricts while the skill is in use, which cannot be said"
        diagnostics.error(
            "skill.restriction_unsaid", denied.line, message, "deny the tools in the profile's policy"
        )
