"""What each operation takes and gives, for the OpenAPI document; a test compares the table with the routes."""

from typing import Any

from worker_runtime.contract.assignments import Assignment, AssignmentRequest
from worker_runtime.contract.bundles import BundleEntry, BundleStatus, StoredOutcome
from worker_runtime.contract.runtime_info import RuntimeInfo
from worker_runtime.contract.workers import (
    Approval,
    ApprovalDecision,
    CreateWorkerRequest,
    EventPage,
    PreviewRequest,
    Worker,
    WorkerEvent,
    WorkerInput,
)
from worker_runtime.resolution.explain import Explanation
from worker_runtime.rest.interface import OperationDocument
from worker_runtime.sync.transfer.headers import (
    ENTRY_HEADER,
    LEASE_EXPIRES_HEADER,
    MANIFEST_MEDIA_TYPE,
    METADATA_HEADER,
)
from worker_runtime.sync.transfer.pack import PACK_MEDIA_TYPE
from yoi_wire.paging import Page

_Document = OperationDocument
_LIST = ("workspace", "cursor", "limit")

OPERATIONS: dict[tuple[str, str], OperationDocument] = {
    ("GET", "/v1/runtime"): _Document(
        summary="What the Runtime says of itself", scope="runtime:read", answer=RuntimeInfo
    ),
    ("GET", "/v1/config-bundles"): _Document(
        summary="List bundles, newest first", scope="bundles:read", answer=Page[BundleEntry], query=_LIST
    ),
    ("GET", "/v1/config-bundles/{digest}"): _Document(
        summary="A manifest's bytes",
        scope="bundles:read",
        answer_media_type=MANIFEST_MEDIA_TYPE,
        statuses=(200, 304),
        headers=("If-None-Match",),
        answer_headers=("ETag",),
        errors=(404,),
    ),
    ("HEAD", "/v1/config-bundles/{digest}"): _Document(
        summary="How a stored bundle stands, in headers",
        scope="bundles:read",
        answer_headers=("ETag", METADATA_HEADER, ENTRY_HEADER),
        errors=(404,),
    ),
    ("DELETE", "/v1/config-bundles/{digest}"): _Document(
        summary="Delete a bundle", scope="bundles:write", statuses=(204,), errors=(409,)
    ),
    ("GET", "/v1/config-bundles/{digest}/status"): _Document(
        summary="How a digest stands", scope="bundles:read", answer=BundleStatus, errors=(404,)
    ),
    ("PUT", "/v1/config-bundles/{digest}"): _Document(
        summary="Put a manifest: plain, zstd or dcz",
        scope="bundles:write",
        answer=StoredOutcome,
        statuses=(200, 201),
        raw_body=MANIFEST_MEDIA_TYPE,
        encodings=("zstd", "dcz"),
        required_headers=(METADATA_HEADER,),
        conflict_headers=(LEASE_EXPIRES_HEADER,),
        errors=(408, 409, 413, 422),
    ),
    ("POST", "/v1/leases/{lease}/pack"): _Document(
        summary="Send the blobs that are missing",
        scope="bundles:write",
        answer=StoredOutcome,
        raw_body=PACK_MEDIA_TYPE,
        encodings=("zstd",),
        conflict_headers=(LEASE_EXPIRES_HEADER,),
        errors=(408, 409, 410, 413, 422),
    ),
    ("GET", "/v1/assignments/{workspace}"): _Document(
        summary="What new Workers of a workspace use", scope="bundles:read", answer=Assignment
    ),
    ("PUT", "/v1/assignments/{workspace}"): _Document(
        summary="Assign a digest",
        scope="bundles:write",
        answer=Assignment,
        body=AssignmentRequest,
        errors=(404, 409),
    ),
    ("DELETE", "/v1/assignments/{workspace}"): _Document(
        summary="Withdraw an assignment",
        scope="bundles:write",
        answer=Assignment,
        required_query=("generation",),
        errors=(409,),
    ),
    ("POST", "/v1/workers:resolve"): _Document(
        summary="Say what a Worker would be, and why",
        scope="runtime:read",
        answer=tuple[Explanation, ...],
        body=PreviewRequest,
        errors=(404, 422),
    ),
    ("GET", "/v1/workers"): _Document(
        summary="List Workers, newest first", scope="runtime:read", answer=Page[Worker], query=_LIST
    ),
    ("POST", "/v1/workers"): _Document(
        summary="Create a Worker, or return the one under the key",
        scope="workers:create",
        answer=Worker,
        body=CreateWorkerRequest,
        answer_headers=("Location",),
        errors=(404, 409, 422),
    ),
    ("GET", "/v1/workers/{worker}"): _Document(
        summary="A Worker", scope="runtime:read", answer=Worker, errors=(404,)
    ),
    ("DELETE", "/v1/workers/{worker}"): _Document(
        summary="Delete a Worker that has ended", scope="workers:control", statuses=(204,), errors=(409,)
    ),
    ("GET", "/v1/workers/{worker}/spec"): _Document(
        summary="The spec's canonical bytes",
        scope="runtime:read",
        answer_media_type="application/json",
        statuses=(200, 304),
        headers=("If-None-Match",),
        answer_headers=("ETag",),
        errors=(404,),
    ),
    ("GET", "/v1/workers/{worker}/explanation"): _Document(
        summary="Why the spec is as it is", scope="runtime:read", answer=Explanation, errors=(404,)
    ),
    ("GET", "/v1/workers/{worker}/events"): _Document(
        summary="What happened, as a page or as Server-Sent Events",
        scope="runtime:read",
        answer=EventPage,
        query=("after", "limit"),
        headers=("Last-Event-ID",),
        event_stream=True,
        errors=(404,),
    ),
    ("POST", "/v1/workers/{worker}/input"): _Document(
        summary="Say something to a Worker",
        scope="workers:control",
        answer=WorkerEvent,
        body=WorkerInput,
        errors=(404, 409),
    ),
    ("POST", "/v1/workers/{worker}/stop"): _Document(
        summary="End a Worker in order", scope="workers:control", answer=Worker, errors=(404,)
    ),
    ("POST", "/v1/workers/{worker}/cancel"): _Document(
        summary="End a Worker at once", scope="workers:control", answer=Worker, errors=(404,)
    ),
    ("GET", "/v1/workers/{worker}/approvals"): _Document(
        summary="Calls that wait for a person's word",
        scope="runtime:read",
        answer=tuple[Approval, ...],
        errors=(404,),
    ),
    ("POST", "/v1/workers/{worker}/approvals/{approval}"): _Document(
        summary="Give that word",
        scope="workers:control",
        answer=Approval,
        body=ApprovalDecision,
        errors=(404, 409),
    ),
    ("GET", "/healthz"): _Document(summary="Whether the process lives", answer=dict[str, bool]),
    ("GET", "/readyz"): _Document(
        summary="Whether the Runtime can do what it is for", answer=dict[str, Any], statuses=(200, 503)
    ),
    ("GET", "/metrics"): _Document(summary="Figures for Prometheus", answer_media_type="text/plain"),
    ("GET", "/openapi.json"): _Document(
        summary="This interface as an OpenAPI document", answer=dict[str, Any]
    ),
    ("GET", "/docs"): _Document(summary="This interface as a page for people", answer_media_type="text/html"),
}
