"""`.yoi/policies/**/*.toml` and `*.yaml`: policies in our own form."""

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from yoi_bundle.authoring.dialects.native.rules import read_rules
from yoi_bundle.authoring.drafts.draft import Contribution, PolicyDraft, SourceFile
from yoi_bundle.authoring.formats.form import read_form
from yoi_bundle.authoring.formats.toml_document import read_toml
from yoi_bundle.authoring.formats.yaml_mapping import YamlMapping, parse_mapping
from yoi_bundle.diagnostics import Diagnostic
from yoi_bundle.limits import DEFAULT_LIMITS, Limits
from yoi_bundle.manifest import Effect
from yoi_bundle.manifest.item import Description, Title


class PolicyForm(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file: `rules` in the grammar of `rule_text`, and what a call gets that none of them matches."""

    title: Title = ""
    description: Description = ""
    default: Effect = "deny"
    rules: tuple[str, ...] = ()


def read_native_policy(file: SourceFile, *, limits: Limits = DEFAULT_LIMITS) -> Contribution:
    """Read one policy; TOML by its name, else YAML."""
    read = _read_toml_values if file.path.endswith(".toml") else _read_yaml_values
    values, find_line, fault = read(file, limits)
    if fault is not None:
        return Contribution(diagnostics=(fault,))
    form = read_form(values, PolicyForm, file=file.path, find_line=find_line)
    if not isinstance(form, PolicyForm):
        return Contribution(diagnostics=form)
    rules, unsaid, faults = read_rules(form.rules, file=file.path, line=find_line("/rules"))
    draft = PolicyDraft(
        path=file.path,
        dialect="yoi",
        default=form.default,
        title=form.title,
        description=form.description,
        line=1,
        rules=rules,
        unsaid=unsaid,
    )
    return Contribution(policies=(draft,), diagnostics=faults)


_Values = tuple[dict[str, Any], Callable[[str], int], Diagnostic | None]


def _read_toml_values(file: SourceFile, limits: Limits) -> _Values:
    del limits  # TOML's nesting is bounded by its parser's recursion
    document = read_toml(file.data, file.path)
    if isinstance(document, Diagnostic):
        return {}, lambda pointer: 0, document
    return document.values, document.find_line, None


def _read_yaml_values(file: SourceFile, limits: Limits) -> _Values:
    def refuse(line: int, message: str) -> _Values:
        fault = Diagnostic(
            severity="error",
            rule="yaml.malformed",
            file=file.path,
            line=line,
            message=message,
            remedy="write plain YAML: one `key: value` a line, lists, no anchors and no tags",
        )
        return {}, lambda pointer: 0, fault

    if len(file.data) > limits.frontmatter_bytes:
        return refuse(0, f"{len(file.data)} bytes, at most {limits.frontmatter_bytes} allowed")
    try:
        text = file.data.decode("utf-8")
    except UnicodeDecodeError as error:
        return refuse(file.data.count(b"\n", 0, error.start) + 1, "bytes that are not UTF-8")
    parsed = parse_mapping(text, max_depth=limits.depth)
    if not isinstance(parsed, YamlMapping):
        return refuse(parsed.line + 1, parsed.message)
    lines = parsed.lines
    return parsed.values, lambda pointer: lines.get(pointer.split("/")[1], -1) + 1, None
