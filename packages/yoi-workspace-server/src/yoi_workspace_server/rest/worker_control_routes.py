"""What happens to Workers, and what is said to them, over HTTP; passed on to the Runtime that has each (K-06)."""

from collections.abc import Awaitable, Callable
from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath

from worker_runtime.contract.workers import ApprovalDecision, Worker, WorkerInput
from worker_runtime.rest.answers import answer_json, read_limit, verify_query
from worker_runtime.rest.bodies import read_document, verify_no_body
from worker_runtime.rest.events import read_position, wants_event_stream
from worker_runtime.rest.services import HttpRequest
from yoi_workspace_server.rest.principals import authorize
from yoi_workspace_server.rest.services import get_backend
from yoi_workspace_server.rest.worker_stream import answer_worker_stream
from yoi_workspace_server.roles import Principal
from yoi_workspace_server.views.workers import (
    build_approval_view,
    build_event_page_view,
    build_event_view,
    build_worker_view,
)
from yoi_workspace_server.workers.access import ReachableWorker
from yoi_workspace_server.workers.foreign_errors import translate_errors


@get("/api/v1/workers/{worker:str}/events")
async def list_worker_events(request: HttpRequest, worker: FromPath[str]) -> Response[Any]:
    """Give events as a page, or as they come to a caller that accepts `text/event-stream`."""
    principal = await authorize(request, "workers:read")
    verify_query(request, "after", "limit")
    found = await get_backend(request).workers.reach(worker, principal)
    if wants_event_stream(request):
        return await answer_worker_stream(request, found, principal)
    after, limit = read_position(request), read_limit(request)
    with translate_errors(found.record):
        page = await found.api.list_worker_events(found.caller, found.id, after=after, limit=limit)
    return answer_json(build_event_page_view(page, secret_names=principal.may("secret_names:read")))


@post("/api/v1/workers/{worker:str}/input", status_code=200)
async def send_worker_input(request: HttpRequest, worker: FromPath[str]) -> Response[bytes]:
    principal, found = await _reach(request, worker)
    said = await read_document(request, WorkerInput)
    with translate_errors(found.record):
        event = await found.api.send_worker_input(found.caller, found.id, said)
    await _record(request, found, "input", principal)
    return answer_json(build_event_view(event, secret_names=principal.may("secret_names:read")))


@post("/api/v1/workers/{worker:str}/stop", status_code=200)
async def stop_worker(request: HttpRequest, worker: FromPath[str]) -> Response[bytes]:
    principal, found = await _reach(request, worker)
    return await _end(request, principal, found, "stop", found.api.stop_worker)


@post("/api/v1/workers/{worker:str}/cancel", status_code=200)
async def cancel_worker(request: HttpRequest, worker: FromPath[str]) -> Response[bytes]:
    principal, found = await _reach(request, worker)
    return await _end(request, principal, found, "cancel", found.api.cancel_worker)


@get("/api/v1/workers/{worker:str}/approvals")
async def list_worker_approvals(request: HttpRequest, worker: FromPath[str]) -> Response[bytes]:
    principal = await authorize(request, "workers:read")
    verify_query(request)
    found = await get_backend(request).workers.reach(worker, principal)
    with translate_errors(found.record):
        approvals = await found.api.list_worker_approvals(found.caller, found.id)
    summary = principal.may("workers:control")
    return answer_json(tuple(build_approval_view(one, summary=summary) for one in approvals))


@post("/api/v1/workers/{worker:str}/approvals/{approval:str}", status_code=200)
async def decide_worker_approval(
    request: HttpRequest, worker: FromPath[str], approval: FromPath[str]
) -> Response[bytes]:
    principal, found = await _reach(request, worker)
    decision = await read_document(request, ApprovalDecision)
    with translate_errors(found.record):
        decided = await found.api.decide_worker_approval(found.caller, found.id, approval, decision)
    await _record(request, found, f"approval.{decision.verdict}", principal)
    return answer_json(build_approval_view(decided, summary=True))


async def _reach(request: HttpRequest, worker: str) -> tuple[Principal, ReachableWorker]:
    principal = await authorize(request, "workers:control")
    verify_query(request)
    return principal, await get_backend(request).workers.reach(worker, principal)


async def _end(
    request: HttpRequest,
    principal: Principal,
    found: ReachableWorker,
    operation: str,
    end: Callable[..., Awaitable[Worker]],
) -> Response[bytes]:
    await verify_no_body(request)
    with translate_errors(found.record):
        worker = await end(found.caller, found.id)
    await _record(request, found, operation, principal)
    view = build_worker_view(found.record, worker, secret_names=principal.may("secret_names:read"))
    return answer_json(view)


async def _record(request: HttpRequest, found: ReachableWorker, operation: str, principal: Principal) -> None:
    await get_backend(request).workers.record_control(found.record, operation, actor=principal.name)


WORKER_CONTROL_ROUTES = (
    list_worker_events,
    send_worker_input,
    stop_worker,
    cancel_worker,
    list_worker_approvals,
    decide_worker_approval,
)
