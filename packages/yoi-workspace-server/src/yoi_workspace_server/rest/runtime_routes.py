"""Runtimes over HTTP: which there are, how they are, and how they are dialled (K-02)."""

from litestar import Response, delete, get, patch, post
from litestar.params import FromPath

from worker_runtime.rest.answers import answer_json, answer_nothing, read_limit, read_text, verify_query
from worker_runtime.rest.bodies import read_document
from worker_runtime.rest.services import HttpRequest
from yoi_wire.errors import RequestInvalidError
from yoi_wire.paging import Page
from yoi_workspace_server.registry.connections import verify_connection
from yoi_workspace_server.rest.principals import authorize, authorize_whole
from yoi_workspace_server.rest.services import get_backend
from yoi_workspace_server.rest.visible_runtimes import get_visible, list_visible
from yoi_workspace_server.roles import verify_permission
from yoi_workspace_server.runtimes import RuntimeAddition, RuntimeChange
from yoi_workspace_server.views.runtimes import RuntimeView, build_connection_view, build_runtime_view


@get("/api/v1/runtimes")
async def list_runtimes(request: HttpRequest) -> Response[bytes]:
    principal = await authorize(request, "runtimes:read")
    verify_query(request, "cursor", "limit")
    page = await list_visible(
        get_backend(request).store,
        principal,
        limit=read_limit(request),
        cursor=read_text(request, "cursor"),
    )
    names = principal.may("secret_names:read")
    views = tuple(build_runtime_view(one, secret_names=names) for one in page.items)
    return answer_json(Page[RuntimeView](items=views, next_cursor=page.next_cursor))


@get("/api/v1/runtimes/{runtime:str}")
async def get_runtime(request: HttpRequest, runtime: FromPath[str]) -> Response[bytes]:
    principal = await authorize(request, "runtimes:read")
    verify_query(request)
    found = await get_visible(get_backend(request).store, principal, runtime)
    return answer_json(build_runtime_view(found, secret_names=principal.may("secret_names:read")))


@get("/api/v1/runtimes/{runtime:str}/connection")
async def get_runtime_connection(request: HttpRequest, runtime: FromPath[str]) -> Response[bytes]:
    """Answer with endpoint and trust, for a token that names the scope; no browser asks for this."""
    await authorize_whole(request, "runtimes:connection")
    verify_query(request)
    found = await get_backend(request).store.runtimes.get_runtime(runtime)
    return answer_json(build_connection_view(found), headers={"Cache-Control": "no-store"})


@post("/api/v1/runtimes")
async def add_runtime(request: HttpRequest) -> Response[bytes]:
    """Register a remote Runtime; who may not see where Runtimes are may not say it, either.

    An endpoint is sent tokens, so that naming another one is as good as holding a credential.
    """
    principal = await authorize_whole(request, "runtimes:write")
    verify_query(request)
    verify_permission(principal, "runtimes:connection")
    wanted = await read_document(request, RuntimeAddition)
    verify_connection(wanted.connection)
    added = await get_backend(request).registration.add_remote(
        wanted.name,
        wanted.connection,
        audience=wanted.audience,
        labels=wanted.labels,
        actor=principal.name,
    )
    view = build_runtime_view(added, secret_names=principal.may("secret_names:read"))
    return answer_json(view, 201, headers={"Location": f"/api/v1/runtimes/{added.name}"})


@patch("/api/v1/runtimes/{runtime:str}")
async def change_runtime(request: HttpRequest, runtime: FromPath[str]) -> Response[bytes]:
    principal = await authorize_whole(request, "runtimes:write")
    verify_query(request)
    change = await read_document(request, RuntimeChange)
    if change.connection is not None:
        verify_permission(principal, "runtimes:connection")
        verify_connection(change.connection)
    changed = await get_backend(request).registration.change(
        runtime, labels=change.labels, connection=change.connection, actor=principal.name
    )
    return answer_json(build_runtime_view(changed, secret_names=principal.may("secret_names:read")))


@delete("/api/v1/runtimes/{runtime:str}", status_code=204)
async def remove_runtime(request: HttpRequest, runtime: FromPath[str]) -> Response[None]:
    """Have its assignments deleted, and remove it; with `force=true` also when it cannot be asked to."""
    principal = await authorize_whole(request, "runtimes:write")
    verify_query(request, "force")
    force = read_text(request, "force")
    if force not in (None, "true"):
        raise RequestInvalidError("true, or nothing", field="force")
    registration = get_backend(request).registration
    await registration.remove(runtime, actor=principal.name, force=force is not None)
    return answer_nothing()


RUNTIME_ROUTES = (
    list_runtimes,
    get_runtime,
    get_runtime_connection,
    add_runtime,
    change_runtime,
    remove_runtime,
)
