"""Operations of the Backend, each declared once (K-07)."""

from typing import Final

from yoi_bundle.media_types import BUNDLE_ARCHIVE_MEDIA_TYPE
from yoi_wire.backend.audit import AuditView, PruneRequest
from yoi_wire.backend.availability import AvailabilityView, SyncView
from yoi_wire.backend.builds import BuildView
from yoi_wire.backend.diffs import DiffView
from yoi_wire.backend.explanations import ExplanationView, PreviewView, RightsView, SpecView
from yoi_wire.backend.placements import PlacementDecisionView, PlacementPolicy, PlacementPolicyView
from yoi_wire.backend.revisions import (
    ActivationRequest,
    ActivationView,
    BundleView,
    PublicationView,
    RevisionView,
    RevocationRequest,
    RevocationView,
    RollbackRequest,
)
from yoi_wire.backend.runtimes import ConnectionView, RuntimeAddition, RuntimeChange, RuntimeView
from yoi_wire.backend.tokens import CreatedTokenView, PrincipalView, TokenRequest, TokenView
from yoi_wire.backend.workers import (
    ApprovalView,
    PreviewOrder,
    WorkerEventPageView,
    WorkerEventView,
    WorkerOrder,
    WorkerView,
)
from yoi_wire.backend.workspaces import NewWorkspace, WorkspaceChange, WorkspaceView
from yoi_wire.operation import Operation, index_operations, list_declared
from yoi_wire.paging import Page
from yoi_wire.parameters import CURSOR, LIMIT, PAGE, WORKSPACE, WORKSPACE_PATTERN, flag, instant, number, text
from yoi_wire.system_operations import SYSTEM_OPERATIONS
from yoi_wire.worker_requests import ApprovalDecision, WorkerInput

_RUNTIME = text("runtime")
_AFTER = number("after")
LIST_WORKSPACES = Operation(
    method="GET",
    path="/api/v1/workspaces",
    summary="List workspaces by id",
    right="workspaces:read",
    answer=Page[WorkspaceView],
    query=PAGE,
)
ADD_WORKSPACE = Operation(
    method="POST",
    path="/api/v1/workspaces",
    summary="Add a workspace",
    right="workspaces:write",
    answer=WorkspaceView,
    statuses=(201,),
    body=NewWorkspace,
    errors=(409,),
    reach="whole",
)
GET_WORKSPACE = Operation(
    method="GET",
    path="/api/v1/workspaces/{workspace}",
    summary="A workspace",
    right="workspaces:read",
    answer=WorkspaceView,
    errors=(404,),
    reach="workspace",
)
CHANGE_WORKSPACE = Operation(
    method="PATCH",
    path="/api/v1/workspaces/{workspace}",
    summary="Change some fields of a workspace",
    right="workspaces:write",
    answer=WorkspaceView,
    body=WorkspaceChange,
    errors=(404,),
    reach="workspace",
)
DELETE_WORKSPACE = Operation[None](
    method="DELETE",
    path="/api/v1/workspaces/{workspace}",
    summary="Delete a workspace that no Runtime has assigned",
    right="workspaces:write",
    statuses=(204,),
    errors=(404, 409),
    reach="workspace",
)
LIST_BUILDS = Operation(
    method="GET",
    path="/api/v1/workspaces/{workspace}/builds",
    summary="List how builds ended, latest first",
    right="bundles:read",
    answer=Page[BuildView],
    errors=(404,),
    reach="workspace",
    query=PAGE,
)
CREATE_BUILD = Operation(
    method="POST",
    path="/api/v1/workspaces/{workspace}/builds",
    summary="Build now, and say how that ended",
    right="bundles:publish",
    answer=BuildView,
    statuses=(201,),
    errors=(404,),
    reach="workspace",
)
PUBLISH_BUNDLE = Operation(
    method="POST",
    path="/api/v1/workspaces/{workspace}/bundles",
    summary="Publish a finished bundle, as an archive",
    right="bundles:publish",
    answer=PublicationView,
    statuses=(200, 201),
    raw_body=BUNDLE_ARCHIVE_MEDIA_TYPE,
    errors=(404, 408, 409, 413, 422),
    reach="workspace",
)
GET_BUNDLE = Operation(
    method="GET",
    path="/api/v1/workspaces/{workspace}/bundles/{digest}",
    summary="What a bundle holds",
    right="bundles:read",
    answer=BundleView,
    statuses=(200, 304),
    headers=("If-None-Match",),
    answer_headers=("ETag",),
    errors=(404,),
    reach="workspace",
)
GET_ARCHIVE = Operation[bytes](
    method="GET",
    path="/api/v1/workspaces/{workspace}/bundles/{digest}/archive",
    summary="A bundle as an archive",
    right="bundles:export",
    answer_media_type=BUNDLE_ARCHIVE_MEDIA_TYPE,
    statuses=(200, 304),
    headers=("If-None-Match",),
    answer_headers=("ETag",),
    errors=(404,),
    reach="workspace",
)
LIST_REVISIONS = Operation(
    method="GET",
    path="/api/v1/workspaces/{workspace}/revisions",
    summary="List revisions, newest first",
    right="bundles:read",
    answer=Page[RevisionView],
    errors=(404,),
    reach="workspace",
    query=PAGE,
)
GET_DIFF = Operation(
    method="GET",
    path="/api/v1/workspaces/{workspace}/diff",
    summary="What changed between two revisions, by meaning",
    right="bundles:read",
    answer=DiffView,
    errors=(404,),
    reach="workspace",
    query=(
        number("from", required=True, argument="from_revision"),
        number("to", required=True, argument="to_revision"),
    ),
)
LIST_ACTIVATIONS = Operation(
    method="GET",
    path="/api/v1/workspaces/{workspace}/activations",
    summary="List who moved the pointer, latest first",
    right="bundles:read",
    answer=Page[ActivationView],
    errors=(404,),
    reach="workspace",
    query=PAGE,
)
ACTIVATE = Operation(
    method="POST",
    path="/api/v1/workspaces/{workspace}/activations",
    summary="Make a revision the active one",
    right="bundles:activate",
    answer=ActivationView,
    statuses=(201,),
    body=ActivationRequest,
    errors=(404,),
    reach="workspace",
)
ROLL_BACK = Operation(
    method="POST",
    path="/api/v1/workspaces/{workspace}/rollback",
    summary="Go back to a revision, and hold automatic activation",
    right="bundles:activate",
    answer=ActivationView,
    statuses=(201,),
    body=RollbackRequest,
    errors=(404,),
    reach="workspace",
)
RELEASE = Operation(
    method="POST",
    path="/api/v1/workspaces/{workspace}/release",
    summary="Let automatic activation go on",
    right="bundles:activate",
    answer=WorkspaceView,
    errors=(404,),
    reach="workspace",
)
LIST_REVOCATIONS = Operation(
    method="GET",
    path="/api/v1/workspaces/{workspace}/revocations",
    summary="List what is revoked, latest first",
    right="bundles:read",
    answer=Page[RevocationView],
    errors=(404,),
    reach="workspace",
    query=PAGE,
)
REVOKE_BUNDLE = Operation(
    method="POST",
    path="/api/v1/workspaces/{workspace}/revocations",
    summary="Revoke a digest: no new Worker uses it",
    right="bundles:revoke",
    answer=RevocationView,
    statuses=(201,),
    body=RevocationRequest,
    errors=(404,),
    reach="workspace",
)
LIST_TOKENS = Operation(
    method="GET",
    path="/api/v1/tokens",
    summary="List all tokens by id, without a secret",
    right="tokens:write",
    answer=Page[TokenView],
    reach="whole",
    query=PAGE,
)
CREATE_TOKEN = Operation(
    method="POST",
    path="/api/v1/tokens",
    summary="Make a token; its secret is shown this once",
    right="tokens:write",
    answer=CreatedTokenView,
    statuses=(201,),
    body=TokenRequest,
    reach="whole",
)
REVOKE_TOKEN = Operation[None](
    method="DELETE",
    path="/api/v1/tokens/{token}",
    summary="Put a token out of force",
    right="tokens:write",
    statuses=(204,),
    errors=(404,),
    reach="whole",
)
LIST_AUDIT = Operation(
    method="GET",
    path="/api/v1/audit",
    summary="List what was done, latest first",
    right="audit:read",
    answer=Page[AuditView],
    errors=(404,),
    query=(
        WORKSPACE,
        text("actor"),
        text(
            "action", description="one action, or the beginning of several with a `*` at its end: `worker.*`"
        ),
        instant("since"),
        instant("until"),
        CURSOR,
        LIMIT,
    ),
)
PRUNE_AUDIT = Operation(
    method="POST",
    path="/api/v1/audit/prune",
    summary="Take exported records out, up to one whose hash is given",
    right="tokens:write",
    answer=AuditView,
    body=PruneRequest,
    reach="whole",
)
FOLLOW_AUDIT = Operation[None](
    method="GET",
    path="/api/v1/events",
    summary="Follow what is done, as Server-Sent Events",
    right="audit:read",
    headers=("Last-Event-ID",),
    event_stream=True,
    query=(_AFTER,),
)
LIST_RUNTIMES = Operation(
    method="GET",
    path="/api/v1/runtimes",
    summary="List Runtimes by name",
    right="runtimes:read",
    answer=Page[RuntimeView],
    query=PAGE,
)
ADD_RUNTIME = Operation(
    method="POST",
    path="/api/v1/runtimes",
    summary="Register a remote Runtime; one that does not answer yet is asked again",
    right="runtimes:write",
    answer=RuntimeView,
    statuses=(201,),
    body=RuntimeAddition,
    answer_headers=("Location",),
    errors=(409,),
    reach="whole",
)
GET_RUNTIME = Operation(
    method="GET",
    path="/api/v1/runtimes/{runtime}",
    summary="A Runtime",
    right="runtimes:read",
    answer=RuntimeView,
    errors=(404,),
)
CHANGE_RUNTIME = Operation(
    method="PATCH",
    path="/api/v1/runtimes/{runtime}",
    summary="Change labels or connection of a Runtime",
    right="runtimes:write",
    answer=RuntimeView,
    body=RuntimeChange,
    errors=(404,),
    reach="whole",
)
REMOVE_RUNTIME = Operation[None](
    method="DELETE",
    path="/api/v1/runtimes/{runtime}",
    summary="Have a Runtime's assignments deleted, and take it out of the registry",
    right="runtimes:write",
    statuses=(204,),
    errors=(404, 409),
    reach="whole",
    query=(flag("force"),),
)
GET_RUNTIME_CONNECTION = Operation(
    method="GET",
    path="/api/v1/runtimes/{runtime}/connection",
    summary="How a Runtime is dialled; for tokens that name this scope",
    right="runtimes:connection",
    answer=ConnectionView,
    errors=(404,),
    reach="whole",
)
SYNC_RUNTIME = Operation(
    method="POST",
    path="/api/v1/runtimes/{runtime}/sync",
    summary="Make a Runtime's pairs due; with `workspace`, sync that one now",
    right="runtimes:sync",
    answer=SyncView,
    errors=(403, 404),
    query=(WORKSPACE,),
)
RESET_GENERATIONS = Operation(
    method="POST",
    path="/api/v1/runtimes/{runtime}/reset",
    summary="Count generations anew for a workspace there, after they were reset on the Runtime",
    right="runtimes:write",
    answer=AvailabilityView,
    errors=(403, 404),
    reach="whole",
    query=(text("workspace", pattern=WORKSPACE_PATTERN, required=True),),
)
LIST_AVAILABILITY = Operation(
    method="GET",
    path="/api/v1/availability",
    summary="How workspaces stand on Runtimes, by the Runtimes' own word",
    right="runtimes:read",
    answer=Page[AvailabilityView],
    errors=(404,),
    query=(
        WORKSPACE,
        _RUNTIME,
        CURSOR,
        LIMIT,
    ),
)
GET_PLACEMENTS = Operation(
    method="GET",
    path="/api/v1/placements",
    summary="All placement rules",
    right="placements:read",
    answer=PlacementPolicyView,
    answer_headers=("ETag",),
    reach="whole",
)
PUT_PLACEMENTS = Operation(
    method="PUT",
    path="/api/v1/placements",
    summary="Replace all placement rules, if `generation` is still the one that was seen",
    right="placements:write",
    answer=PlacementPolicyView,
    body=PlacementPolicy,
    answer_headers=("ETag",),
    errors=(409,),
    reach="whole",
)
EXPLAIN_PLACEMENT = Operation(
    method="GET",
    path="/api/v1/placements/explain",
    summary="Whether a Runtime may receive a workspace's bundle, and why",
    right="placements:read",
    answer=PlacementDecisionView,
    errors=(404,),
    query=(
        text("workspace", pattern=WORKSPACE_PATTERN, required=True),
        text("runtime", required=True),
    ),
)
LIST_WORKERS = Operation(
    method="GET",
    path="/api/v1/workers",
    summary="List Workers, newest first",
    right="workers:read",
    answer=Page[WorkerView],
    errors=(404,),
    query=(
        WORKSPACE,
        _RUNTIME,
        CURSOR,
        LIMIT,
    ),
)
CREATE_WORKER = Operation(
    method="POST",
    path="/api/v1/workers",
    summary="Create a Worker, or return the one under the key",
    right="workers:control",
    answer=WorkerView,
    body=WorkerOrder,
    answer_headers=("Location",),
    errors=(404, 409, 422),
    repeatable=True,
)
PREVIEW_WORKER = Operation(
    method="POST",
    path="/api/v1/workers:resolve",
    summary="Say what a Worker would be on a Runtime, and why, without creating one",
    right="workers:read",
    answer=PreviewView,
    body=PreviewOrder,
    errors=(403, 404, 409, 422),
    repeatable=True,
)
GET_WORKER = Operation(
    method="GET",
    path="/api/v1/workers/{worker}",
    summary="A Worker",
    right="workers:read",
    answer=WorkerView,
    errors=(404,),
)
DELETE_WORKER = Operation[None](
    method="DELETE",
    path="/api/v1/workers/{worker}",
    summary="Delete a Worker that has ended",
    right="workers:control",
    statuses=(204,),
    errors=(404, 409),
)
GET_WORKER_SPEC = Operation(
    method="GET",
    path="/api/v1/workers/{worker}/spec",
    summary="What a Worker has, by name",
    right="secret_names:read",
    answer=SpecView,
    errors=(404,),
)
GET_WORKER_EXPLANATION = Operation(
    method="GET",
    path="/api/v1/workers/{worker}/explanation",
    summary="Why a Worker is what it is",
    right="workers:read",
    answer=ExplanationView,
    errors=(404,),
)
GET_WORKER_RIGHTS = Operation(
    method="GET",
    path="/api/v1/workers/{worker}/rights",
    summary="What is left of a Worker's rights now",
    right="workers:read",
    answer=RightsView,
    errors=(404,),
)
LIST_WORKER_EVENTS = Operation(
    method="GET",
    path="/api/v1/workers/{worker}/events",
    summary="What happened to a Worker, as a page or as a stream",
    right="workers:read",
    answer=WorkerEventPageView,
    headers=("Last-Event-ID",),
    event_stream=True,
    errors=(404,),
    query=(
        number("after", default=0),
        LIMIT,
    ),
)
SEND_WORKER_INPUT = Operation(
    method="POST",
    path="/api/v1/workers/{worker}/input",
    summary="Say something to a Worker",
    right="workers:control",
    reach="worker",
    answer=WorkerEventView,
    body=WorkerInput,
    errors=(404, 409),
)
STOP_WORKER = Operation(
    method="POST",
    path="/api/v1/workers/{worker}/stop",
    summary="End a Worker in order",
    right="workers:control",
    reach="worker",
    answer=WorkerView,
    errors=(404, 409),
    repeatable=True,
)
CANCEL_WORKER = Operation(
    method="POST",
    path="/api/v1/workers/{worker}/cancel",
    summary="End a Worker at once",
    right="workers:control",
    reach="worker",
    answer=WorkerView,
    errors=(404, 409),
    repeatable=True,
)
LIST_WORKER_APPROVALS = Operation(
    method="GET",
    path="/api/v1/workers/{worker}/approvals",
    summary="The calls that wait for a person's word",
    right="workers:read",
    answer=tuple[ApprovalView, ...],
    errors=(404,),
)
DECIDE_WORKER_APPROVAL = Operation(
    method="POST",
    path="/api/v1/workers/{worker}/approvals/{approval}",
    summary="Give that word",
    right="workers:control",
    reach="worker",
    answer=ApprovalView,
    body=ApprovalDecision,
    errors=(404, 409),
    repeatable=True,
)
GET_WHOAMI = Operation(
    method="GET",
    path="/api/v1/whoami",
    summary="Who the token says you are, and what you may do",
    right="any",
    answer=PrincipalView,
)
BACKEND_OPERATIONS: Final = index_operations((*list_declared(globals()), *SYSTEM_OPERATIONS))
"""Every operation of the Backend over HTTP, by method and path template (K-07)."""
