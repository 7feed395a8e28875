"""Revisions of a workspace: builds, activations, revocations (K-01)."""

from typing import Any, Literal, TypeAlias

from msgspec import Struct

from yoi_bundle.diagnostics import Diagnostic
from yoi_bundle.metadata import BundleMetadata

ActivationKind: TypeAlias = Literal["automatic", "manual", "rollback"]

BuildOutcome: TypeAlias = Literal["new", "unchanged", "failed"]

MAX_DIAGNOSTICS = 200
"""How many diagnostics of one build are kept; the others are counted."""


class Revision(Struct, frozen=True, kw_only=True):
    """One content that a workspace has had.

    Attributes:
        revision: From 1; grows by one with each digest that differs from the one before (B-03).
        metadata: Travels with the bundle to every Runtime.
    """

    workspace: str
    revision: int
    digest: str
    metadata: BundleMetadata
    recorded_at: str


class RecordedRevision(Struct, frozen=True):
    """The revision of a publication.

    Attributes:
        created: False when the latest revision has the same digest already.
    """

    revision: Revision
    created: bool


class Activation(Struct, frozen=True, kw_only=True):
    """One move of the pointer: who, when, why.

    Attributes:
        generation: What Runtimes are fenced by (R-11); no two activations of a workspace have the same.
    """

    workspace: str
    generation: int
    revision: int
    digest: str
    kind: ActivationKind
    actor: str
    reason: str
    activated_at: str


class Revocation(Struct, frozen=True, kw_only=True):
    """A digest that no new Worker may use."""

    workspace: str
    digest: str
    actor: str
    reason: str
    revoked_at: str


class BuildProblem(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why a build failed; safe for any reader of the workspace.

    Attributes:
        commit: What was built; empty where the source has none, or could not be read.
    """

    code: str
    details: dict[str, Any] = {}
    commit: str = ""


class NewBuild(Struct, frozen=True, kw_only=True):
    """A build to record; see `BuildRecord`."""

    workspace: str
    outcome: BuildOutcome
    digest: str | None = None
    revision: int | None = None
    diagnostics: tuple[Diagnostic, ...] = ()
    diagnostic_count: int = 0
    problem: BuildProblem | None = None


class BuildRecord(Struct, frozen=True, kw_only=True):
    """How a build ended; a failed one changes nothing else.

    Attributes:
        id: Grows with each build of this Backend.
        diagnostics: The first 200.
        diagnostic_count: Of all that there were.
    """

    id: int
    workspace: str
    outcome: BuildOutcome
    digest: str | None
    revision: int | None
    diagnostics: tuple[Diagnostic, ...]
    diagnostic_count: int
    problem: BuildProblem | None
    built_at: str
