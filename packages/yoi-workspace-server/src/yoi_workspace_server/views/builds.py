"""View of builds (K-01, K-07)."""

from yoi_bundle.diagnostics import Diagnostic
from yoi_wire.backend.builds import BuildProblemView, BuildView, DiagnosticView
from yoi_workspace_server.revisions import BuildProblem, BuildRecord


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
