"""Diagnostics collected while a source file is read, or while files are put together."""

from typing import Literal, TypeAlias, get_args

from msgspec import Struct

from yoi_bundle.boundary.redaction import looks_generated, redact_name
from yoi_bundle.diagnostics import Diagnostic, Severity

MAX_NAME_CHARACTERS = 80

DiagnosticRule: TypeAlias = Literal[
    "allow.unused",
    "builtin.unknown",
    "bundle.hidden_text",
    "bundle.secret_value",
    "declaration.unsupported",
    "form.invalid",
    "frontmatter.byte_order_mark",
    "frontmatter.duplicate_key",
    "frontmatter.malformed",
    "frontmatter.misspelt_key",
    "frontmatter.not_utf8",
    "frontmatter.repaired",
    "frontmatter.too_large",
    "frontmatter.unclosed",
    "frontmatter.unmapped_key",
    "frontmatter.wrong_type",
    "grants.implied",
    "hooks.guard_left_out",
    "hooks.left_out",
    "id.collision",
    "item.depends",
    "item.incomplete",
    "json.byte_order_mark",
    "json.comment",
    "json.duplicate_key",
    "json.malformed",
    "json.not_utf8",
    "json.too_deep",
    "kind.unknown",
    "limit.exceeded",
    "mcp.approval_left_out",
    "mcp.command_path",
    "mcp.command_words",
    "mcp.cwd_left_out",
    "mcp.disabled",
    "mcp.host_place",
    "mcp.literal_refused",
    "mcp.name_malformed",
    "mcp.no_servers",
    "mcp.placeholder",
    "mcp.restriction_unsaid",
    "mcp.secret_helper",
    "mcp.shell_left_out",
    "mcp.transport_unknown",
    "mcp.type_mismatch",
    "mcp.unmapped_key",
    "mcp.url_malformed",
    "mcp.url_userinfo",
    "mcp.value_malformed",
    "model.context_left_out",
    "model.host_alias",
    "model.malformed",
    "model.unreadable",
    "plugin.foreign_extension",
    "plugin.left_out",
    "plugin.malformed",
    "plugin.may_restrict",
    "plugin.schema_unknown",
    "plugin.second_manifest",
    "plugin.unknown_field",
    "plugin.unmapped_key",
    "policy.allow_left_out",
    "policy.mode_as_rules",
    "policy.mode_left_out",
    "policy.rule_broadened",
    "policy.rule_idle",
    "policy.rule_unsaid",
    "policy.unasked_calls",
    "policy.unexpected_verdict",
    "policy.unresolved",
    "profile.cycle",
    "profile.no_frontmatter",
    "profile.widens",
    "prompt.condition_unreadable",
    "prompt.unsaid_condition",
    "prompt.unsaid_glob",
    "reference.unresolved",
    "rule.malformed",
    "rule.never_matches",
    "secret.allowed",
    "secret.doubtful",
    "settings.directories_left_out",
    "settings.left_out",
    "settings.malformed",
    "settings.secret_helper",
    "skill.agent_left_out",
    "skill.bad_name",
    "skill.long_description",
    "skill.name_differs",
    "skill.no_description",
    "skill.preapproval_left_out",
    "skill.restriction_unsaid",
    "source.brings_nothing",
    "source.case_collision",
    "source.excluded",
    "source.ignored",
    "source.link_not_followed",
    "source.not_a_file",
    "source.outside",
    "source.undecodable_name",
    "source.unreadable",
    "text.host_place",
    "text.invisible",
    "toml.malformed",
    "tool.ambiguous",
    "tool.foreign",
    "tool.malformed",
    "tools.argument_left_out",
    "tools.empty",
    "tools.no_counterpart",
    "tools.unknown_name",
    "tools.unreadable",
    "workflow.agent_confines",
    "workflow.host_command",
    "workflow.two_bodies",
    "workspace.bad_id",
    "workspace.empty",
    "yaml.malformed",
]
"""What `docs/diagnostics.md` explains; a code of `verify_manifest` is a rule too."""

DIAGNOSTIC_RULES: tuple[DiagnosticRule, ...] = get_args(DiagnosticRule)


class Place(Struct, frozen=True):
    """A place in the source: a file's path, as it is on disk, and a line from 1, or 0 for the whole file."""

    file: str
    line: int = 0


class Diagnostics:
    """Collects diagnostics; their paths are made printable once, at the end of a build.

    Attributes:
        failed: Whether an error was among them.
    """

    def __init__(self) -> None:
        self.failed = False
        self._collected: list[Diagnostic] = []

    def report(
        self, severity: Severity, rule: DiagnosticRule, place: Place, message: str, remedy: str = ""
    ) -> None:
        self.add(
            Diagnostic(
                severity=severity,
                rule=rule,
                file=place.file,
                line=place.line,
                message=message,
                remedy=remedy,
            )
        )

    def add(self, *diagnostics: Diagnostic) -> None:
        """Take over what was found elsewhere."""
        self.failed = self.failed or any(diagnostic.severity == "error" for diagnostic in diagnostics)
        self._collected.extend(diagnostics)

    def collect(self) -> tuple[Diagnostic, ...]:
        return tuple(self._collected)


class FileDiagnostics(Diagnostics):
    """Collects the diagnostics of one file."""

    def __init__(self, file: str) -> None:
        super().__init__()
        self.file = file

    def error(self, rule: DiagnosticRule, line: int, message: str, remedy: str) -> None:
        self.report("error", rule, Place(self.file, line), message, remedy)

    def warn(self, rule: DiagnosticRule, line: int, message: str, remedy: str) -> None:
        self.report("warning", rule, Place(self.file, line), message, remedy)

    def note(self, rule: DiagnosticRule, line: int, message: str, remedy: str) -> None:
        self.report("info", rule, Place(self.file, line), message, remedy)

    def has_fatal(self) -> bool:
        """Tell whether there was an error that no `UnsaidRule` and no server that is left out stands for."""
        return any(
            diagnostic.severity == "error" and not diagnostic.rule.startswith(("policy.", "mcp."))
            for diagnostic in self._collected
        )


def show_name(name: str) -> str:
    """Return a name as a diagnostic may show it: never one that may be a credential, never long, on one line."""
    shown = redact_name(name)
    line = "".join(character if character.isprintable() else "?" for character in shown)
    return line if len(line) <= MAX_NAME_CHARACTERS else f"{line[:MAX_NAME_CHARACTERS]}…"


def show_path(path: str) -> str:
    """Write a path for people: bytes that are not UTF-8 as escapes, and no step that may be a credential (B-07).

    The same again gives the same.
    """
    text = path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return "/".join(_show_step(step) for step in text.split("/"))


def _show_step(step: str) -> str:
    generated = len(step) >= 8 and looks_generated(step)
    return f"({len(step)} characters)" if generated else step
