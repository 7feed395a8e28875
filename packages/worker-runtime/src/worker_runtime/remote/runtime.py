"""`RuntimeApi` across a network: each operation one request."""

from collections.abc import AsyncIterable

from worker_runtime.contract import operations
from worker_runtime.contract.assignments import Assignment, AssignmentRequest
from worker_runtime.contract.bundles import BundleContent, BundleEntry, BundleStatus, ManifestBody, PutOutcome
from worker_runtime.contract.caller import Caller
from worker_runtime.contract.runtime_info import RuntimeInfo
from worker_runtime.contract.workers import (
    Approval,
    CreateWorkerRequest,
    EventPage,
    PreviewRequest,
    Worker,
    WorkerEvent,
)
from worker_runtime.remote.answers import decode_entry_headers, decode_metadata_header
from worker_runtime.remote.connection import Connection
from worker_runtime.remote.putting import put_manifest, send_pack
from worker_runtime.resolution.explain import Explanation
from worker_runtime.resolution.rights import WorkerRights
from yoi_bundle.digest import compute_digest
from yoi_bundle.errors import DigestMismatchError
from yoi_bundle.metadata import BundleMetadata
from yoi_wire.paging import DEFAULT_PAGE_SIZE, Page
from yoi_wire.worker_requests import ApprovalDecision, WorkerInput


class RemoteRuntime:
    """Implements `RuntimeApi` by the REST surface of a Runtime elsewhere.

    Args:
        connection: To that Runtime; closed by `close`.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._call = connection.call

    async def close(self) -> None:
        """Close the connections."""
        await self._connection.close()

    async def get_runtime(self, caller: Caller) -> RuntimeInfo:
        return await self._call(caller, operations.GET_RUNTIME)

    async def list_bundles(
        self,
        caller: Caller,
        *,
        workspace: str | None = None,
        cursor: str | None = None,
        limit: int = DEFAULT_PAGE_SIZE,
    ) -> Page[BundleEntry]:
        return await self._call(
            caller, operations.LIST_BUNDLES, workspace=workspace, cursor=cursor, limit=limit
        )

    async def get_bundle(self, caller: Caller, digest: str) -> BundleContent:
        """Return a manifest; what came is hashed here, too, for the network is not trusted with it (B-02)."""
        answer = await self._connection.fetch(caller, operations.GET_BUNDLE, digest=digest)
        computed = compute_digest(answer.body)
        if computed != digest:
            raise DigestMismatchError(digest, computed)
        return BundleContent(metadata=decode_metadata_header(answer), manifest=answer.body)

    async def head_bundle(self, caller: Caller, digest: str) -> BundleEntry:
        answer = await self._connection.fetch(caller, operations.HEAD_BUNDLE, digest=digest)
        return decode_entry_headers(answer)

    async def get_blob(self, caller: Caller, digest: str, blob: str) -> bytes:
        """Return a blob, hashed here, too."""
        answer = await self._connection.fetch(caller, operations.GET_BLOB, digest=digest, blob=blob)
        computed = compute_digest(answer.body)
        if computed != blob:
            raise DigestMismatchError(blob, computed)
        return answer.body

    async def delete_bundle(self, caller: Caller, digest: str) -> None:
        await self._call(caller, operations.DELETE_BUNDLE, digest=digest)

    async def get_bundle_status(self, caller: Caller, digest: str) -> BundleStatus:
        return await self._call(caller, operations.GET_BUNDLE_STATUS, digest=digest)

    async def put_bundle(
        self, caller: Caller, digest: str, metadata: BundleMetadata, body: ManifestBody
    ) -> PutOutcome:
        return await put_manifest(self._connection, caller, digest, metadata, body)

    async def put_pack(self, caller: Caller, lease: str, pack: AsyncIterable[bytes]) -> PutOutcome:
        return await send_pack(self._connection, caller, lease, pack)

    async def get_assignment(self, caller: Caller, workspace: str) -> Assignment:
        return await self._call(caller, operations.GET_ASSIGNMENT, workspace=workspace)

    async def put_assignment(self, caller: Caller, workspace: str, request: AssignmentRequest) -> Assignment:
        return await self._call(caller, operations.PUT_ASSIGNMENT, workspace=workspace, body=request)

    async def delete_assignment(self, caller: Caller, workspace: str, generation: int) -> Assignment:
        return await self._call(
            caller, operations.DELETE_ASSIGNMENT, workspace=workspace, generation=generation
        )

    async def resolve_worker(self, caller: Caller, request: PreviewRequest) -> tuple[Explanation, ...]:
        return await self._call(caller, operations.RESOLVE_WORKER, body=request)

    async def list_workers(
        self,
        caller: Caller,
        *,
        workspace: str | None = None,
        cursor: str | None = None,
        limit: int = DEFAULT_PAGE_SIZE,
    ) -> Page[Worker]:
        return await self._call(
            caller, operations.LIST_WORKERS, workspace=workspace, cursor=cursor, limit=limit
        )

    async def get_worker(self, caller: Caller, worker: str) -> Worker:
        return await self._call(caller, operations.GET_WORKER, worker=worker)

    async def create_worker(self, caller: Caller, request: CreateWorkerRequest) -> Worker:
        """Create a Worker; the key makes it safe to ask twice (W-01)."""
        return await self._call(caller, operations.CREATE_WORKER, body=request)

    async def delete_worker(self, caller: Caller, worker: str) -> None:
        await self._call(caller, operations.DELETE_WORKER, worker=worker)

    async def get_worker_spec(self, caller: Caller, worker: str) -> bytes:
        return await self._call(caller, operations.GET_WORKER_SPEC, worker=worker)

    async def get_worker_explanation(self, caller: Caller, worker: str) -> Explanation:
        return await self._call(caller, operations.GET_WORKER_EXPLANATION, worker=worker)

    async def get_worker_rights(self, caller: Caller, worker: str) -> WorkerRights:
        return await self._call(caller, operations.GET_WORKER_RIGHTS, worker=worker)

    async def list_worker_events(
        self, caller: Caller, worker: str, *, after: int = 0, limit: int = DEFAULT_PAGE_SIZE
    ) -> EventPage:
        return await self._call(
            caller, operations.LIST_WORKER_EVENTS, worker=worker, after=after, limit=limit
        )

    async def send_worker_input(self, caller: Caller, worker: str, said: WorkerInput) -> WorkerEvent:
        """Say something; never twice by itself."""
        return await self._call(caller, operations.SEND_WORKER_INPUT, worker=worker, body=said)

    async def stop_worker(self, caller: Caller, worker: str) -> Worker:
        return await self._call(caller, operations.STOP_WORKER, worker=worker)

    async def cancel_worker(self, caller: Caller, worker: str) -> Worker:
        return await self._call(caller, operations.CANCEL_WORKER, worker=worker)

    async def list_worker_approvals(self, caller: Caller, worker: str) -> tuple[Approval, ...]:
        return await self._call(caller, operations.LIST_WORKER_APPROVALS, worker=worker)

    async def decide_worker_approval(
        self, caller: Caller, worker: str, approval: str, decision: ApprovalDecision
    ) -> Approval:
        return await self._call(
            caller, operations.DECIDE_WORKER_APPROVAL, worker=worker, approval=approval, body=decision
        )
