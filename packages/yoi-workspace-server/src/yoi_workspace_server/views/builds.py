"""View of builds (K-01, K-07)."""

from typing import Any

from msgspec import Struct

from yoi_bundle.diagnostics import Diagnostic
from yoi_workspace_server.revisions import BuildProblem, BuildRecord


class DiagnosticView(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A remark on a file of the workspace.

    Attributes:
        message: Names what is at fault, which may be a secret reference; like the next two it is for operators.
    """

    severity: str
    rule: str
    file: str
    line: int = 0
    message: str = ""
    pointer: str = ""
    remedy: str = ""


class BuildProblemView(Struct, frozen=True, kw_only=True):
    """Why a build failed."""

    code: str
    details: dict[str, Any]


class BuildView(Struct, frozen=True, kw_only=True):
    """A build; see `yoi_workspace_server.revisions.BuildRecord`."""

    id: int
    outcome: str
    digest: str | None
    revision: int | None
    diagnostics: tuple[DiagnosticView, ...]
    diagnostic_count: int
    problem: BuildProblemView | None
    built_at: str


def build_build_view(build: BuildRecord, *, secret_names: bool) -> BuildView:
    """Return what a reader may see; without `secret_names` no words of a diagnostic, and no details of a failure."""
    return BuildView(
        id=build.id,
        outcome=build.outcome,
        digest=build.digest,
        revision=build.revision,
        diagnostics=tuple(_build_diagnostic(one, secret_names) for one in build.diagnostics),
        diagnostic_count=build.diagnostic_count,
        problem=None if build.problem is None else _build_problem(build.problem, secret_names),
        built_at=build.built_at,
    )


def _build_diagnostic(one: Diagnostic, secret_names: bool) -> DiagnosticView:
    return DiagnosticView(
        severity=one.severity,
        rule=one.rule,
        file=one.file,
        line=one.line,
        message=one.message if secret_names else "",
        pointer=one.pointer if secret_names else "",
        remedy=one.remedy if secret_names else "",
    )


def _build_problem(problem: BuildProblem, secret_names: bool) -> BuildProblemView:
    return BuildProblemView(code=problem.code, details=problem.details if secret_names else {})
