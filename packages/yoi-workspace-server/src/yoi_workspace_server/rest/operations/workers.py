"""Workers, by the Backend's ids."""

from worker_runtime.contract.workers import ApprovalDecision, WorkerInput
from worker_runtime.rest.interface import OperationDocument
from yoi_wire.paging import Page
from yoi_workspace_server.views.explanations import ExplanationView
from yoi_workspace_server.views.specs import SpecView
from yoi_workspace_server.views.workers import (
    ApprovalView,
    WorkerEventPageView,
    WorkerEventView,
    WorkerView,
)
from yoi_workspace_server.workers.orders import WorkerOrder

WORKER_OPERATIONS: dict[tuple[str, str], OperationDocument] = {
    ("GET", "/api/v1/workers"): OperationDocument(
        summary="List Workers, newest first",
        scope="workers:read",
        answer=Page[WorkerView],
        query=("workspace", "runtime", "cursor", "limit"),
        errors=(404,),
    ),
    ("POST", "/api/v1/workers"): OperationDocument(
        summary="Create a Worker, or return the one under the key",
        scope="workers:control",
        answer=WorkerView,
        body=WorkerOrder,
        answer_headers=("Location",),
        errors=(404, 409, 422),
    ),
    ("GET", "/api/v1/workers/{worker}"): OperationDocument(
        summary="A Worker", scope="workers:read", answer=WorkerView, errors=(404,)
    ),
    ("DELETE", "/api/v1/workers/{worker}"): OperationDocument(
        summary="Delete a Worker that has ended",
        scope="workers:control",
        statuses=(204,),
        errors=(404, 409),
    ),
    ("GET", "/api/v1/workers/{worker}/spec"): OperationDocument(
        summary="What a Worker has, by name", scope="secret_names:read", answer=SpecView, errors=(404,)
    ),
    ("GET", "/api/v1/workers/{worker}/explanation"): OperationDocument(
        summary="Why a Worker is what it is",
        scope="workers:read",
        answer=ExplanationView,
        errors=(404,),
    ),
    ("GET", "/api/v1/workers/{worker}/events"): OperationDocument(
        summary="What happened to a Worker, as a page or as a stream",
        scope="workers:read",
        answer=WorkerEventPageView,
        query=("after", "limit"),
        headers=("Last-Event-ID",),
        event_stream=True,
        errors=(404,),
    ),
    ("POST", "/api/v1/workers/{worker}/input"): OperationDocument(
        summary="Say something to a Worker",
        scope="workers:control",
        answer=WorkerEventView,
        body=WorkerInput,
        errors=(404, 409),
    ),
    ("POST", "/api/v1/workers/{worker}/stop"): OperationDocument(
        summary="End a Worker in order", scope="workers:control", answer=WorkerView, errors=(404, 409)
    ),
    ("POST", "/api/v1/workers/{worker}/cancel"): OperationDocument(
        summary="End a Worker at once", scope="workers:control", answer=WorkerView, errors=(404, 409)
    ),
    ("GET", "/api/v1/workers/{worker}/approvals"): OperationDocument(
        summary="The calls that wait for a person's word",
        scope="workers:read",
        answer=tuple[ApprovalView, ...],
        errors=(404,),
    ),
    ("POST", "/api/v1/workers/{worker}/approvals/{approval}"): OperationDocument(
        summary="Give that word",
        scope="workers:control",
        answer=ApprovalView,
        body=ApprovalDecision,
        errors=(404, 409),
    ),
}
