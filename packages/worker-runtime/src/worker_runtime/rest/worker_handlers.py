"""Handlers of Workers (W-01 to W-03, S-08)."""

import msgspec
from starlette.responses import Response

from worker_runtime.contract.api import RuntimeApi
from worker_runtime.contract.caller import Caller
from worker_runtime.contract.operations import (
    CANCEL_WORKER,
    CREATE_WORKER,
    DECIDE_WORKER_APPROVAL,
    DELETE_WORKER,
    GET_WORKER,
    GET_WORKER_EXPLANATION,
    GET_WORKER_RIGHTS,
    GET_WORKER_SPEC,
    LIST_WORKER_APPROVALS,
    LIST_WORKER_EVENTS,
    LIST_WORKERS,
    RESOLVE_WORKER,
    SEND_WORKER_INPUT,
    STOP_WORKER,
)
from worker_runtime.contract.workers import (
    Approval,
    CreateWorkerRequest,
    EventPage,
    PreviewRequest,
    Worker,
    WorkerEvent,
)
from worker_runtime.resolution.explain import Explanation
from worker_runtime.resolution.rights import WorkerRights
from worker_runtime.rest.services import RuntimeCall
from yoi_bundle.digest import compute_digest
from yoi_wire.paging import Page
from yoi_wire.server.event_stream import (
    EVENT_STREAM,
    Batch,
    Event,
    answer_events,
    read_last_event_id,
)
from yoi_wire.server.http_state import OpenStreams
from yoi_wire.server.responses import Answer, format_entity_tag, has_entity
from yoi_wire.server.router import handles
from yoi_wire.worker_requests import ApprovalDecision, WorkerInput

_POLL_SECONDS = 0.5
_PAGE_SIZE = 100


@handles(RESOLVE_WORKER)
async def resolve_worker(call: RuntimeCall, body: PreviewRequest) -> tuple[Explanation, ...]:
    return await call.services.runtime.resolve_worker(call.caller, body)


@handles(LIST_WORKERS)
async def list_workers(
    call: RuntimeCall, workspace: str | None, cursor: str | None, limit: int
) -> Page[Worker]:
    return await call.services.runtime.list_workers(
        call.caller, workspace=workspace, cursor=cursor, limit=limit
    )


@handles(CREATE_WORKER)
async def create_worker(call: RuntimeCall, body: CreateWorkerRequest) -> Answer:
    """Create a Worker; 200 as well for the one that is there under the key, since both calls ask for the same."""
    worker = await call.services.runtime.create_worker(call.caller, body)
    return Answer(worker, headers={"Location": f"/v1/workers/{worker.id}"})


@handles(GET_WORKER)
async def get_worker(call: RuntimeCall, worker: str) -> Worker:
    return await call.services.runtime.get_worker(call.caller, worker)


@handles(DELETE_WORKER)
async def delete_worker(call: RuntimeCall, worker: str) -> None:
    await call.services.runtime.delete_worker(call.caller, worker)


@handles(GET_WORKER_SPEC)
async def get_worker_spec(call: RuntimeCall, worker: str) -> Answer:
    spec = await call.services.runtime.get_worker_spec(call.caller, worker)
    digest = compute_digest(spec)
    tag = {"ETag": format_entity_tag(digest)}
    if has_entity(call.request, digest):
        return Answer(status=304, headers=tag)
    return Answer(spec, headers=tag)


@handles(GET_WORKER_EXPLANATION)
async def get_worker_explanation(call: RuntimeCall, worker: str) -> Explanation:
    return await call.services.runtime.get_worker_explanation(call.caller, worker)


@handles(GET_WORKER_RIGHTS)
async def get_worker_rights(call: RuntimeCall, worker: str) -> WorkerRights:
    return await call.services.runtime.get_worker_rights(call.caller, worker)


@handles(LIST_WORKER_EVENTS)
async def list_worker_events(call: RuntimeCall, worker: str, after: int, limit: int) -> EventPage | Response:
    """Give events as a page, or as they come to a caller that prefers `text/event-stream`."""
    last = read_last_event_id(call.request)
    position = after if last is None else last
    runtime = call.services.runtime
    if call.media_type == EVENT_STREAM:
        source = _WorkerEvents(runtime, call.caller, worker)
        return await answer_events(call.services.http, source, position)
    return await runtime.list_worker_events(call.caller, worker, after=position, limit=limit)


class _WorkerEvents:
    """A Worker's events, until the Worker is gone."""

    def __init__(self, runtime: RuntimeApi, caller: Caller, worker: str) -> None:
        self._runtime = runtime
        self._caller = caller
        self._worker = worker

    async def read(self, after: int) -> Batch:
        page = await self._runtime.list_worker_events(
            self._caller, self._worker, after=after, limit=_PAGE_SIZE
        )
        events = tuple(Event(event.sequence, event.kind, msgspec.json.encode(event)) for event in page.events)
        return Batch(events, page.last, page.more)

    async def wait(self, streams: OpenStreams) -> bool:
        return await streams.pause(_POLL_SECONDS)


@handles(SEND_WORKER_INPUT)
async def send_worker_input(call: RuntimeCall, worker: str, body: WorkerInput) -> WorkerEvent:
    return await call.services.runtime.send_worker_input(call.caller, worker, body)


@handles(STOP_WORKER)
async def stop_worker(call: RuntimeCall, worker: str) -> Worker:
    return await call.services.runtime.stop_worker(call.caller, worker)


@handles(CANCEL_WORKER)
async def cancel_worker(call: RuntimeCall, worker: str) -> Worker:
    return await call.services.runtime.cancel_worker(call.caller, worker)


@handles(LIST_WORKER_APPROVALS)
async def list_worker_approvals(call: RuntimeCall, worker: str) -> tuple[Approval, ...]:
    return await call.services.runtime.list_worker_approvals(call.caller, worker)


@handles(DECIDE_WORKER_APPROVAL)
async def decide_worker_approval(
    call: RuntimeCall, worker: str, approval: str, body: ApprovalDecision
) -> Approval:
    return await call.services.runtime.decide_worker_approval(call.caller, worker, approval, body)
