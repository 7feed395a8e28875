"""`.yoi/prompts/**/*.md` and `.yoi/workflows/**/*.md`: text in our own form, with or without frontmatter."""

from typing import Annotated

from msgspec import Meta, Struct

from yoi_bundle.authoring.dialects.native.ask_form import NO_ASKS_FORM, AsksForm, make_asks
from yoi_bundle.authoring.dialects.native.profile import Name, find_field_line, wish_names
from yoi_bundle.authoring.dialects.native.rules import read_rules, read_tools
from yoi_bundle.authoring.drafts.draft import Contribution, PromptDraft, SourceFile, WorkflowDraft
from yoi_bundle.authoring.formats.form import read_form
from yoi_bundle.authoring.formats.frontmatter import read_frontmatter, split_frontmatter
from yoi_bundle.diagnostics import Diagnostic
from yoi_bundle.limits import DEFAULT_LIMITS, Limits
from yoi_bundle.manifest import Effect
from yoi_bundle.manifest.item import Description, Title


class PromptForm(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    title: Title = ""
    description: Description = ""
    applies_to: tuple[str, ...] = ()


class WorkflowForm(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The frontmatter; with `url` and `digest` the text lives elsewhere, and the file's body must be empty.

    Attributes:
        tools: Confines the workflow to these, of those the profile has; absent confines nothing.
    """

    title: Title = ""
    description: Description = ""
    argument_hint: Annotated[str, Meta(max_length=1024)] = ""
    url: str = ""
    digest: str = ""
    tools: tuple[str, ...] | None = None
    policies: tuple[Name, ...] = ()
    rules: tuple[str, ...] = ()
    rules_default: Effect = "allow"
    models: tuple[Name, ...] = ()
    asks: AsksForm = NO_ASKS_FORM


def read_native_prompt(file: SourceFile, *, limits: Limits = DEFAULT_LIMITS) -> Contribution:
    """Read one prompt."""
    parts = split_frontmatter(file.data)
    reading = read_frontmatter(parts, file=file.path, limits=limits)
    if reading.fields is None:
        return Contribution(diagnostics=reading.diagnostics)
    fields = reading.fields
    form = read_form(
        {name: field.value for name, field in fields.items()},
        PromptForm,
        file=file.path,
        find_line=lambda pointer: find_field_line(fields, pointer),
    )
    if not isinstance(form, PromptForm):
        return Contribution(diagnostics=reading.diagnostics + form)
    draft = PromptDraft(
        path=file.path,
        dialect="yoi",
        body=parts.body,
        title=form.title,
        description=form.description,
        applies_to=form.applies_to,
    )
    return Contribution(prompts=(draft,), diagnostics=reading.diagnostics)


def read_native_workflow(file: SourceFile, *, limits: Limits = DEFAULT_LIMITS) -> Contribution:
    """Read one workflow, by text or by reference."""
    parts = split_frontmatter(file.data)
    reading = read_frontmatter(parts, file=file.path, limits=limits)
    if reading.fields is None:
        return Contribution(diagnostics=reading.diagnostics)
    fields = reading.fields
    form = read_form(
        {name: field.value for name, field in fields.items()},
        WorkflowForm,
        file=file.path,
        find_line=lambda pointer: find_field_line(fields, pointer),
    )
    if not isinstance(form, WorkflowForm):
        return Contribution(diagnostics=reading.diagnostics + form)
    if form.url and parts.body.strip():
        return Contribution(diagnostics=(*reading.diagnostics, _report_two_bodies(file)))
    tools_line = find_field_line(fields, "/tools")
    tools, tool_faults = read_tools(form.tools or (), file=file.path, line=tools_line)
    rules, unsaid, rule_faults = read_rules(
        form.rules, file=file.path, line=find_field_line(fields, "/rules")
    )
    draft = WorkflowDraft(
        path=file.path,
        dialect="yoi",
        body=parts.body,
        title=form.title,
        description=form.description,
        line=1,
        argument_hint=form.argument_hint,
        url=form.url,
        digest=form.digest,
        tools=None if form.tools is None else tools,
        rules=rules,
        rules_default=form.rules_default,
        unsaid=unsaid,
        policies=wish_names(form.policies, fields, "policies"),
        models=wish_names(form.models, fields, "models"),
        asks=make_asks(form.asks),
    )
    return Contribution(workflows=(draft,), diagnostics=(*reading.diagnostics, *tool_faults, *rule_faults))


def _report_two_bodies(file: SourceFile) -> Diagnostic:
    return Diagnostic(
        severity="error",
        rule="workflow.two_bodies",
        file=file.path,
        line=1,
        message="a workflow with `url` has a text of its own below the frontmatter",
        remedy="take out the text, or `url` and `digest`",
    )
