"""Workers over HTTP (W-01 to W-03, S-08)."""

from typing import Any

from litestar import Response, delete, get, post
from litestar.params import FromPath

from worker_runtime.contract.workers import ApprovalDecision, CreateWorkerRequest, PreviewRequest, WorkerInput
from worker_runtime.rest.answers import (
    answer_json,
    answer_nothing,
    format_entity_tag,
    has_entity,
    read_limit,
    read_text,
    verify_query,
)
from worker_runtime.rest.bodies import read_document, verify_no_body
from worker_runtime.rest.callers import authenticate
from worker_runtime.rest.events import answer_event_stream, read_position, wants_event_stream
from worker_runtime.rest.services import HttpRequest, get_services
from yoi_bundle.digest import compute_digest


@post("/v1/workers:resolve", status_code=200)
async def resolve_worker(request: HttpRequest) -> Response[bytes]:
    caller = await authenticate(request)
    wanted = await read_document(request, PreviewRequest)
    return answer_json(await get_services(request).runtime.resolve_worker(caller, wanted))


@get("/v1/workers")
async def list_workers(request: HttpRequest) -> Response[bytes]:
    caller = await authenticate(request)
    verify_query(request, "workspace", "cursor", "limit")
    page = await get_services(request).runtime.list_workers(
        caller,
        workspace=read_text(request, "workspace"),
        cursor=read_text(request, "cursor"),
        limit=read_limit(request),
    )
    return answer_json(page)


@post("/v1/workers", status_code=200)
async def create_worker(request: HttpRequest) -> Response[bytes]:
    """Create a Worker; 200 as well for the one that is there under the key, since both calls ask for the same."""
    caller = await authenticate(request)
    wanted = await read_document(request, CreateWorkerRequest)
    worker = await get_services(request).runtime.create_worker(caller, wanted)
    return answer_json(worker, headers={"Location": f"/v1/workers/{worker.id}"})


@get("/v1/workers/{worker:str}")
async def get_worker(request: HttpRequest, worker: FromPath[str]) -> Response[bytes]:
    caller = await authenticate(request)
    return answer_json(await get_services(request).runtime.get_worker(caller, worker))


@delete("/v1/workers/{worker:str}", status_code=204)
async def delete_worker(request: HttpRequest, worker: FromPath[str]) -> Response[None]:
    caller = await authenticate(request)
    await get_services(request).runtime.delete_worker(caller, worker)
    return answer_nothing()


@get("/v1/workers/{worker:str}/spec")
async def get_worker_spec(request: HttpRequest, worker: FromPath[str]) -> Response[bytes]:
    caller = await authenticate(request)
    spec = await get_services(request).runtime.get_worker_spec(caller, worker)
    digest = compute_digest(spec)
    headers = {"ETag": format_entity_tag(digest)}
    if has_entity(request, digest):
        return Response(b"", status_code=304, headers=headers)
    return Response(spec, status_code=200, media_type="application/json", headers=headers)


@get("/v1/workers/{worker:str}/explanation")
async def get_worker_explanation(request: HttpRequest, worker: FromPath[str]) -> Response[bytes]:
    caller = await authenticate(request)
    return answer_json(await get_services(request).runtime.get_worker_explanation(caller, worker))


@get("/v1/workers/{worker:str}/events")
async def list_worker_events(request: HttpRequest, worker: FromPath[str]) -> Response[Any]:
    """Give events as a page, or as they come to a caller that accepts `text/event-stream`."""
    caller = await authenticate(request)
    verify_query(request, "after", "limit")
    runtime = get_services(request).runtime
    if wants_event_stream(request):
        return await answer_event_stream(request, caller, worker)
    page = await runtime.list_worker_events(
        caller, worker, after=read_position(request), limit=read_limit(request)
    )
    return answer_json(page)


@post("/v1/workers/{worker:str}/input", status_code=200)
async def send_worker_input(request: HttpRequest, worker: FromPath[str]) -> Response[bytes]:
    caller = await authenticate(request)
    said = await read_document(request, WorkerInput)
    return answer_json(await get_services(request).runtime.send_worker_input(caller, worker, said))


@post("/v1/workers/{worker:str}/stop", status_code=200)
async def stop_worker(request: HttpRequest, worker: FromPath[str]) -> Response[bytes]:
    caller = await authenticate(request)
    await verify_no_body(request)
    return answer_json(await get_services(request).runtime.stop_worker(caller, worker))


@post("/v1/workers/{worker:str}/cancel", status_code=200)
async def cancel_worker(request: HttpRequest, worker: FromPath[str]) -> Response[bytes]:
    caller = await authenticate(request)
    await verify_no_body(request)
    return answer_json(await get_services(request).runtime.cancel_worker(caller, worker))


@get("/v1/workers/{worker:str}/approvals")
async def list_worker_approvals(request: HttpRequest, worker: FromPath[str]) -> Response[bytes]:
    caller = await authenticate(request)
    return answer_json(await get_services(request).runtime.list_worker_approvals(caller, worker))


@post("/v1/workers/{worker:str}/approvals/{approval:str}", status_code=200)
async def decide_worker_approval(
    request: HttpRequest, worker: FromPath[str], approval: FromPath[str]
) -> Response[bytes]:
    caller = await authenticate(request)
    decision = await read_document(request, ApprovalDecision)
    runtime = get_services(request).runtime
    return answer_json(await runtime.decide_worker_approval(caller, worker, approval, decision))


WORKER_ROUTES = (
    resolve_worker,
    list_workers,
    create_worker,
    get_worker,
    delete_worker,
    get_worker_spec,
    get_worker_explanation,
    list_worker_events,
    send_worker_input,
    stop_worker,
    cancel_worker,
    list_worker_approvals,
    decide_worker_approval,
)
