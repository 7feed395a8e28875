"""Handlers of workers: create, look at, delete; their ids are the Backend's own (K-06)."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import msgspec
from starlette.responses import Response

from worker_runtime.contract.workers import Worker
from worker_runtime.resolution.call_decision import decide_explained_call
from worker_runtime.resolution.spec import ResolvedWorkerSpec
from yoi_bundle.call_text import CallTextError, parse_call
from yoi_bundle.calls.call import ToolCall
from yoi_bundle.digest import compute_digest
from yoi_bundle.verified import verify_manifest
from yoi_wire.backend.errors import PlacementDeniedError, WorkspaceNotFoundError
from yoi_wire.backend.explanations import CallDecisionView, ExplanationView, PreviewView, RightsView, SpecView
from yoi_wire.backend.operations import (
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
    PREVIEW_WORKER,
    SEND_WORKER_INPUT,
    STOP_WORKER,
)
from yoi_wire.backend.workers import (
    ApprovalView,
    PreviewOrder,
    WorkerEventPageView,
    WorkerEventView,
    WorkerOrder,
    WorkerView,
)
from yoi_wire.errors import ForbiddenError, RemoteFaultError, RequestInvalidError
from yoi_wire.paging import Page
from yoi_wire.server.event_stream import (
    EVENT_STREAM,
    Batch,
    Event,
    answer_events,
    read_last_event_id,
)
from yoi_wire.server.http_state import OpenStreams
from yoi_wire.server.responses import Answer
from yoi_wire.server.router import handles
from yoi_wire.worker_requests import ApprovalDecision, WorkerInput
from yoi_workspace_server.rest.principals import verify_sees
from yoi_workspace_server.rest.runtime_handlers import get_visible
from yoi_workspace_server.rest.services import BackendCall
from yoi_workspace_server.roles import Principal
from yoi_workspace_server.views.explanations import (
    build_call_decision_view,
    build_explanation_view,
    build_rights_view,
    build_spec_view,
)
from yoi_workspace_server.views.workers import (
    build_approval_view,
    build_event_page_view,
    build_event_view,
    build_worker_view,
)
from yoi_workspace_server.workers.access import ReachableWorker
from yoi_workspace_server.workers.creation import Preview, WorkerRefusedError
from yoi_workspace_server.workers.foreign_errors import translate_errors

ANY_RUNTIME = "*"
"""What placement denied, to who is not told which Runtimes there are."""


@handles(LIST_WORKERS)
async def list_workers(
    call: BackendCall, workspace: str | None, runtime: str | None, cursor: str | None, limit: int
) -> Page[WorkerView]:
    principal = call.caller
    services = call.services
    if workspace is not None and not principal.sees(workspace):
        raise WorkspaceNotFoundError(workspace)
    page = await services.store.workers.list_workers(
        workspace=workspace,
        runtime=runtime,
        within=principal.workspaces,
        limit=limit,
        cursor=cursor,
    )
    names = principal.may("secret_names:read")
    observed = await services.workers.observe(page.items)
    views = tuple(build_worker_view(one, observed.get(one.id), secret_names=names) for one in page.items)
    return Page[WorkerView](items=views, next_cursor=page.next_cursor)


@handles(GET_WORKER)
async def get_worker(call: BackendCall, worker: str) -> WorkerView:
    principal = call.caller
    workers = call.services.workers
    record = await workers.get_record(worker, principal)
    observed = None
    if record.runtime_worker is not None:
        found = await workers.dial(record)
        with translate_errors(record):
            observed = await found.api.get_worker(found.caller, found.id)
    return build_worker_view(record, observed, secret_names=principal.may("secret_names:read"))


@handles(DELETE_WORKER)
async def delete_worker(call: BackendCall, worker: str) -> None:
    principal = call.caller
    await call.services.workers.delete(worker, principal)


@handles(GET_WORKER_EXPLANATION)
async def get_worker_explanation(call: BackendCall, worker: str) -> ExplanationView:
    principal = call.caller
    found = await call.services.workers.reach(worker, principal)
    with translate_errors(found.record):
        explanation = await found.api.get_worker_explanation(found.caller, found.id)
    names = principal.may("secret_names:read")
    return build_explanation_view(explanation, found.record.last_accepted, secret_names=names)


@handles(GET_WORKER_RIGHTS)
async def get_worker_rights(call: BackendCall, worker: str) -> RightsView:
    found = await call.services.workers.reach(worker, call.caller)
    with translate_errors(found.record):
        rights = await found.api.get_worker_rights(found.caller, found.id)
    names = call.caller.may("secret_names:read")
    return build_rights_view(rights, found.record, secret_names=names)


def _limit(refused: WorkerRefusedError, order: WorkerOrder, principal: Principal) -> WorkerRefusedError:
    """Name no Runtime to who does not see it: one that may not have the workspace's bundle, unless it was asked for."""
    if principal.workspaces is None:
        return refused
    seen = tuple(one for one in refused.refusals if one.by != "placement" or one.runtime == order.runtime)
    error = refused.error
    if isinstance(error, PlacementDeniedError):
        error = PlacementDeniedError(order.workspace, order.runtime or ANY_RUNTIME)
    return WorkerRefusedError(error, seen)


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


_POLL_SECONDS = 1.0

_LOOK_SECONDS = 5.0
"""How soon it is found out that a token is no longer in force."""

_PAGE_SIZE = 100


class WorkerEvents:
    """A Worker's events, until the Worker, its Runtime or the token is gone."""

    def __init__(self, call: BackendCall, found: ReachableWorker) -> None:
        self._call = call
        self._found = found
        self._principal = call.caller
        self._looked_at = time.monotonic()

    async def read(self, after: int) -> Batch:
        if time.monotonic() - self._looked_at >= _LOOK_SECONDS:
            self._principal = await self._call.authorize()
            self._looked_at = time.monotonic()
        found, names = self._found, self._principal.may("secret_names:read")
        with translate_errors(found.record):
            page = await found.api.list_worker_events(found.caller, found.id, after=after, limit=_PAGE_SIZE)
        views = [build_event_view(event, secret_names=names) for event in page.events]
        events = tuple(Event(view.sequence, view.kind, msgspec.json.encode(view)) for view in views)
        return Batch(events, page.last, page.more)

    async def wait(self, streams: OpenStreams) -> bool:
        return await streams.pause(_POLL_SECONDS)


def read_spec(content: bytes) -> tuple[ResolvedWorkerSpec, str]:
    """Return the spec, and the digest of its bytes.

    Raises:
        RemoteFaultError: It is of another form than this version knows.
    """
    try:
        spec = msgspec.json.decode(content, type=ResolvedWorkerSpec)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RemoteFaultError("a spec of another form than this version knows") from error
    return spec, compute_digest(content)


@handles(CREATE_WORKER)
async def create_worker(call: BackendCall, body: WorkerOrder) -> Answer:
    """Create a Worker; 200 as well for the one that is there under the key, since both calls ask for the same."""
    principal = call.caller
    services = call.services
    await verify_sees(call, body.workspace)
    if body.runtime is not None:
        await get_visible(services.store, principal, body.runtime)
    try:
        created = await services.creation.create(body, actor=principal.name)
    except WorkerRefusedError as refused:
        raise _limit(refused, body, principal) from refused
    names = principal.may("secret_names:read")
    view = build_worker_view(created.record, created.worker, secret_names=names)
    return Answer(view, headers={"Location": f"/api/v1/workers/{created.record.id}"})


@handles(PREVIEW_WORKER)
async def preview_worker(call: BackendCall, body: PreviewOrder) -> PreviewView:
    """Ask a Runtime what a Worker would be; who may not see names of secrets may not try them out, either."""
    principal = call.caller
    names = principal.may("secret_names:read")
    await verify_sees(call, body.workspace)
    await get_visible(call.services.store, principal, body.runtime)
    if not names and _names_secrets(body):
        raise ForbiddenError(scope="secret_names:read")
    asked = _parse_call(body)
    found = await call.services.creation.preview(body)
    return PreviewView(
        runtime=body.runtime,
        workspace=body.workspace,
        digest=found.digest,
        explanations=tuple(
            build_explanation_view(one, found.last_accepted, secret_names=names) for one in found.explanations
        ),
        call=None if asked is None else await _judge(call, body.workspace, found, asked, names),
    )


def _names_secrets(order: PreviewOrder) -> bool:
    intent = order.intent
    return intent.narrowing.secrets is not None or any(one.startswith("secret:") for one in intent.requires)


def _parse_call(order: PreviewOrder) -> ToolCall | None:
    if order.call is None:
        return None
    if order.every_profile:
        raise RequestInvalidError("a call is one profile's", field="call")
    try:
        return parse_call(order.call)
    except CallTextError as error:
        raise RequestInvalidError(str(error), field="call") from error


async def _judge(
    call: BackendCall, workspace: str, found: Preview, asked: ToolCall, names: bool
) -> CallDecisionView | None:
    if not found.explanations:
        return None
    decision = decide_explained_call(found.explanations[0], asked)
    manifest = None
    if found.digest is not None:
        stored = await call.services.store.bundles.get_manifest(workspace, found.digest)
        manifest = (await asyncio.to_thread(verify_manifest, stored.manifest, found.digest)).manifest
    return build_call_decision_view(decision, tool=asked.tool, manifest=manifest, secret_names=names)


@handles(GET_WORKER_SPEC)
async def get_worker_spec(call: BackendCall, worker: str) -> SpecView:
    """Answer with what the Worker has, by name; for operators, because it names secret references."""
    principal = call.caller
    found = await call.services.workers.reach(worker, principal)
    with translate_errors(found.record):
        spec, digest = read_spec(await found.api.get_worker_spec(found.caller, found.id))
    return build_spec_view(spec, spec_digest=digest)


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
