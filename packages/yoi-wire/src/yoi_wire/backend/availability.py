"""Availability of workspaces on Runtimes as the Backend shows it (K-05)."""

from typing import Any

from msgspec import Struct

from yoi_wire.backend.builds import DiagnosticView
from yoi_wire.backend.problems import ProblemView


class DesiredView(Struct, frozen=True, kw_only=True):
    """What should be assigned there."""

    digest: str
    revision: int
    generation: int


class ObservedView(Struct, frozen=True, kw_only=True):
    """What the Runtime itself last said is assigned."""

    digest: str | None
    revision: int | None
    generation: int
    observed_at: str


class RejectionView(Struct, frozen=True, kw_only=True):
    """Bytes that the Runtime refuses as it is now; the details have the pointers."""

    digest: str
    code: str
    details: dict[str, Any]
    runtime_version: str
    rejected_at: str


class FailedBuildView(Struct, frozen=True, kw_only=True):
    """The workspace's last build, which failed, so that an older revision stays active.

    Attributes:
        commit: What was built; empty where that is not known.
        error: The first of its errors; None where the build itself failed.
    """

    built_at: str
    code: str
    commit: str
    error: DiagnosticView | None


class AvailabilityView(Struct, frozen=True, kw_only=True):
    """One Runtime and one workspace; everything of it was said by the Runtime, or is marked as wanted.

    Attributes:
        desired: None when nothing should be assigned there.
        stored: Digests that are complete there, newest first; None before the first look, like the next two.
        in_use: Digest → number of Workers that pin it, of the newest 500 bundles stored there.
        inspected_at: How old the three before are.
        lacking: `DIGEST/PROFILE` → features for want of which the profile does not run there.
        rejected: In force.
        revoked_in_use: Revoked digests that Workers there still use.
        skew: By how many revisions the Runtime is behind.
        attempts: Failed ones in a row.
        failed_build: None unless the workspace's last build failed.
        last_accepted_revision: Of the revision that new Workers use there because the desired one is rejected (T-06).
        withheld_revision: A newer revision than the desired one, which waits for somebody because it has no profile any more.
    """

    runtime: str
    workspace: str
    state: str
    placed: bool
    desired: DesiredView | None
    observed: ObservedView | None
    stored: tuple[str, ...] | None
    in_use: dict[str, int] | None
    lacking: dict[str, tuple[str, ...]] | None
    inspected_at: str | None
    rejected: tuple[RejectionView, ...]
    revoked_in_use: tuple[str, ...]
    skew: int | None
    attempts: int
    problem: ProblemView | None
    last_attempt_at: str | None
    last_success_at: str | None
    next_attempt_at: str | None
    failed_build: FailedBuildView | None = None
    last_accepted_revision: int | None = None
    withheld_revision: int | None = None


class SyncView(Struct, frozen=True, kw_only=True):
    """What was done on demand.

    Attributes:
        due: How many pairs were made due.
        pair: The one that was attempted at once, as it stands now.
    """

    due: int
    pair: AvailabilityView | None
