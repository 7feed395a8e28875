"""What a builder or linter has to say about a source file, for people and as JSON (B-14)."""

from typing import Literal, TypeAlias

from msgspec import Struct

Severity: TypeAlias = Literal["error", "warning", "info"]


class Diagnostic(Struct, frozen=True, kw_only=True):
    """One remark.

    Attributes:
        severity: An error means no bundle, or with `lenient` no item.
        rule: Dotted id from `docs/diagnostics.md`, such as `frontmatter.repaired`.
        file: Path relative to the workspace, as people write it.
        line: From 1; 0 when the remark is about the whole file.
        pointer: JSON pointer into the manifest, where the item got that far.
        message: What was found; never a value that may be a credential.
        remedy: What to change.
    """

    severity: Severity
    rule: str
    file: str
    line: int = 0
    pointer: str = ""
    message: str
    remedy: str = ""


def sort_diagnostics(diagnostics: list[Diagnostic]) -> list[Diagnostic]:
    """Order by file, line, rule and text, so that output is the same whatever order files were read in."""
    return sorted(diagnostics, key=lambda one: (one.file, one.line, one.rule, one.pointer, one.message))
