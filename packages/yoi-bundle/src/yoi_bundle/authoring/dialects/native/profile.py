"""`.yoi/profiles/**/*.md`: profiles in our own form, Markdown with YAML frontmatter."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from yoi_bundle.authoring.dialects.native.ask_form import NO_ASKS_FORM, AsksForm, make_asks
from yoi_bundle.authoring.dialects.native.rules import read_rules, read_tools
from yoi_bundle.authoring.drafts.draft import Contribution, NameWish, ProfileDraft, SourceFile
from yoi_bundle.authoring.formats.form import read_form
from yoi_bundle.authoring.formats.frontmatter import FrontmatterField, read_frontmatter, split_frontmatter
from yoi_bundle.identifiers import LanguageTag
from yoi_bundle.limits import DEFAULT_LIMITS, Limits
from yoi_bundle.manifest import Effect
from yoi_bundle.manifest.item import Description, Title

Name = Annotated[str, Meta(min_length=1, max_length=1200)]


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


def read_native_profile(file: SourceFile, *, limits: Limits = DEFAULT_LIMITS) -> Contribution:
    """Read one profile; with any fault in its frontmatter there is no profile, only diagnostics."""
    parts = split_frontmatter(file.data)
    reading = read_frontmatter(parts, file=file.path, limits=limits)
    if reading.fields is None:
        return Contribution(diagnostics=reading.diagnostics)
    fields = reading.fields
    form = read_form(
        {name: field.value for name, field in fields.items()},
        ProfileForm,
        file=file.path,
        find_line=lambda pointer: find_field_line(fields, pointer),
    )
    if not isinstance(form, ProfileForm):
        return Contribution(diagnostics=reading.diagnostics + form)

    def wish(names: tuple[str, ...], field: str) -> tuple[NameWish, ...]:
        return wish_names(names, fields, field)

    tools_line = find_field_line(fields, "/tools")
    tools, tool_faults = read_tools(
        () if form.tools == "all" else form.tools, file=file.path, line=tools_line
    )
    rules, unsaid, rule_faults = read_rules(
        form.rules, file=file.path, line=find_field_line(fields, "/rules")
    )
    draft = ProfileDraft(
        path=file.path,
        dialect="yoi",
        body=parts.body,
        title=form.title,
        description=form.description,
        line=1,
        extends=None if form.extends is None else wish((form.extends,), "extends")[0],
        prompts=wish(form.prompts, "prompts"),
        models=wish(form.models, "models"),
        model_required=form.model_required,
        tools=None if form.tools == "all" else tools,
        rules=rules,
        rules_default=form.rules_default,
        unsaid=unsaid,
        policies=wish(form.policies, "policies"),
        skills=wish(form.skills, "skills"),
        workflows=wish(form.workflows, "workflows"),
        plugins=wish(form.plugins, "plugins"),
        asks=make_asks(form.asks),
        language=form.language,
        mentions=frozenset(fields) | list_asks(fields),
    )
    return Contribution(profiles=(draft,), diagnostics=(*reading.diagnostics, *tool_faults, *rule_faults))


def find_field_line(fields: Mapping[str, FrontmatterField], pointer: str) -> int:
    """Return the line of the top-level key in a pointer; 0 when the file has no such key."""
    field = fields.get(pointer.split("/")[1].replace("~1", "/").replace("~0", "~"))
    return field.line if field is not None else 0


def wish_names(
    names: tuple[str, ...], fields: Mapping[str, FrontmatterField], field: str
) -> tuple[NameWish, ...]:
    """Turn written names into wishes that know their line."""
    line = find_field_line(fields, f"/{field}")
    return tuple(NameWish(written=name, line=line) for name in names)


def list_asks(fields: Mapping[str, FrontmatterField]) -> frozenset[str]:
    """Return `asks.KIND` for each kind of ask that the file mentions."""
    asks: Any = fields["asks"].value if "asks" in fields else {}
    return frozenset(f"asks.{kind}" for kind in asks) if isinstance(asks, dict) else frozenset()
