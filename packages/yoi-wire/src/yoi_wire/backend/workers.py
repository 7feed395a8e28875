"""Workers by the Backend's ids: what it takes, and what it shows (K-06)."""

import hashlib
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from yoi_bundle.digest import Digest
from yoi_bundle.identifiers import WorkspaceId
from yoi_wire.backend.placements import MAX_LABELS, Label, RuntimeName
from yoi_wire.worker_requests import NO_INTENT, IdempotencyKey, Intent


class WorkerReasonView(Struct, frozen=True, kw_only=True):
    """Why a Worker is held or failed, or what it lost; `id` is empty for a secret that the reader may not know of."""

    code: str
    kind: str
    id: str


class LastAcceptedView(Struct, frozen=True, kw_only=True):
    """Why a Worker uses an older revision than was active: its host rejects that one (T-06).

    Attributes:
        revision: The last that the host accepted, which the Worker uses.
        rejected_revision: The active one, like the next.
        code: What the host rejects it for; a code of `docs/errors.md`, like the details after it.
    """

    revision: int
    rejected_revision: int
    rejected_digest: str
    code: str
    details: dict[str, Any]


class WorkerView(Struct, frozen=True, kw_only=True):
    """A Worker.

    Attributes:
        id: The Backend's.
        bundle_digest: The pinned bundle; None for a Worker of the built-in set.
        state: The Runtime's word, like the four after it; None when it could not be asked or has not made it yet.
        last_accepted: Why the bundle is not the one that was active; None where it is, or where one was asked for.
    """

    id: str
    workspace: str
    runtime: str
    key: str
    selector: str
    bundle_digest: str | None
    labels: dict[str, str]
    created_at: str
    state: str | None
    resolution_digest: str | None
    changed_at: str | None
    ended_at: str | None
    reasons: tuple[WorkerReasonView, ...]
    last_accepted: LastAcceptedView | None = None


class RefusalView(Struct, frozen=True, kw_only=True):
    """Why one Runtime does not make a Worker; a member of the problem that says that none does.

    Attributes:
        by: The stage that refused it.
        code: A code of `docs/errors.md`.
    """

    runtime: str
    by: str
    code: str
    retryable: bool
    details: dict[str, Any]


class WorkerEventView(Struct, frozen=True, kw_only=True):
    """One thing that happened to a Worker.

    Attributes:
        body: Known members of a known kind; empty for others.
    """

    sequence: int
    at: str
    kind: str
    body: dict[str, Any]


class WorkerEventPageView(Struct, frozen=True, kw_only=True):
    """Events in order; see `worker_runtime.contract.workers.EventPage`."""

    events: tuple[WorkerEventView, ...]
    last: int
    more: bool


class ApprovalView(Struct, frozen=True, kw_only=True):
    """A call that waits, or waited, for a person's word.

    Attributes:
        summary: What for, for those who may give that word.
    """

    id: str
    tool: str
    summary: str
    requested_at: str
    verdict: str | None
    decided_at: str | None


class WorkerOrder(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A Worker to create: never a resolved spec.

    Attributes:
        key: The same key and content again give the same Worker, on the same Runtime, of the same digest.
        selector: `builtin:NAME`, `workspace:NAME` or `default`.
        digest: A bundle of the workspace; absent for the active one, or the last that a host accepted where it rejects that.
        runtime: By name; absent for any that placement and labels allow.
        labels: That the operator gave the Runtime, all of them.
    """

    workspace: WorkspaceId
    key: IdempotencyKey
    selector: Annotated[str, Meta(max_length=1100)]
    intent: Intent = NO_INTENT
    digest: Digest | None = None
    runtime: RuntimeName | None = None
    labels: Annotated[dict[Label, Label], Meta(max_length=MAX_LABELS)] = {}

    def compute_fingerprint(self) -> str:
        """Return what differs when another Worker is asked for under the same key (W-01)."""
        data = msgspec.json.encode(self, order="sorted")
        return hashlib.sha256(data).hexdigest()


class PreviewOrder(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A question what a Worker would be on a Runtime; nothing is created or sent there but the question (S-08).

    Attributes:
        selector: `builtin:NAME`, `workspace:NAME` or `default`.
        digest: A bundle of the workspace; absent for the active one.
        every_profile: Ask about each profile of the bundle; the selector is not looked at.
        call: A tool call of that Worker to judge, in the form of `yoi_bundle.call_text`; absent for none.
    """

    workspace: WorkspaceId
    runtime: RuntimeName
    selector: Annotated[str, Meta(max_length=1100)] = "default"
    intent: Intent = NO_INTENT
    digest: Digest | None = None
    every_profile: bool = False
    call: Annotated[str, Meta(max_length=65_536)] | None = None
