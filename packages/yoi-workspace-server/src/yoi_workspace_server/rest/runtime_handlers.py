"""Handlers of runtimes: which there are, how they are, and how they are dialled (K-02)."""

from yoi_wire.backend.operations import (
    ADD_RUNTIME,
    CHANGE_RUNTIME,
    GET_RUNTIME,
    GET_RUNTIME_CONNECTION,
    LIST_RUNTIMES,
    REMOVE_RUNTIME,
)
from yoi_wire.backend.runtimes import RuntimeAddition, RuntimeChange, RuntimeView
from yoi_wire.paging import Page
from yoi_wire.server.responses import Answer
from yoi_wire.server.router import handles
from yoi_workspace_server.registry.connections import verify_connection
from yoi_workspace_server.rest.services import BackendCall
from yoi_workspace_server.rest.visible_runtimes import get_visible, list_visible
from yoi_workspace_server.roles import verify_permission
from yoi_workspace_server.views.runtimes import build_connection_view, build_runtime_view


@handles(LIST_RUNTIMES)
async def list_runtimes(call: BackendCall, cursor: str | None, limit: int) -> Page[RuntimeView]:
    principal = call.caller
    page = await list_visible(
        call.services.store,
        principal,
        limit=limit,
        cursor=cursor,
    )
    names = principal.may("secret_names:read")
    return page.map(lambda item: build_runtime_view(item, secret_names=names))


@handles(GET_RUNTIME)
async def get_runtime(call: BackendCall, runtime: str) -> RuntimeView:
    principal = call.caller
    found = await get_visible(call.services.store, principal, runtime)
    return build_runtime_view(found, secret_names=principal.may("secret_names:read"))


@handles(GET_RUNTIME_CONNECTION)
async def get_runtime_connection(call: BackendCall, runtime: str) -> Answer:
    """Answer with endpoint and trust, for a token that names the scope; no browser asks for this."""
    found = await call.services.store.runtimes.get_runtime(runtime)
    return Answer(build_connection_view(found), headers={"Cache-Control": "no-store"})


@handles(ADD_RUNTIME)
async def add_runtime(call: BackendCall, body: RuntimeAddition) -> Answer:
    """Register a remote Runtime; who may not see where Runtimes are may not say it, either.

    An endpoint is sent tokens, so that naming another one is as good as holding a credential.
    """
    principal = call.caller
    verify_permission(principal, "runtimes:connection")
    verify_connection(body.connection)
    added = await call.services.registration.add_remote(
        body.name,
        body.connection,
        audience=body.audience,
        labels=body.labels,
        actor=principal.name,
    )
    view = build_runtime_view(added, secret_names=principal.may("secret_names:read"))
    return Answer(view, headers={"Location": f"/api/v1/runtimes/{added.name}"})


@handles(CHANGE_RUNTIME)
async def change_runtime(call: BackendCall, runtime: str, body: RuntimeChange) -> RuntimeView:
    principal = call.caller
    if body.connection is not None:
        verify_permission(principal, "runtimes:connection")
        verify_connection(body.connection)
    changed = await call.services.registration.change(
        runtime, labels=body.labels, connection=body.connection, actor=principal.name
    )
    return build_runtime_view(changed, secret_names=principal.may("secret_names:read"))


@handles(REMOVE_RUNTIME)
async def remove_runtime(call: BackendCall, runtime: str, force: bool) -> None:
    """Have its assignments deleted, and remove it; with `force=true` also when it cannot be asked to."""
    principal = call.caller
    registration = call.services.registration
    await registration.remove(runtime, actor=principal.name, force=force)
