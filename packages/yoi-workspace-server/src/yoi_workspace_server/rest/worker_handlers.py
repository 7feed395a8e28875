"""Handlers of workers: create, look at, delete; their ids are the Backend's own (K-06)."""

from yoi_wire.backend.errors import PlacementDeniedError, WorkspaceNotFoundError
from yoi_wire.backend.explanations import ExplanationView, SpecView
from yoi_wire.backend.operations import (
    CREATE_WORKER,
    DELETE_WORKER,
    GET_WORKER,
    GET_WORKER_EXPLANATION,
    GET_WORKER_SPEC,
    LIST_WORKERS,
)
from yoi_wire.backend.workers import WorkerOrder, WorkerView
from yoi_wire.paging import Page
from yoi_wire.server.responses import Answer
from yoi_wire.server.router import handles
from yoi_workspace_server.rest.principals import verify_sees
from yoi_workspace_server.rest.services import BackendCall
from yoi_workspace_server.rest.visible_runtimes import get_visible
from yoi_workspace_server.roles import Principal
from yoi_workspace_server.views.explanations import build_explanation_view
from yoi_workspace_server.views.specs import build_spec_view
from yoi_workspace_server.views.workers import build_worker_view
from yoi_workspace_server.workers.foreign_errors import translate_errors
from yoi_workspace_server.workers.orders import WorkerRefusedError
from yoi_workspace_server.workers.spec_reading import read_spec

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


@handles(GET_WORKER_SPEC)
async def get_worker_spec(call: BackendCall, worker: str) -> SpecView:
    """Answer with what the Worker has, by name; for operators, because it names secret references."""
    principal = call.caller
    found = await call.services.workers.reach(worker, principal)
    with translate_errors(found.record):
        spec, digest = read_spec(await found.api.get_worker_spec(found.caller, found.id))
    return build_spec_view(spec, spec_digest=digest)


@handles(GET_WORKER_EXPLANATION)
async def get_worker_explanation(call: BackendCall, worker: str) -> ExplanationView:
    principal = call.caller
    found = await call.services.workers.reach(worker, principal)
    with translate_errors(found.record):
        explanation = await found.api.get_worker_explanation(found.caller, found.id)
    return build_explanation_view(explanation, secret_names=principal.may("secret_names:read"))


def _limit(refused: WorkerRefusedError, order: WorkerOrder, principal: Principal) -> WorkerRefusedError:
    """Name no Runtime to who does not see it: one that may not have the workspace's bundle, unless it was asked for."""
    if principal.workspaces is None:
        return refused
    seen = tuple(one for one in refused.refusals if one.by != "placement" or one.runtime == order.runtime)
    error = refused.error
    if isinstance(error, PlacementDeniedError):
        error = PlacementDeniedError(order.workspace, order.runtime or ANY_RUNTIME)
    return WorkerRefusedError(error, seen)
