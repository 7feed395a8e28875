"""`RuntimeApi` across a network: each operation one request."""

from collections.abc import AsyncIterable

import msgspec

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
from worker_runtime.remote.answers import decode_answer, decode_entry_headers, decode_metadata_header
from worker_runtime.remote.connection import Answer, Connection, quote_segment
from worker_runtime.remote.putting import put_manifest, send_pack
from worker_runtime.resolution.explain import Explanation
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

    async def close(self) -> None:
        """Close the connections."""
        await self._connection.close()

    async def get_runtime(self, caller: Caller) -> RuntimeInfo:
        return decode_answer(await self._get(caller, "/v1/runtime"), RuntimeInfo)

    async def list_bundles(
        self,
        caller: Caller,
        *,
        workspace: str | None = None,
        cursor: str | None = None,
        limit: int = DEFAULT_PAGE_SIZE,
    ) -> Page[BundleEntry]:
        query = _build_query(workspace=workspace, cursor=cursor, limit=limit)
        return decode_answer(await self._get(caller, "/v1/config-bundles", query), Page[BundleEntry])

    async def get_bundle(self, caller: Caller, digest: str) -> BundleContent:
        """Return a manifest; what came is hashed here, too, for the network is not trusted with it (B-02)."""
        answer = await self._get(caller, _bundle(digest))
        computed = compute_digest(answer.body)
        if computed != digest:
            raise DigestMismatchError(digest, computed)
        return BundleContent(metadata=decode_metadata_header(answer), manifest=answer.body)

    async def head_bundle(self, caller: Caller, digest: str) -> BundleEntry:
        return decode_entry_headers(await self._connection.request(caller, "HEAD", _bundle(digest)))

    async def delete_bundle(self, caller: Caller, digest: str) -> None:
        await self._connection.request(caller, "DELETE", _bundle(digest))

    async def get_bundle_status(self, caller: Caller, digest: str) -> BundleStatus:
        return decode_answer(await self._get(caller, f"{_bundle(digest)}/status"), BundleStatus)

    async def put_bundle(
        self, caller: Caller, digest: str, metadata: BundleMetadata, body: ManifestBody
    ) -> PutOutcome:
        return await put_manifest(self._connection, caller, digest, metadata, body)

    async def put_pack(self, caller: Caller, lease: str, pack: AsyncIterable[bytes]) -> PutOutcome:
        return await send_pack(self._connection, caller, lease, pack)

    async def get_assignment(self, caller: Caller, workspace: str) -> Assignment:
        return decode_answer(await self._get(caller, _assignment(workspace)), Assignment)

    async def put_assignment(self, caller: Caller, workspace: str, request: AssignmentRequest) -> Assignment:
        answer = await self._send(caller, "PUT", _assignment(workspace), request)
        return decode_answer(answer, Assignment)

    async def delete_assignment(self, caller: Caller, workspace: str, generation: int) -> Assignment:
        answer = await self._connection.request(
            caller, "DELETE", _assignment(workspace), query={"generation": str(generation)}
        )
        return decode_answer(answer, Assignment)

    async def resolve_worker(self, caller: Caller, request: PreviewRequest) -> tuple[Explanation, ...]:
        answer = await self._send(caller, "POST", "/v1/workers:resolve", request, repeatable=True)
        return decode_answer(answer, tuple[Explanation, ...])

    async def list_workers(
        self,
        caller: Caller,
        *,
        workspace: str | None = None,
        cursor: str | None = None,
        limit: int = DEFAULT_PAGE_SIZE,
    ) -> Page[Worker]:
        query = _build_query(workspace=workspace, cursor=cursor, limit=limit)
        return decode_answer(await self._get(caller, "/v1/workers", query), Page[Worker])

    async def get_worker(self, caller: Caller, worker: str) -> Worker:
        return decode_answer(await self._get(caller, _worker(worker)), Worker)

    async def create_worker(self, caller: Caller, request: CreateWorkerRequest) -> Worker:
        """Create a Worker; the key makes it safe to ask twice (W-01)."""
        answer = await self._send(caller, "POST", "/v1/workers", request, repeatable=True)
        return decode_answer(answer, Worker)

    async def delete_worker(self, caller: Caller, worker: str) -> None:
        await self._connection.request(caller, "DELETE", _worker(worker))

    async def get_worker_spec(self, caller: Caller, worker: str) -> bytes:
        return (await self._get(caller, f"{_worker(worker)}/spec")).body

    async def get_worker_explanation(self, caller: Caller, worker: str) -> Explanation:
        return decode_answer(await self._get(caller, f"{_worker(worker)}/explanation"), Explanation)

    async def list_worker_events(
        self, caller: Caller, worker: str, *, after: int = 0, limit: int = DEFAULT_PAGE_SIZE
    ) -> EventPage:
        query = _build_query(after=after, limit=limit)
        return decode_answer(await self._get(caller, f"{_worker(worker)}/events", query), EventPage)

    async def send_worker_input(self, caller: Caller, worker: str, said: WorkerInput) -> WorkerEvent:
        """Say something; never twice by itself."""
        return decode_answer(await self._send(caller, "POST", f"{_worker(worker)}/input", said), WorkerEvent)

    async def stop_worker(self, caller: Caller, worker: str) -> Worker:
        return await self._end(caller, worker, "stop")

    async def cancel_worker(self, caller: Caller, worker: str) -> Worker:
        return await self._end(caller, worker, "cancel")

    async def list_worker_approvals(self, caller: Caller, worker: str) -> tuple[Approval, ...]:
        answer = await self._get(caller, f"{_worker(worker)}/approvals")
        return decode_answer(answer, tuple[Approval, ...])

    async def decide_worker_approval(
        self, caller: Caller, worker: str, approval: str, decision: ApprovalDecision
    ) -> Approval:
        path = f"{_worker(worker)}/approvals/{quote_segment(approval)}"
        return decode_answer(await self._send(caller, "POST", path, decision, repeatable=True), Approval)

    async def _end(self, caller: Caller, worker: str, how: str) -> Worker:
        path = f"{_worker(worker)}/{how}"
        return decode_answer(await self._connection.request(caller, "POST", path, repeatable=True), Worker)

    async def _get(self, caller: Caller, path: str, query: dict[str, str] | None = None) -> Answer:
        return await self._connection.request(caller, "GET", path, query=query)

    async def _send(
        self, caller: Caller, method: str, path: str, document: msgspec.Struct, *, repeatable: bool = False
    ) -> Answer:
        return await self._connection.request(
            caller,
            method,
            path,
            headers={"Content-Type": "application/json"},
            body=msgspec.json.encode(document),
            repeatable=repeatable,
        )


def _bundle(digest: str) -> str:
    return f"/v1/config-bundles/{quote_segment(digest)}"


def _assignment(workspace: str) -> str:
    return f"/v1/assignments/{quote_segment(workspace)}"


def _worker(worker: str) -> str:
    return f"/v1/workers/{quote_segment(worker)}"


def _build_query(**values: str | int | None) -> dict[str, str]:
    return {name: str(value) for name, value in values.items() if value is not None}
