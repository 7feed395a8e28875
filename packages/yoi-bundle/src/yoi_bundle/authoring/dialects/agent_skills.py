"""Agent Skills: a directory with a `SKILL.md` (agentskills.io specification of 2026, and Claude Code's extra keys) (B-14).

The file travels as it is, frontmatter and all, so what is left out here is still there for the model to read.
"""

import posixpath
import re

from yoi_bundle.authoring.drafts.draft import Contribution, SkillDraft, SourceFile
from yoi_bundle.authoring.drafts.file_diagnostics import Remarks, show_name
from yoi_bundle.authoring.formats.field_reader import FieldReader
from yoi_bundle.authoring.formats.frontmatter import read_frontmatter, split_frontmatter
from yoi_bundle.limits import DEFAULT_LIMITS, Limits

_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_MAX_NAME_CHARACTERS = 64
_MAX_DESCRIPTION_CHARACTERS = 1024
_MAX_LICENSE_CHARACTERS = 1024

_IN_THE_FILE = "the model reads it in the file"
_REASONS = {
    "hooks": "hooks run commands on the host",
    "context": "a skill is loaded into the Worker that asks",
    "agent": "a skill is loaded into the Worker that asks",
    "metadata": _IN_THE_FILE,
    "compatibility": _IN_THE_FILE,
    "when_to_use": _IN_THE_FILE,
    "disable-model-invocation": "profiles list the skills that a Worker may load",
    "user-invocable": "profiles list the skills that a Worker may load",
}


def read_skill(
    skill: SourceFile, files: tuple[SourceFile, ...], *, limits: Limits = DEFAULT_LIMITS
) -> Contribution:
    """Read one skill.

    Args:
        skill: Its `SKILL.md`.
        files: All files of its directory, `skill` among them.
        limits: HttpLimits on the frontmatter.
    """
    remarks = Remarks(skill.path)
    reading = read_frontmatter(split_frontmatter(skill.data), file=skill.path, limits=limits)
    remarks.extend(reading.diagnostics)
    if reading.fields is None:
        return Contribution(diagnostics=remarks.collect())
    fields = FieldReader(reading.fields, remarks)
    name = _read_name(fields, skill.path, remarks)
    description = _read_description(fields, remarks)
    license_text = fields.get_text("license")[:_MAX_LICENSE_CHARACTERS]
    _report_tool_keys(fields, remarks)
    fields.report_rest(_REASONS)
    if remarks.failed:
        return Contribution(diagnostics=remarks.collect())
    draft = SkillDraft(
        path=skill.path,
        dialect="agent-skills",
        files=files,
        title=name,
        description=description,
        license=license_text,
    )
    return Contribution(skills=(draft,), diagnostics=remarks.collect())


def _read_name(fields: FieldReader, path: str, remarks: Remarks) -> str:
    name, line = fields.get_text("name"), fields.get_line("name")
    directory = posixpath.basename(posixpath.dirname(path))
    if not name:
        remarks.warn(
            "skill.bad_name", line, "a skill without a name", "add `name: ` and its directory's name"
        )
    elif not _NAME.fullmatch(name) or len(name) > _MAX_NAME_CHARACTERS:
        message = f"the name `{show_name(name)}` is not of the specification's grammar"
        remarks.warn(
            "skill.bad_name", line, message, "write small letters, digits and single hyphens, at most 64"
        )
    elif directory and name != directory:
        message = f"the name `{show_name(name)}` is not that of its directory"
        remarks.warn("skill.name_differs", line, message, "give the directory the skill's name")
    return name


def _read_description(fields: FieldReader, remarks: Remarks) -> str:
    description, line = fields.get_text("description"), fields.get_line("description")
    if not description:
        message = "a skill without a description: a model could not tell when to load it"
        remarks.error("skill.no_description", line, message, "add `description: ` with when to use it")
    elif len(description) > _MAX_DESCRIPTION_CHARACTERS:
        message = f"the description is longer than {_MAX_DESCRIPTION_CHARACTERS} characters"
        remarks.warn("skill.long_description", line, message, "shorten it")
    return description


def _report_tool_keys(fields: FieldReader, remarks: Remarks) -> None:
    allowed = fields.take("allowed-tools")
    if allowed is not None:
        message = "`allowed-tools` lets tools pass unasked and restricts nothing; it is left out"
        remarks.note(
            "skill.preapproval_left_out", allowed.line, message, "write allow rules for what may pass"
        )
    denied = fields.take("disallowed-tools")
    if denied is not None and denied.value not in (None, "", []):
        message = "`disallowed-tools` restricts while the skill is in use, which cannot be said"
        remarks.error(
            "skill.restriction_unsaid", denied.line, message, "deny the tools in the profile's policy"
        )
