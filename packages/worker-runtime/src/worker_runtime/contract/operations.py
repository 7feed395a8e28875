"""Operations of a Runtime: each method of `RuntimeApi` as a request, declared once (R-01)."""

from typing import Final

from worker_runtime.contract.assignments import Assignment, AssignmentRequest
from worker_runtime.contract.bundles import BundleEntry, BundleStatus, StoredOutcome
from worker_runtime.contract.headers import (
    ENTRY_HEADER,
    LEASE_EXPIRES_HEADER,
    MANIFEST_MEDIA_TYPE,
    METADATA_HEADER,
    PACK_MEDIA_TYPE,
)
from worker_runtime.contract.runtime_info import RuntimeInfo
from worker_runtime.contract.workers import (
    Approval,
    CreateWorkerRequest,
    EventPage,
    PreviewRequest,
    Worker,
    WorkerEvent,
)
from worker_runtime.resolution.explain import Explanation
from worker_runtime.resolution.rights import WorkerRights
from yoi_wire.operation import Operation, index_operations, list_declared
from yoi_wire.paging import Page
from yoi_wire.parameters import LIMIT, WORKSPACE, number, text
from yoi_wire.system_operations import SYSTEM_OPERATIONS
from yoi_wire.worker_requests import ApprovalDecision, WorkerInput

_CURSOR = text("cursor", pattern="^[0-9]{1,16}-[A-Za-z0-9:_.-]{1,100}$")
_LIST = (WORKSPACE, _CURSOR, LIMIT)

GET_RUNTIME = Operation(
    method="GET",
    path="/v1/runtime",
    summary="What the Runtime says of itself",
    right="runtime:read",
    answer=RuntimeInfo,
)
LIST_BUNDLES = Operation(
    method="GET",
    path="/v1/config-bundles",
    summary="List bundles, newest first",
    right="bundles:read",
    answer=Page[BundleEntry],
    query=_LIST,
)
GET_BUNDLE = Operation[bytes](
    method="GET",
    path="/v1/config-bundles/{digest}",
    summary="A manifest's bytes",
    right="bundles:read",
    answer_media_type=MANIFEST_MEDIA_TYPE,
    statuses=(200, 304),
    headers=("If-None-Match",),
    answer_headers=("ETag",),
    errors=(404,),
)
HEAD_BUNDLE = Operation[None](
    method="HEAD",
    path="/v1/config-bundles/{digest}",
    summary="How a stored bundle stands, in headers",
    right="bundles:read",
    answer_headers=("ETag", METADATA_HEADER, ENTRY_HEADER),
    errors=(404,),
)
DELETE_BUNDLE = Operation[None](
    method="DELETE",
    path="/v1/config-bundles/{digest}",
    summary="Delete a bundle",
    right="bundles:write",
    statuses=(204,),
    errors=(409,),
)
GET_BUNDLE_STATUS = Operation(
    method="GET",
    path="/v1/config-bundles/{digest}/status",
    summary="How a digest stands",
    right="bundles:read",
    answer=BundleStatus,
    errors=(404,),
)
GET_BLOB = Operation[bytes](
    method="GET",
    path="/v1/config-bundles/{digest}/blobs/{blob}",
    summary="A blob of a bundle",
    right="bundles:read",
    answer_media_type="application/octet-stream",
    statuses=(200, 304),
    headers=("If-None-Match",),
    answer_headers=("ETag",),
    errors=(404,),
)
PUT_BUNDLE = Operation(
    method="PUT",
    path="/v1/config-bundles/{digest}",
    summary="Put a manifest: plain, zstd or dcz",
    right="bundles:write",
    answer=StoredOutcome,
    statuses=(200, 201),
    raw_body=MANIFEST_MEDIA_TYPE,
    encodings=("zstd", "dcz"),
    required_headers=(METADATA_HEADER,),
    conflict_headers=(LEASE_EXPIRES_HEADER,),
    errors=(408, 409, 413, 422),
)
PUT_PACK = Operation(
    method="POST",
    path="/v1/leases/{lease}/pack",
    summary="Send the blobs that are missing",
    right="bundles:write",
    answer=StoredOutcome,
    raw_body=PACK_MEDIA_TYPE,
    encodings=("zstd",),
    conflict_headers=(LEASE_EXPIRES_HEADER,),
    errors=(408, 409, 410, 413, 422),
)
GET_ASSIGNMENT = Operation(
    method="GET",
    path="/v1/assignments/{workspace}",
    summary="What new Workers of a workspace use",
    right="bundles:read",
    answer=Assignment,
)
PUT_ASSIGNMENT = Operation(
    method="PUT",
    path="/v1/assignments/{workspace}",
    summary="Assign a digest",
    right="bundles:write",
    answer=Assignment,
    body=AssignmentRequest,
    errors=(404, 409),
)
DELETE_ASSIGNMENT = Operation(
    method="DELETE",
    path="/v1/assignments/{workspace}",
    summary="Withdraw an assignment",
    right="bundles:write",
    answer=Assignment,
    query=(number("generation", required=True, least=1),),
    errors=(409,),
)
RESOLVE_WORKER = Operation(
    method="POST",
    path="/v1/workers:resolve",
    summary="Say what a Worker would be, and why",
    right="runtime:read",
    answer=tuple[Explanation, ...],
    body=PreviewRequest,
    errors=(404, 422),
    repeatable=True,
)
LIST_WORKERS = Operation(
    method="GET",
    path="/v1/workers",
    summary="List Workers, newest first",
    right="runtime:read",
    answer=Page[Worker],
    query=_LIST,
)
CREATE_WORKER = Operation(
    method="POST",
    path="/v1/workers",
    summary="Create a Worker, or return the one under the key",
    right="workers:create",
    answer=Worker,
    body=CreateWorkerRequest,
    answer_headers=("Location",),
    errors=(404, 409, 422),
    repeatable=True,
)
GET_WORKER = Operation(
    method="GET",
    path="/v1/workers/{worker}",
    summary="A Worker",
    right="runtime:read",
    answer=Worker,
    errors=(404,),
)
DELETE_WORKER = Operation[None](
    method="DELETE",
    path="/v1/workers/{worker}",
    summary="Delete a Worker that has ended",
    right="workers:control",
    statuses=(204,),
    errors=(409,),
)
GET_WORKER_SPEC = Operation[bytes](
    method="GET",
    path="/v1/workers/{worker}/spec",
    summary="The spec's canonical bytes",
    right="runtime:read",
    answer_media_type="application/json",
    statuses=(200, 304),
    headers=("If-None-Match",),
    answer_headers=("ETag",),
    errors=(404,),
)
GET_WORKER_EXPLANATION = Operation(
    method="GET",
    path="/v1/workers/{worker}/explanation",
    summary="Why the spec is as it is",
    right="runtime:read",
    answer=Explanation,
    errors=(404,),
)
GET_WORKER_RIGHTS = Operation(
    method="GET",
    path="/v1/workers/{worker}/rights",
    summary="What is left of a Worker's rights now",
    right="runtime:read",
    answer=WorkerRights,
    errors=(404,),
)
LIST_WORKER_EVENTS = Operation(
    method="GET",
    path="/v1/workers/{worker}/events",
    summary="What happened, as a page or as Server-Sent Events",
    right="runtime:read",
    answer=EventPage,
    query=(number("after", default=0), LIMIT),
    headers=("Last-Event-ID",),
    event_stream=True,
    errors=(404,),
)
SEND_WORKER_INPUT = Operation(
    method="POST",
    path="/v1/workers/{worker}/input",
    summary="Say something to a Worker",
    right="workers:control",
    answer=WorkerEvent,
    body=WorkerInput,
    errors=(404, 409),
)
STOP_WORKER = Operation(
    method="POST",
    path="/v1/workers/{worker}/stop",
    summary="End a Worker in order",
    right="workers:control",
    answer=Worker,
    errors=(404,),
    repeatable=True,
)
CANCEL_WORKER = Operation(
    method="POST",
    path="/v1/workers/{worker}/cancel",
    summary="End a Worker at once",
    right="workers:control",
    answer=Worker,
    errors=(404,),
    repeatable=True,
)
LIST_WORKER_APPROVALS = Operation(
    method="GET",
    path="/v1/workers/{worker}/approvals",
    summary="Calls that wait for a person's word",
    right="runtime:read",
    answer=tuple[Approval, ...],
    errors=(404,),
)
DECIDE_WORKER_APPROVAL = Operation(
    method="POST",
    path="/v1/workers/{worker}/approvals/{approval}",
    summary="Give that word",
    right="workers:control",
    answer=Approval,
    body=ApprovalDecision,
    errors=(404, 409),
    repeatable=True,
)

RUNTIME_OPERATIONS: Final = index_operations((*list_declared(globals()), *SYSTEM_OPERATIONS))
"""Every operation of a Runtime over HTTP, by method and path template (R-01)."""
