"""Placement rules over HTTP, and why they decide as they do (K-03)."""

from litestar import Response, get, put

from worker_runtime.rest.answers import answer_json, format_entity_tag, read_text, verify_query
from worker_runtime.rest.bodies import read_document
from worker_runtime.rest.services import HttpRequest
from yoi_wire.backend.errors import WorkspaceConflictError
from yoi_wire.errors import RequestInvalidError
from yoi_workspace_server.placement import PlacementPolicy, decide_placement
from yoi_workspace_server.rest.principals import authorize_on, authorize_whole
from yoi_workspace_server.rest.services import get_backend
from yoi_workspace_server.rest.visible_runtimes import get_visible
from yoi_workspace_server.views.placements import build_decision_view, build_policy_view

EVERY_WORKSPACE = "*"
"""What a conflict over the rules is about."""


@get("/api/v1/placements")
async def get_placements(request: HttpRequest) -> Response[bytes]:
    """Answer with all rules; they concern every workspace, and so must the token."""
    await authorize_whole(request, "placements:read")
    verify_query(request)
    return _answer(await get_backend(request).store.placements.get_policy())


@put("/api/v1/placements")
async def put_placements(request: HttpRequest) -> Response[bytes]:
    """Replace all rules, if `generation` is still that which the caller has seen."""
    principal = await authorize_whole(request, "placements:write")
    verify_query(request)
    wanted = await read_document(request, PlacementPolicy)
    policy = await get_backend(request).registration.put_rules(
        wanted.rules, expected_generation=wanted.generation, actor=principal.name
    )
    if policy is None:
        raise WorkspaceConflictError(EVERY_WORKSPACE, "superseded")
    return _answer(policy)


@get("/api/v1/placements/explain")
async def explain_placement(request: HttpRequest) -> Response[bytes]:
    verify_query(request, "workspace", "runtime")
    workspace, runtime = read_text(request, "workspace"), read_text(request, "runtime")
    principal = await authorize_on(request, "placements:read", workspace or "")
    if workspace is None or runtime is None:
        raise RequestInvalidError("workspace and runtime", field="query")
    store = get_backend(request).store
    found = await get_visible(store, principal, runtime)
    placed = (await store.workspaces.get_workspace(workspace)).placed
    decision = decide_placement(await store.placements.get_policy(), placed, found.placed)
    return answer_json(
        build_decision_view(decision, workspace=workspace, runtime=runtime, principal=principal)
    )


def _answer(policy: PlacementPolicy) -> Response[bytes]:
    tag = format_entity_tag(str(policy.generation))
    return answer_json(build_policy_view(policy), headers={"ETag": tag})


PLACEMENT_ROUTES = (get_placements, put_placements, explain_placement)
