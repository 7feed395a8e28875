"""A Runtime inside this process: the operations of `RuntimeApi` on a store of its own."""

import asyncio
import secrets
from collections.abc import AsyncIterable
from pathlib import Path

import msgspec

from worker_runtime.assignments import Assignment, AssignmentRequest
from worker_runtime.bundles import BundleContent, BundleEntry, BundleStatus, ManifestBody, PutOutcome
from worker_runtime.caller import Caller
from worker_runtime.clock import Clock, SystemClock
from worker_runtime.host import BareHost, Host
from worker_runtime.manifest_cache import ManifestCache
from worker_runtime.operations.assignments import AssignmentOperations
from worker_runtime.operations.bundles import BundleOperations
from worker_runtime.operations.context import Context
from worker_runtime.operations.creating import CreatingOperations
from worker_runtime.operations.pack_intake import take_pack
from worker_runtime.operations.previewing import preview
from worker_runtime.operations.receiving import ReceivingOperations
from worker_runtime.operations.workers import WorkerOperations
from worker_runtime.paging import DEFAULT_PAGE_SIZE, Page
from worker_runtime.resolution.explain import Explanation
from worker_runtime.store.connection import Database
from worker_runtime.store.retention import DEFAULT_RETENTION, Retention
from worker_runtime.workers import (
    Approval,
    ApprovalDecision,
    CreateWorkerRequest,
    EventPage,
    PreviewRequest,
    Worker,
    WorkerEvent,
    WorkerInput,
)
from yoi_bundle.builtin import load_builtin_set
from yoi_bundle.limits import DEFAULT_LIMITS, Limits
from yoi_bundle.metadata import BundleMetadata
from yoi_bundle.schema import KNOWN_FEATURES

DATABASE_NAME = "runtime.sqlite"


def create_id() -> str:
    """Return 128 random bits in hexadecimal."""
    return secrets.token_hex(16)


class EmbeddedRuntime:
    """Implements `RuntimeApi` on a SQLite file; the event loop never waits for the disk."""

    def __init__(
        self,
        data_directory: Path,
        *,
        host: Host | None = None,
        clock: Clock | None = None,
        retention: Retention = DEFAULT_RETENTION,
        limits: Limits = DEFAULT_LIMITS,
    ) -> None:
        self._context = Context(
            database=Database(data_directory / DATABASE_NAME),
            clock=clock or SystemClock(),
            new_id=create_id,
            retention=retention,
            limits=limits,
            features=KNOWN_FEATURES,
            manifests=ManifestCache(),
            host=host or BareHost(),
            builtin=load_builtin_set(),
            spool_directory=data_directory,
        )
        self._bundles = BundleOperations(self._context)
        self._receiving = ReceivingOperations(self._context)
        self._assignments = AssignmentOperations(self._context)
        self._creating = CreatingOperations(self._context)
        self._workers = WorkerOperations(self._context)

    async def list_bundles(
        self,
        caller: Caller,
        *,
        workspace: str | None = None,
        cursor: str | None = None,
        limit: int = DEFAULT_PAGE_SIZE,
    ) -> Page[BundleEntry]:
        return await asyncio.to_thread(
            self._bundles.list_entries, caller, workspace=workspace, cursor=cursor, limit=limit
        )

    async def get_bundle(self, caller: Caller, digest: str) -> BundleContent:
        return await asyncio.to_thread(self._bundles.get_content, caller, digest)

    async def get_blob(self, caller: Caller, digest: str, blob: str) -> bytes:
        """Return a blob of a bundle; see `BundleOperations.get_blob`."""
        return await asyncio.to_thread(self._bundles.get_blob, caller, digest, blob)

    def list_workspaces(self, issuer: str) -> tuple[str, ...]:
        """Return the workspaces of an issuer that this store knows; for the host's own operator."""
        return self._bundles.list_workspaces(issuer)

    async def head_bundle(self, caller: Caller, digest: str) -> BundleEntry:
        return await asyncio.to_thread(self._bundles.get_entry, caller, digest)

    async def delete_bundle(self, caller: Caller, digest: str) -> None:
        await asyncio.to_thread(self._bundles.delete, caller, digest)

    async def get_bundle_status(self, caller: Caller, digest: str) -> BundleStatus:
        return await asyncio.to_thread(self._bundles.get_status, caller, digest)

    async def put_bundle(
        self, caller: Caller, digest: str, metadata: BundleMetadata, body: ManifestBody
    ) -> PutOutcome:
        return await asyncio.to_thread(self._receiving.put_manifest, caller, digest, metadata, body)

    async def put_pack(self, caller: Caller, lease: str, pack: AsyncIterable[bytes]) -> PutOutcome:
        return await take_pack(self._receiving, caller, lease, pack, self._context.spool_directory)

    async def get_assignment(self, caller: Caller, workspace: str) -> Assignment:
        return await asyncio.to_thread(self._assignments.get, caller, workspace)

    async def put_assignment(self, caller: Caller, workspace: str, request: AssignmentRequest) -> Assignment:
        return await asyncio.to_thread(self._assignments.put, caller, workspace, request)

    async def delete_assignment(self, caller: Caller, workspace: str, generation: int) -> Assignment:
        return await asyncio.to_thread(self._assignments.delete, caller, workspace, generation)

    async def resolve_worker(self, caller: Caller, request: PreviewRequest) -> tuple[Explanation, ...]:
        return await preview(self._context, caller, request)

    async def list_workers(
        self,
        caller: Caller,
        *,
        workspace: str | None = None,
        cursor: str | None = None,
        limit: int = DEFAULT_PAGE_SIZE,
    ) -> Page[Worker]:
        return await asyncio.to_thread(
            self._workers.list_entries, caller, workspace=workspace, cursor=cursor, limit=limit
        )

    async def get_worker(self, caller: Caller, worker: str) -> Worker:
        return await asyncio.to_thread(self._workers.get, caller, worker)

    async def create_worker(self, caller: Caller, request: CreateWorkerRequest) -> Worker:
        return await self._creating.create(caller, request)

    async def delete_worker(self, caller: Caller, worker: str) -> None:
        await asyncio.to_thread(self._workers.delete, caller, worker)

    async def get_worker_spec(self, caller: Caller, worker: str) -> bytes:
        return (await asyncio.to_thread(self._workers.get_documents, caller, worker)).spec

    async def get_worker_explanation(self, caller: Caller, worker: str) -> Explanation:
        documents = await asyncio.to_thread(self._workers.get_documents, caller, worker)
        return msgspec.json.decode(documents.explanation, type=Explanation)

    async def list_worker_events(
        self, caller: Caller, worker: str, *, after: int = 0, limit: int = DEFAULT_PAGE_SIZE
    ) -> EventPage:
        return await asyncio.to_thread(self._workers.list_events, caller, worker, after=after, limit=limit)

    async def send_worker_input(self, caller: Caller, worker: str, said: WorkerInput) -> WorkerEvent:
        return await asyncio.to_thread(self._workers.add_input, caller, worker, said)

    async def stop_worker(self, caller: Caller, worker: str) -> Worker:
        return await asyncio.to_thread(self._workers.end, caller, worker, "stop")

    async def cancel_worker(self, caller: Caller, worker: str) -> Worker:
        return await asyncio.to_thread(self._workers.end, caller, worker, "cancel")

    async def list_worker_approvals(self, caller: Caller, worker: str) -> tuple[Approval, ...]:
        return await asyncio.to_thread(self._workers.list_approvals, caller, worker)

    async def decide_worker_approval(
        self, caller: Caller, worker: str, approval: str, decision: ApprovalDecision
    ) -> Approval:
        return await asyncio.to_thread(self._workers.decide_approval, caller, worker, approval, decision)

    def close(self) -> None:
        self._context.database.close()
