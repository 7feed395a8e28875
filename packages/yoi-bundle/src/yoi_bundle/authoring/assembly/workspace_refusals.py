"""Why a workspace as a whole has no bundle, not even a lenient one."""

from msgspec import ValidationError as FormError
from msgspec import convert

from yoi_bundle.authoring.dialects.native.workspace_toml import WorkspaceForm
from yoi_bundle.authoring.source.workspace_path import WORKSPACE_FILE
from yoi_bundle.diagnostics import Diagnostic
from yoi_bundle.identifiers import WorkspaceId


def refuse_early(form: WorkspaceForm | None, workspace: str) -> list[Diagnostic] | None:
    """Return why nothing can be built at all, or None.

    With a `workspace.toml` at fault even a lenient build refuses: the policies that it names are unknown.
    """
    if form is None:
        return []
    try:
        convert(workspace, WorkspaceId)
    except FormError:
        message = "the workspace id is not of its grammar"
        remedy = "write small letters, digits, dots, hyphens and underscores"
        return [
            Diagnostic(
                severity="error",
                rule="workspace.bad_id",
                file=WORKSPACE_FILE,
                message=message,
                remedy=remedy,
            )
        ]
    return None


def report_emptiness() -> Diagnostic:
    """A bundle that brings nothing would pass for the workspace's wish to have no profile any more."""
    return Diagnostic(
        severity="error",
        rule="workspace.empty",
        file=".",
        message="nothing in this directory is agent configuration",
        remedy="begin with `.yoi/profiles/NAME.md`; the table in docs/guides/authoring.md says what else is read",
    )
