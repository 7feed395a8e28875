"""View of Workers: the Backend's own record, and of the Runtime's word what is no free text (K-07)."""

from collections.abc import Iterable
from typing import Any

from worker_runtime.contract.workers import Approval, EventPage, StateReason, Worker, WorkerEvent
from yoi_wire.backend.workers import (
    ApprovalView,
    LastAcceptedView,
    WorkerEventPageView,
    WorkerEventView,
    WorkerReasonView,
    WorkerView,
)
from yoi_wire.error_details import clean_code
from yoi_workspace_server.placed_workers import LastAccepted, PlacedWorker
from yoi_workspace_server.views.runtimes import build_details_view
from yoi_workspace_server.views.texts import show_digest, show_text

_MAX_REASONS = 100
_MAX_SUMMARY = 2000
_MAX_INPUT = 262_144


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
        last_accepted=build_last_accepted_view(record.last_accepted, secret_names=secret_names),
    )


def build_last_accepted_view(found: LastAccepted | None, *, secret_names: bool) -> LastAcceptedView | None:
    if found is None:
        return None
    return LastAcceptedView(
        revision=found.revision,
        rejected_revision=found.rejected_revision,
        rejected_digest=found.rejected_digest,
        code=clean_code(found.code),
        details=build_details_view(found.code, found.details, secret_names=secret_names),
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
