"""Builds as the Backend shows them (K-01)."""

from typing import Any

from msgspec import Struct


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
    """Why a build failed.

    Attributes:
        commit: What was built; empty where that is not known.
    """

    code: str
    details: dict[str, Any]
    commit: str = ""


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
