"""Handlers of placement rules, and why they decide as they do (K-03)."""

from yoi_wire.backend.errors import WorkspaceConflictError
from yoi_wire.backend.operations import EXPLAIN_PLACEMENT, GET_PLACEMENTS, PUT_PLACEMENTS
from yoi_wire.backend.placements import PlacementDecisionView, PlacementPolicy
from yoi_wire.server.responses import Answer, format_entity_tag
from yoi_wire.server.router import handles
from yoi_workspace_server.placement import decide_placement
from yoi_workspace_server.rest.principals import verify_sees
from yoi_workspace_server.rest.services import BackendCall
from yoi_workspace_server.rest.visible_runtimes import get_visible
from yoi_workspace_server.views.placements import build_decision_view, build_policy_view

EVERY_WORKSPACE = "*"
"""What a conflict over the rules is about."""


@handles(GET_PLACEMENTS)
async def get_placements(call: BackendCall) -> Answer:
    """Answer with all rules; they concern every workspace, and so must the token."""
    return _answer(await call.services.store.placements.get_policy())


@handles(PUT_PLACEMENTS)
async def put_placements(call: BackendCall, body: PlacementPolicy) -> Answer:
    """Replace all rules, if `generation` is still that which the caller has seen."""
    principal = call.caller
    policy = await call.services.registration.put_rules(
        body.rules, expected_generation=body.generation, actor=principal.name
    )
    if policy is None:
        raise WorkspaceConflictError(EVERY_WORKSPACE, "superseded")
    return _answer(policy)


@handles(EXPLAIN_PLACEMENT)
async def explain_placement(call: BackendCall, workspace: str, runtime: str) -> PlacementDecisionView:
    principal = call.caller
    await verify_sees(call, workspace)
    store = call.services.store
    found = await get_visible(store, principal, runtime)
    placed = (await store.workspaces.get_workspace(workspace)).placed
    decision = decide_placement(await store.placements.get_policy(), placed, found.placed)
    return build_decision_view(decision, workspace=workspace, runtime=runtime, principal=principal)


def _answer(policy: PlacementPolicy) -> Answer:
    tag = format_entity_tag(str(policy.generation))
    return Answer(build_policy_view(policy), headers={"ETag": tag})
