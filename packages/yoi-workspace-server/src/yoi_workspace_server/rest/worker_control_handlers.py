"""Handlers of what happens to Workers, and what is said to them,; passed on to the Runtime that has each (K-06)."""

from collections.abc import Awaitable, Callable

from starlette.responses import Response

from worker_runtime.contract.workers import Worker
from yoi_wire.backend.operations import (
    CANCEL_WORKER,
    DECIDE_WORKER_APPROVAL,
    LIST_WORKER_APPROVALS,
    LIST_WORKER_EVENTS,
    SEND_WORKER_INPUT,
    STOP_WORKER,
)
from yoi_wire.backend.workers import ApprovalView, WorkerEventPageView, WorkerEventView, WorkerView
from yoi_wire.server.event_stream import (
    EVENT_STREAM,
    answer_events,
    read_last_event_id,
)
from yoi_wire.server.router import handles
from yoi_wire.worker_requests import ApprovalDecision, WorkerInput
from yoi_workspace_server.rest.services import BackendCall
from yoi_workspace_server.rest.worker_stream import WorkerEvents
from yoi_workspace_server.views.workers import (
    build_approval_view,
    build_event_page_view,
    build_event_view,
    build_worker_view,
)
from yoi_workspace_server.workers.access import ReachableWorker
from yoi_workspace_server.workers.foreign_errors import translate_errors


@handles(LIST_WORKER_EVENTS)
async def list_worker_events(
    call: BackendCall, worker: str, after: int, limit: int
) -> WorkerEventPageView | Response:
    """Give events as a page, or as they come to a caller that accepts `text/event-stream`."""
    principal = call.caller
    found = await call.services.workers.reach(worker, principal)
    last = read_last_event_id(call.request)
    after = after if last is None else last
    if call.media_type == EVENT_STREAM:
        return await answer_events(call.services.http, WorkerEvents(call, found), after)
    with translate_errors(found.record):
        page = await found.api.list_worker_events(found.caller, found.id, after=after, limit=limit)
    return build_event_page_view(page, secret_names=principal.may("secret_names:read"))


@handles(SEND_WORKER_INPUT)
async def send_worker_input(call: BackendCall, worker: str, body: WorkerInput) -> WorkerEventView:
    found = await _reach(call, worker)
    with translate_errors(found.record):
        event = await found.api.send_worker_input(found.caller, found.id, body)
    await _record(call, found, "input")
    return build_event_view(event, secret_names=call.caller.may("secret_names:read"))


@handles(STOP_WORKER)
async def stop_worker(call: BackendCall, worker: str) -> WorkerView:
    found = await _reach(call, worker)
    return await _end(call, found, "stop", found.api.stop_worker)


@handles(CANCEL_WORKER)
async def cancel_worker(call: BackendCall, worker: str) -> WorkerView:
    found = await _reach(call, worker)
    return await _end(call, found, "cancel", found.api.cancel_worker)


@handles(LIST_WORKER_APPROVALS)
async def list_worker_approvals(call: BackendCall, worker: str) -> tuple[ApprovalView, ...]:
    principal = call.caller
    found = await call.services.workers.reach(worker, principal)
    with translate_errors(found.record):
        approvals = await found.api.list_worker_approvals(found.caller, found.id)
    summary = principal.may("workers:control")
    return tuple(build_approval_view(one, summary=summary) for one in approvals)


@handles(DECIDE_WORKER_APPROVAL)
async def decide_worker_approval(
    call: BackendCall, worker: str, approval: str, body: ApprovalDecision
) -> ApprovalView:
    found = await _reach(call, worker)
    with translate_errors(found.record):
        decided = await found.api.decide_worker_approval(found.caller, found.id, approval, body)
    await _record(call, found, f"approval.{body.verdict}")
    return build_approval_view(decided, summary=True)


async def _reach(call: BackendCall, worker: str) -> ReachableWorker:
    return await call.services.workers.reach(worker, call.caller)


async def _end(
    call: BackendCall,
    found: ReachableWorker,
    operation: str,
    end: Callable[..., Awaitable[Worker]],
) -> WorkerView:
    with translate_errors(found.record):
        worker = await end(found.caller, found.id)
    await _record(call, found, operation)
    return build_worker_view(found.record, worker, secret_names=call.caller.may("secret_names:read"))


async def _record(call: BackendCall, found: ReachableWorker, operation: str) -> None:
    await call.services.workers.record_control(found.record, operation, actor=call.caller.name)
