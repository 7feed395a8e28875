"""Sync status of each pair of Runtime and workspace (K-05), and the claims by which replicas share the work (K-04)."""

from collections.abc import Collection
from typing import Any

from msgspec import Struct

from yoi_bundle.canonical import MAX_SAFE_INTEGER
from yoi_wire.backend.workspaces import ActiveBundle
from yoi_workspace_server.audit import AuditEntry
from yoi_workspace_server.runtimes import RegisteredRuntime, SafeProblem
from yoi_workspace_server.sync_plan import Desired, Observed

MAX_LEAP = 2**32
"""By how much a Runtime's word may move the generations of its own pair at once."""

MAX_RAISES = 5
"""So many in a row are adopted; then the pair waits for its operator."""


class PairKey(Struct, frozen=True, order=True):
    """One Runtime and one workspace."""

    runtime: str
    workspace: str


class Holdings(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a Runtime said it has of a workspace, beside the assignment.

    Attributes:
        stored: Digests that it has complete, newest first.
        workers: Digest → number of Workers that pin it.
        lacking: `DIGEST/PROFILE` → features that keep the Runtime from running the profile (B-06).
        observed_at: RFC 3339.
    """

    observed_at: str
    stored: tuple[str, ...] = ()
    workers: dict[str, int] = {}
    lacking: dict[str, tuple[str, ...]] = {}


class RuntimeHoldings(Struct, frozen=True, kw_only=True):
    """A Runtime, and by its own word what it has of one workspace.

    Attributes:
        has_digest: Whether the bundle in question is assigned or stored there.
        workers: How many Workers of the workspace it has.
    """

    runtime: RegisteredRuntime
    has_digest: bool
    workers: int


class PairStatus(Struct, frozen=True, kw_only=True):
    """What is kept of one pair.

    Attributes:
        placed: Whether placement lets the Runtime have the workspace's bundle.
        placement_generation: Allocated from the workspace's counter when placement was last gained or lost, or the
            active bundle revoked; 0 for a pair that never was placed.
        generation_offset: What this pair's generations are above the workspace's own numbers, because its Runtime turned
            out to hold a generation that was never given to it (T-02).
        raises: How often in a row the offset was raised without a success in between.
        suspended: Nothing is sent for the workspace yet, after a restore from a backup; the Runtime is only asked.
        withheld_revision: Of the workspace; see `Workspace`.
        active: The workspace's active bundle, as it is now.
        observed: The Runtime's own word on its assignment; None before the first.
        holdings: The Runtime's own word on what it stores; None before the first.
        attempts: Failed ones in a row.
        problem: Of the last attempt; None when it succeeded.
        due_at: When it is looked at next.
    """

    key: PairKey
    placed: bool
    placement_generation: int
    generation_offset: int
    raises: int
    suspended: bool
    withheld_revision: int | None = None
    active: ActiveBundle | None
    observed: Observed | None
    holdings: Holdings | None
    attempts: int
    problem: SafeProblem | None
    last_attempt_at: str | None
    last_success_at: str | None
    due_at: str | None

    @property
    def desired(self) -> Desired | None:
        """What the Runtime should have assigned, if it may have anything; see `plan_sync`."""
        if self.active is None:
            return None
        return Desired(
            digest=self.active.digest,
            revision=self.active.revision,
            generation=max(self.active.generation, self.placement_generation) + self.generation_offset,
        )

    @property
    def withdrawal_generation(self) -> int:
        """The generation at which nothing should be assigned there; 0 for a pair that never was placed."""
        return self.placement_generation and self.placement_generation + self.generation_offset

    @property
    def forbidden(self) -> bool:
        """Whether the Runtime's last word is that nobody may ask it about the workspace: its trust does not cover that."""
        return self.problem is not None and self.problem.code == "auth.forbidden"

    @property
    def refused_generation(self) -> int:
        """The lowest generation that is too far above the pair's own to be adopted from a Runtime."""
        own = max(self.withdrawal_generation, self.desired.generation if self.desired is not None else 0)
        return min(own + MAX_LEAP, MAX_SAFE_INTEGER - MAX_LEAP) + 1


def find_last_accepted(
    status: PairStatus, *, rejected: Collection[str], revoked: Collection[str]
) -> Observed | None:
    """Return what new Workers use on a host that rejects the active bundle: what it accepted before (T-06).

    It is what the Runtime itself said is assigned there. Nothing that is revoked, nor newer than what is active: somebody took
    that one back.

    Args:
        status: Of the pair.
        rejected: Digests that the Runtime, as it is, rejects.
        revoked: Digests that the workspace has revoked.
    """
    active, observed = status.active, status.observed
    if active is None or active.digest not in rejected:
        return None
    if observed is None or observed.digest is None or observed.digest in revoked:
        return None
    return observed if (observed.revision or active.revision) < active.revision else None


class Claim(Struct, frozen=True, kw_only=True):
    """The right to work on a pair until the lease expires.

    Attributes:
        lease: Grows with each claim of the pair; a settlement with an older lease number is ignored (fencing).
        rejected: The active digest, when the Runtime as it last announced itself has rejected it.
    """

    status: PairStatus
    lease: int
    rejected: str | None


class BundleRejection(Struct, frozen=True, kw_only=True):
    """A Runtime's refusal of bytes that hashed to their digest (K-04).

    It stands for as long as the Runtime has this version and policy generation.
    """

    workspace: str
    digest: str
    runtime: str
    runtime_version: str
    policy_generation: str
    code: str
    details: dict[str, Any]
    rejected_at: str


class Settlement(Struct, frozen=True, kw_only=True):
    """How an attempt ended.

    Attributes:
        due_at: When to look at the pair next, in milliseconds since 1970; sooner if something triggered it meanwhile.
        observed: The Runtime's word on its assignment; None leaves the former one.
        holdings: Its word on what it stores; None leaves the former one.
        problem: None for success.
        rejection: To be recorded with it.
        audit: To be recorded with it.
        asked: False when nothing was asked of the Runtime, so that this is no success.
    """

    key: PairKey
    lease: int
    due_at: int
    asked: bool = True
    observed: Observed | None = None
    holdings: Holdings | None = None
    problem: SafeProblem | None = None
    rejection: BundleRejection | None = None
    audit: tuple[AuditEntry, ...] = ()
