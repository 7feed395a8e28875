"""Profiles, prompts and workflows in our own form: `.yoi/{profiles,prompts,workflows}/**/*.md` (B-14).

With a fault in the form of its frontmatter a file brings nothing; a rule or tool that cannot be read is left out alone.
"""

from typing import Annotated, Any, Literal, TypeVar

from msgspec import Meta, Struct

from yoi_bundle.authoring.dialects.native.ask_form import NO_ASKS_FORM, AsksForm, make_asks
from yoi_bundle.authoring.dialects.native.rules import read_rules, read_tools
from yoi_bundle.authoring.drafts.draft import (
    Contribution,
    NameReference,
    ProfileDraft,
    PromptDraft,
    RuleDraft,
    ToolReference,
    UnsaidRule,
    WorkflowDraft,
)
from yoi_bundle.authoring.formats.form import read_form
from yoi_bundle.authoring.formats.markdown import Markdown, reads_markdown
from yoi_bundle.identifiers import LanguageTag
from yoi_bundle.manifest import Effect
from yoi_bundle.manifest.item import Description, Title

Name = Annotated[str, Meta(min_length=1, max_length=1200)]
Form = TypeVar("Form")


class ProfileForm(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The frontmatter. Names of other items are ids or the last part of one; see `scope`.

    Attributes:
        extends: A profile of this workspace, or `builtin:NAME`.
        tools: `all`, or a list of tools with or without arguments.
        rules: Rules of its own beside `policies`; calls that none matches get `rules_default`.
    """

    title: Title = ""
    description: Description = ""
    extends: Name | None = None
    prompts: tuple[Name, ...] = ()
    models: tuple[Name, ...] = ()
    model_required: bool | None = None
    tools: tuple[str, ...] | Literal["all"] = "all"
    policies: tuple[Name, ...] = ()
    rules: tuple[str, ...] = ()
    rules_default: Effect = "allow"
    skills: tuple[Name, ...] = ()
    workflows: tuple[Name, ...] = ()
    plugins: tuple[Name, ...] = ()
    asks: AsksForm = NO_ASKS_FORM
    language: LanguageTag | None = None


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


@reads_markdown
def read_native_profile(file: Markdown) -> Contribution | None:
    """Read one profile."""
    form = _read_form(file, ProfileForm)
    if form is None:
        return None
    rules, unsaid = _read_rules(file, form.rules)
    draft = ProfileDraft(
        path=file.path,
        dialect="yoi",
        body=file.body,
        title=form.title,
        description=form.description,
        line=1,
        extends=None if form.extends is None else _refer(file, "extends", (form.extends,))[0],
        prompts=_refer(file, "prompts", form.prompts),
        models=_refer(file, "models", form.models),
        model_required=form.model_required,
        tools=None if form.tools == "all" else _read_tools(file, form.tools),
        rules=rules,
        rules_default=form.rules_default,
        unsaid=unsaid,
        policies=_refer(file, "policies", form.policies),
        skills=_refer(file, "skills", form.skills),
        workflows=_refer(file, "workflows", form.workflows),
        plugins=_refer(file, "plugins", form.plugins),
        asks=make_asks(form.asks),
        language=form.language,
        mentions=frozenset(file.fields.values) | _list_asks(file.fields.values),
    )
    return Contribution(profiles=(draft,))


@reads_markdown
def read_native_prompt(file: Markdown) -> Contribution | None:
    """Read one prompt."""
    form = _read_form(file, PromptForm)
    if form is None:
        return None
    draft = PromptDraft(
        path=file.path,
        dialect="yoi",
        body=file.body,
        title=form.title,
        description=form.description,
        applies_to=form.applies_to,
    )
    return Contribution(prompts=(draft,))


@reads_markdown
def read_native_workflow(file: Markdown) -> Contribution | None:
    """Read one workflow, by text or by reference."""
    form = _read_form(file, WorkflowForm)
    if form is None:
        return None
    if form.url and file.body.strip():
        message = "a workflow with `url` has a text of its own below the frontmatter"
        file.diagnostics.error("workflow.two_bodies", 1, message, "take out the text, or `url` and `digest`")
        return None
    rules, unsaid = _read_rules(file, form.rules)
    draft = WorkflowDraft(
        path=file.path,
        dialect="yoi",
        body=file.body,
        title=form.title,
        description=form.description,
        line=1,
        argument_hint=form.argument_hint,
        url=form.url,
        digest=form.digest,
        tools=None if form.tools is None else _read_tools(file, form.tools),
        rules=rules,
        rules_default=form.rules_default,
        unsaid=unsaid,
        policies=_refer(file, "policies", form.policies),
        models=_refer(file, "models", form.models),
        asks=make_asks(form.asks),
    )
    return Contribution(workflows=(draft,))


def _read_form(file: Markdown, expected: type[Form]) -> Form | None:
    return read_form(
        file.fields.values,
        expected,
        file.diagnostics,
        find_line=lambda pointer: _get_line(
            file, pointer.split("/")[1].replace("~1", "/").replace("~0", "~")
        ),
    )


def _get_line(file: Markdown, key: str) -> int:
    """Return the line of a top-level key; 0 when the file has none such."""
    return file.fields.get_line(key) if key in file.fields.values else 0


def _refer(file: Markdown, key: str, names: tuple[str, ...]) -> tuple[NameReference, ...]:
    line = _get_line(file, key)
    return tuple(NameReference(written=name, line=line) for name in names)


def _read_tools(file: Markdown, entries: tuple[str, ...]) -> tuple[ToolReference, ...]:
    return read_tools(entries, file.diagnostics, line=_get_line(file, "tools"))


def _read_rules(
    file: Markdown, entries: tuple[str, ...]
) -> tuple[tuple[RuleDraft, ...], tuple[UnsaidRule, ...]]:
    return read_rules(entries, file.diagnostics, line=_get_line(file, "rules"))


def _list_asks(values: dict[str, Any]) -> frozenset[str]:
    """Return `asks.KIND` for each kind of ask that the file mentions."""
    asks = values.get("asks")
    return frozenset(f"asks.{kind}" for kind in asks) if isinstance(asks, dict) else frozenset()
