"""View of Workers: the Backend's own record, and of the Runtime's word what is no free text (K-07)."""

from collections.abc import Iterable
from typing import Any

from msgspec import Struct

from worker_runtime.contract.workers import Approval, EventPage, StateReason, Worker, WorkerEvent
from yoi_workspace_server.foreign_details import clean_code
from yoi_workspace_server.placed_workers import PlacedWorker
from yoi_workspace_server.views.texts import show_digest, show_text

_MAX_REASONS = 100
_MAX_SUMMARY = 2000
_MAX_INPUT = 262_144


class WorkerReasonView(Struct, frozen=True, kw_only=True):
    """Why a Worker is held or failed, or what it lost; `id` is empty for a secret that the reader may not know of."""

    code: str
    kind: str
    id: str


class WorkerView(Struct, frozen=True, kw_only=True):
    """A Worker.

    Attributes:
        id: The Backend's.
        bundle_digest: The pinned bundle; None for a Worker of the built-in set.
        state: The Runtime's word, like the four after it; None when it could not be asked or has not made it yet.
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


def build_worker_view(record: PlacedWorker, worker: Worker | None, *, secret_names: bool) -> WorkerView:
    """Return a Worker; everything that the Backend knows itself is taken from its record, not from the Runtime."""
    return WorkerView(
        id=record.id,
        workspace=record.workspace,
        runtime=record.runtime,
        key=record.key,
        selector=record.request.selector,
        bundle_digest=record.request.bundle_digest,
        labels=dict(record.request.intent.labels),
        created_at=record.created_at,
        state=None if worker is None else worker.state,
        resolution_digest=None if worker is None else show_digest(worker.resolution_digest),
        changed_at=None if worker is None else show_text(worker.changed_at),
        ended_at=None if worker is None or worker.ended_at is None else show_text(worker.ended_at),
        reasons=() if worker is None else _build_reasons(worker.reasons, secret_names),
    )


def build_event_view(event: WorkerEvent, *, secret_names: bool) -> WorkerEventView:
    return WorkerEventView(
        sequence=event.sequence,
        at=show_text(event.at),
        kind=show_text(event.kind, max_characters=64),
        body=_build_body(event, secret_names),
    )


def build_event_page_view(page: EventPage, *, secret_names: bool) -> WorkerEventPageView:
    events = tuple(build_event_view(event, secret_names=secret_names) for event in page.events)
    return WorkerEventPageView(events=events, last=page.last, more=page.more)


def build_approval_view(approval: Approval, *, summary: bool) -> ApprovalView:
    return ApprovalView(
        id=show_text(approval.id),
        tool=show_text(approval.tool, max_characters=1200),
        summary=show_text(approval.summary, max_characters=_MAX_SUMMARY) if summary else "",
        requested_at=show_text(approval.requested_at),
        verdict=approval.verdict,
        decided_at=None if approval.decided_at is None else show_text(approval.decided_at),
    )


def _build_reasons(reasons: Iterable[StateReason], secret_names: bool) -> tuple[WorkerReasonView, ...]:
    return tuple(
        _build_reason(one.code, one.kind, one.id, secret_names) for one in tuple(reasons)[:_MAX_REASONS]
    )


def _build_reason(code: str, kind: str, name: str, secret_names: bool) -> WorkerReasonView:
    hidden = kind == "secret" and not secret_names
    return WorkerReasonView(
        code=clean_code(code),
        kind=show_text(kind, max_characters=64),
        id="" if hidden else show_text(name, max_characters=1400),
    )


def _build_body(event: WorkerEvent, secret_names: bool) -> dict[str, Any]:
    """Take what each kind of event is known to say; the rest is the Runtime's own affair."""
    body = event.body
    match event.kind:
        case "created":
            return _take_words(body, "state")
        case "state":
            reasons = _read_reasons(body, secret_names)
            return {**_take_words(body, "from", "to", "trigger"), "reasons": reasons}
        case "narrowed":
            return {"reasons": _read_reasons(body, secret_names)}
        case "approval":
            return _take_words(body, "approval", "verdict")
        case "input":
            return {"text": str(body.get("text", ""))[:_MAX_INPUT]}
        case _:
            return {}


def _take_words(body: dict[str, Any], *names: str) -> dict[str, str]:
    return {name: show_text(body[name]) for name in names if isinstance(body.get(name), str)}


def _read_reasons(body: dict[str, Any], secret_names: bool) -> tuple[WorkerReasonView, ...]:
    found = body.get("reasons")
    reasons = [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
    return tuple(
        _build_reason(
            str(one.get("code", "")), str(one.get("kind", "")), str(one.get("id", "")), secret_names
        )
        for one in reasons[:_MAX_REASONS]
    )
