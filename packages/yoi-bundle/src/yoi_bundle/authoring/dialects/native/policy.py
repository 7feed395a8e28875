"""`.yoi/policies/**/*.toml` and `*.yaml`: policies in our own form."""

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from yoi_bundle.authoring.dialects.native.rules import read_rules
from yoi_bundle.authoring.drafts.diagnostics import FileDiagnostics
from yoi_bundle.authoring.drafts.draft import Contribution, PolicyDraft, SourceFile
from yoi_bundle.authoring.drafts.reader import NO_CONTEXT, ReadingContext
from yoi_bundle.authoring.formats.form import read_form
from yoi_bundle.authoring.formats.toml_document import read_toml
from yoi_bundle.authoring.formats.yaml_mapping import YamlFault, parse_mapping
from yoi_bundle.diagnostics import Diagnostic
from yoi_bundle.limits import Limits
from yoi_bundle.manifest import Effect
from yoi_bundle.manifest.item import Description, Title


class PolicyForm(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file: `rules` in the grammar of `rule_text`, and what a call gets that none of them matches."""

    title: Title = ""
    description: Description = ""
    default: Effect = "deny"
    rules: tuple[str, ...] = ()


def read_native_policy(file: SourceFile, context: ReadingContext = NO_CONTEXT) -> Contribution:
    """Read one policy; TOML by its name, else YAML."""
    diagnostics = FileDiagnostics(file.path)
    draft = _read_policy(file, context.limits, diagnostics)
    return Contribution(policies=() if draft is None else (draft,), diagnostics=diagnostics.collect())


def _read_policy(file: SourceFile, limits: Limits, diagnostics: FileDiagnostics) -> PolicyDraft | None:
    if file.path.endswith(".toml"):
        table = _read_toml_table(file, diagnostics)
    else:
        table = _read_yaml_table(file, limits, diagnostics)
    if table is None:
        return None
    form = read_form(table.values, PolicyForm, diagnostics, find_line=table.find_line)
    if form is None:
        return None
    rules, unsaid = read_rules(form.rules, diagnostics, line=table.find_line("/rules"))
    return PolicyDraft(
        path=file.path,
        dialect="yoi",
        default=form.default,
        title=form.title,
        description=form.description,
        line=1,
        rules=rules,
        unsaid=unsaid,
    )


class _Table(Struct, frozen=True):
    values: dict[str, Any]
    find_line: Callable[[str], int]


def _read_toml_table(file: SourceFile, diagnostics: FileDiagnostics) -> _Table | None:
    document = read_toml(file.data, file.path)
    if isinstance(document, Diagnostic):
        diagnostics.add(document)
        return None
    return _Table(document.values, document.find_line)


def _read_yaml_table(file: SourceFile, limits: Limits, diagnostics: FileDiagnostics) -> _Table | None:
    remedy = "write plain YAML: one `key: value` a line, lists, no anchors and no tags"
    if len(file.data) > limits.frontmatter_bytes:
        message = f"{len(file.data)} bytes, at most {limits.frontmatter_bytes} allowed"
        diagnostics.error("yaml.malformed", 0, message, remedy)
        return None
    try:
        text = file.data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = file.data.count(b"\n", 0, error.start) + 1
        diagnostics.error("yaml.malformed", line, "bytes that are not UTF-8", remedy)
        return None
    parsed = parse_mapping(text, max_depth=limits.depth)
    if isinstance(parsed, YamlFault):
        diagnostics.error("yaml.malformed", parsed.line + 1, parsed.message, remedy)
        return None
    lines = parsed.lines
    return _Table(parsed.values, lambda pointer: lines.get(pointer.split("/")[1], -1) + 1)
