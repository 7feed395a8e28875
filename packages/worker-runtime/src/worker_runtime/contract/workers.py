"""Worker values of the contract: records, events, approvals, requests (W-01 to W-04)."""

from typing import Any, Literal, TypeAlias

from msgspec import Struct

from worker_runtime.contract.lifecycle import WorkerState
from yoi_bundle.identifiers import WorkspaceId
from yoi_wire.worker_requests import ApprovalVerdict, IdempotencyKey, WorkerRequest


class CreateWorkerRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A Worker to create.

    Attributes:
        key: The same key and content again give the same Worker (W-01).
    """

    workspace: WorkspaceId
    key: IdempotencyKey
    request: WorkerRequest


class PreviewRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A question what a Worker would be (S-08).

    Attributes:
        every_profile: Ask about each profile of the bundle, or of the built-in set; the selector is not looked at.
    """

    workspace: WorkspaceId
    request: WorkerRequest
    every_profile: bool = False


class StateReason(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why a Worker is in its state; safe for any reader.

    Attributes:
        code: A code of `docs/errors.md`, or `policy.narrowed`.
        kind: Kind of the item concerned, as in a decision.
        id: That item.
        message: The same in a sentence.
    """

    code: str
    kind: str = ""
    id: str = ""
    message: str = ""


Change: TypeAlias = Literal[
    "unchanged", "held", "stopped", "narrowed", "freed", "freed_narrowed", "restored", "unreadable"
]
"""`restored` has again what it had been narrowed by; of `unreadable` the store needs a repair."""


class Forecast(Struct, frozen=True, kw_only=True):
    """What would become of a live Worker.

    Attributes:
        state: Its state now.
        reasons: Why it would be, or stay, less than it was created as.
    """

    worker: str
    issuer: str = ""
    workspace: str = ""
    selector: str = ""
    state: str
    change: Change
    reasons: tuple[StateReason, ...] = ()


class Worker(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A Worker's record.

    Attributes:
        bundle_digest: The pinned bundle; None for a Worker of the built-in set.
        builtin_digest: The pinned built-in set, when there is no bundle.
        resolution_digest: Of its spec; equal specs have equal digests.
        reasons: Why it is held or failed.
        created_at: RFC 3339, like the other instants.
    """

    id: str
    workspace: str
    key: str
    selector: str
    state: WorkerState
    resolution_digest: str
    resolver_version: str
    created_at: str
    changed_at: str
    bundle_digest: str | None = None
    builtin_digest: str | None = None
    labels: dict[str, str] = {}
    ended_at: str | None = None
    reasons: tuple[StateReason, ...] = ()


class WorkerEvent(Struct, frozen=True, kw_only=True):
    """One thing that happened to a Worker.

    Attributes:
        sequence: From 1, without gaps, in the order in which things happened.
        kind: `created`, `state`, `input`, `approval`, …
    """

    sequence: int
    at: str
    kind: str
    body: dict[str, Any]


class EventPage(Struct, frozen=True, kw_only=True):
    """Events in order.

    Attributes:
        last: Give it as `after` to go on from here.
        more: Whether there are further ones already.
    """

    events: tuple[WorkerEvent, ...]
    last: int
    more: bool


class Approval(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A call that waits, or waited, for a person's word.

    Attributes:
        tool: The tool to be called.
        summary: What for, with secret values left out.
    """

    id: str
    tool: str
    summary: str
    requested_at: str
    verdict: ApprovalVerdict | None = None
    decided_at: str | None = None
