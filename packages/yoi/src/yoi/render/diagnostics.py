"""Diagnostics as a compiler prints them: place, severity, what was found, what to do."""

from collections import Counter
from collections.abc import Iterable, Sequence

from msgspec import Struct
from rich.console import Console
from rich.text import Text

from yoi.render.console import join_text
from yoi_bundle.diagnostics import Diagnostic

WARNINGS_OF_ONE_RULE = 5
_STYLES = {"error": "bold red", "warning": "yellow", "info": "blue"}


def print_diagnostics(console: Console, diagnostics: Iterable[Diagnostic]) -> None:
    """Print each diagnostic on one line, its remedy on the next."""
    for one in diagnostics:
        console.print(make_line(one), soft_wrap=True)
        if one.remedy:
            console.print(join_text(("    → ", "green"), one.remedy), soft_wrap=True)


class ChosenDiagnostics(Struct, frozen=True):
    """Which diagnostics are shown, and how many are not."""

    shown: tuple[Diagnostic, ...]
    hidden: int


def choose_diagnostics(diagnostics: Sequence[Diagnostic], *, verbose: bool) -> ChosenDiagnostics:
    """Choose every error, the first few warnings of each rule, and no info; all of them when verbose."""
    if verbose:
        return ChosenDiagnostics(tuple(diagnostics), 0)
    seen: Counter[str] = Counter()
    shown: list[Diagnostic] = []
    for one in diagnostics:
        if one.severity == "warning":
            seen[one.rule] += 1
        if one.severity == "error" or (one.severity == "warning" and seen[one.rule] <= WARNINGS_OF_ONE_RULE):
            shown.append(one)
    return ChosenDiagnostics(tuple(shown), len(diagnostics) - len(shown))


def make_line(one: Diagnostic) -> Text:
    """Make `FILE:LINE: severity: message [rule]`; the line is left out when the remark is about the whole file."""
    place = one.file or one.pointer or "workspace"
    if one.line:
        place = f"{place}:{one.line}"
    return join_text(
        (place, "bold"),
        ": ",
        (one.severity, _STYLES[one.severity]),
        ": ",
        one.message,
        " ",
        (f"[{one.rule}]", "dim"),
    )


def summarise(diagnostics: Sequence[Diagnostic]) -> str:
    """Count by severity: `2 errors, 1 warning`; empty when there is none."""
    counts = Counter(one.severity for one in diagnostics)
    return ", ".join(
        f"{counts[severity]} {severity}{'s' if counts[severity] != 1 and severity != 'info' else ''}"
        for severity in ("error", "warning", "info")
        if counts[severity]
    )
