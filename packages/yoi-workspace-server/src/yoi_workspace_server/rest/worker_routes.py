"""Workers over HTTP: create, look at, delete; their ids are the Backend's own (K-06)."""

from litestar import Response, delete, get, post
from litestar.params import FromPath

from worker_runtime.rest.answers import answer_json, answer_nothing, read_limit, read_text, verify_query
from worker_runtime.rest.bodies import read_document
from worker_runtime.rest.services import HttpRequest
from yoi_wire.paging import Page
from yoi_workspace_server.errors import PlacementDeniedError, WorkspaceNotFoundError
from yoi_workspace_server.rest.principals import authorize, authorize_on
from yoi_workspace_server.rest.services import get_backend
from yoi_workspace_server.rest.visible_runtimes import get_visible
from yoi_workspace_server.roles import Principal
from yoi_workspace_server.views.explanations import build_explanation_view
from yoi_workspace_server.views.specs import build_spec_view
from yoi_workspace_server.views.workers import WorkerView, build_worker_view
from yoi_workspace_server.workers.foreign_errors import translate_errors
from yoi_workspace_server.workers.orders import WorkerOrder, WorkerRefusedError
from yoi_workspace_server.workers.spec_reading import read_spec

ANY_RUNTIME = "*"
"""What placement denied, to who is not told which Runtimes there are."""


@get("/api/v1/workers")
async def list_workers(request: HttpRequest) -> Response[bytes]:
    principal = await authorize(request, "workers:read")
    verify_query(request, "workspace", "runtime", "cursor", "limit")
    services = get_backend(request)
    workspace = read_text(request, "workspace")
    if workspace is not None and not principal.sees(workspace):
        raise WorkspaceNotFoundError(workspace)
    page = await services.store.workers.list_workers(
        workspace=workspace,
        runtime=read_text(request, "runtime"),
        within=principal.workspaces,
        limit=read_limit(request),
        cursor=read_text(request, "cursor"),
    )
    names = principal.may("secret_names:read")
    observed = await services.workers.observe(page.items)
    views = tuple(build_worker_view(one, observed.get(one.id), secret_names=names) for one in page.items)
    return answer_json(Page[WorkerView](items=views, next_cursor=page.next_cursor))


@post("/api/v1/workers", status_code=200)
async def create_worker(request: HttpRequest) -> Response[bytes]:
    """Create a Worker; 200 as well for the one that is there under the key, since both calls ask for the same."""
    principal = await authorize(request, "workers:control")
    verify_query(request)
    order = await read_document(request, WorkerOrder)
    await authorize_on(request, "workers:control", order.workspace)
    services = get_backend(request)
    if order.runtime is not None:
        await get_visible(services.store, principal, order.runtime)
    try:
        created = await services.creation.create(order, actor=principal.name)
    except WorkerRefusedError as refused:
        raise _limit(refused, order, principal) from refused
    names = principal.may("secret_names:read")
    view = build_worker_view(created.record, created.worker, secret_names=names)
    return answer_json(view, headers={"Location": f"/api/v1/workers/{created.record.id}"})


@get("/api/v1/workers/{worker:str}")
async def get_worker(request: HttpRequest, worker: FromPath[str]) -> Response[bytes]:
    principal = await authorize(request, "workers:read")
    verify_query(request)
    workers = get_backend(request).workers
    record = await workers.get_record(worker, principal)
    observed = None
    if record.runtime_worker is not None:
        found = await workers.dial(record)
        with translate_errors(record):
            observed = await found.api.get_worker(found.caller, found.id)
    return answer_json(build_worker_view(record, observed, secret_names=principal.may("secret_names:read")))


@delete("/api/v1/workers/{worker:str}", status_code=204)
async def delete_worker(request: HttpRequest, worker: FromPath[str]) -> Response[None]:
    principal = await authorize(request, "workers:control")
    verify_query(request)
    await get_backend(request).workers.delete(worker, principal)
    return answer_nothing()


@get("/api/v1/workers/{worker:str}/spec")
async def get_worker_spec(request: HttpRequest, worker: FromPath[str]) -> Response[bytes]:
    """Answer with what the Worker has, by name; for operators, because it names secret references."""
    principal = await authorize(request, "secret_names:read")
    verify_query(request)
    found = await get_backend(request).workers.reach(worker, principal)
    with translate_errors(found.record):
        spec, digest = read_spec(await found.api.get_worker_spec(found.caller, found.id))
    return answer_json(build_spec_view(spec, spec_digest=digest))


@get("/api/v1/workers/{worker:str}/explanation")
async def get_worker_explanation(request: HttpRequest, worker: FromPath[str]) -> Response[bytes]:
    principal = await authorize(request, "workers:read")
    verify_query(request)
    found = await get_backend(request).workers.reach(worker, principal)
    with translate_errors(found.record):
        explanation = await found.api.get_worker_explanation(found.caller, found.id)
    return answer_json(build_explanation_view(explanation, secret_names=principal.may("secret_names:read")))


def _limit(refused: WorkerRefusedError, order: WorkerOrder, principal: Principal) -> WorkerRefusedError:
    """Name no Runtime to who does not see it: one that may not have the workspace's bundle, unless it was asked for."""
    if principal.workspaces is None:
        return refused
    seen = tuple(one for one in refused.refusals if one.by != "placement" or one.runtime == order.runtime)
    error = refused.error
    if isinstance(error, PlacementDeniedError):
        error = PlacementDeniedError(order.workspace, order.runtime or ANY_RUNTIME)
    return WorkerRefusedError(error, seen)


WORKER_ROUTES = (
    list_workers,
    create_worker,
    get_worker,
    delete_worker,
    get_worker_spec,
    get_worker_explanation,
)
