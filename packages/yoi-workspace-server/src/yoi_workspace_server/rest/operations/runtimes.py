"""Runtimes, what may go to them, and how it stands there."""

from worker_runtime.rest.interface import OperationDocument
from yoi_wire.paging import Page
from yoi_workspace_server.placement import PlacementPolicy
from yoi_workspace_server.runtimes import RuntimeAddition, RuntimeChange
from yoi_workspace_server.views.availability import AvailabilityView, SyncView
from yoi_workspace_server.views.placements import PlacementDecisionView, PlacementPolicyView
from yoi_workspace_server.views.runtimes import ConnectionView, RuntimeView

RUNTIME_OPERATIONS: dict[tuple[str, str], OperationDocument] = {
    ("GET", "/api/v1/runtimes"): OperationDocument(
        summary="List Runtimes by name",
        scope="runtimes:read",
        answer=Page[RuntimeView],
        query=("cursor", "limit"),
    ),
    ("POST", "/api/v1/runtimes"): OperationDocument(
        summary="Register a remote Runtime; one that does not answer yet is asked again",
        scope="runtimes:write",
        answer=RuntimeView,
        statuses=(201,),
        body=RuntimeAddition,
        answer_headers=("Location",),
        errors=(409,),
    ),
    ("GET", "/api/v1/runtimes/{runtime}"): OperationDocument(
        summary="A Runtime", scope="runtimes:read", answer=RuntimeView, errors=(404,)
    ),
    ("PATCH", "/api/v1/runtimes/{runtime}"): OperationDocument(
        summary="Change labels or connection of a Runtime",
        scope="runtimes:write",
        answer=RuntimeView,
        body=RuntimeChange,
        errors=(404,),
    ),
    ("DELETE", "/api/v1/runtimes/{runtime}"): OperationDocument(
        summary="Have a Runtime's assignments deleted, and take it out of the registry",
        scope="runtimes:write",
        statuses=(204,),
        query=("force",),
        errors=(404, 409),
    ),
    ("GET", "/api/v1/runtimes/{runtime}/connection"): OperationDocument(
        summary="How a Runtime is dialled; for tokens that name this scope",
        scope="runtimes:connection",
        answer=ConnectionView,
        errors=(404,),
    ),
    ("POST", "/api/v1/runtimes/{runtime}/sync"): OperationDocument(
        summary="Make a Runtime's pairs due; with `workspace`, sync that one now",
        scope="runtimes:sync",
        answer=SyncView,
        query=("workspace",),
        errors=(403, 404),
    ),
    ("GET", "/api/v1/availability"): OperationDocument(
        summary="How workspaces stand on Runtimes, by the Runtimes' own word",
        scope="runtimes:read",
        answer=Page[AvailabilityView],
        query=("workspace", "runtime", "cursor", "limit"),
        errors=(404,),
    ),
    ("GET", "/api/v1/placements"): OperationDocument(
        summary="All placement rules",
        scope="placements:read",
        answer=PlacementPolicyView,
        answer_headers=("ETag",),
    ),
    ("PUT", "/api/v1/placements"): OperationDocument(
        summary="Replace all placement rules, if `generation` is still the one that was seen",
        scope="placements:write",
        answer=PlacementPolicyView,
        body=PlacementPolicy,
        answer_headers=("ETag",),
        errors=(409,),
    ),
    ("GET", "/api/v1/placements/explain"): OperationDocument(
        summary="Whether a Runtime may receive a workspace's bundle, and why",
        scope="placements:read",
        answer=PlacementDecisionView,
        required_query=("workspace", "runtime"),
        errors=(404,),
    ),
}
