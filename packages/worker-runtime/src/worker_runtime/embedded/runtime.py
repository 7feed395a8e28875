"""Embedded Runtime: the operations of `RuntimeApi` in this process, on a store of its own."""

import asyncio
from collections.abc import AsyncIterable, Callable
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path

import msgspec

from worker_runtime.contract.assignments import Assignment, AssignmentRequest
from worker_runtime.contract.bundles import BundleContent, BundleEntry, BundleStatus, ManifestBody, PutOutcome
from worker_runtime.contract.caller import Caller, verify_scope
from worker_runtime.contract.runtime_info import API_VERSIONS, BuiltinSetInfo, RuntimeInfo
from worker_runtime.contract.workers import (
    Approval,
    CreateWorkerRequest,
    EventPage,
    PreviewRequest,
    Worker,
    WorkerEvent,
)
from worker_runtime.embedded.composition import build_context
from worker_runtime.embedded.live_rights import LiveRights, watch_live_rights
from worker_runtime.embedded.maintenance import Maintenance, StartReport
from worker_runtime.embedded.operations import assignments, bundles, receiving, workers
from worker_runtime.embedded.operations.context import Context
from worker_runtime.embedded.operations.creating import create_worker
from worker_runtime.embedded.operations.current_rights import read_rights
from worker_runtime.embedded.operations.pack_intake import take_pack
from worker_runtime.embedded.operations.resolving import preview_workers
from worker_runtime.host.ports import BareHost, Host
from worker_runtime.resolution.explain import Explanation
from worker_runtime.resolution.rights import WorkerRights
from worker_runtime.resolution.version import RESOLVER_VERSION
from worker_runtime.store.connection import Database
from worker_runtime.store.files import DataDirectory
from worker_runtime.store.retention import DEFAULT_RETENTION, Retention
from worker_runtime.store.workspaces import get_runtime_id
from yoi_bundle.boundary.scanner import SecretScanner
from yoi_bundle.errors import YoiError
from yoi_bundle.limits import DEFAULT_LIMITS, Limits
from yoi_bundle.metadata import BundleMetadata
from yoi_bundle.schema import READABLE_SCHEMA_VERSIONS
from yoi_wire.clock import Clock, SystemClock
from yoi_wire.errors import RuntimeUnavailableError
from yoi_wire.event_log import EventLog
from yoi_wire.paging import DEFAULT_PAGE_SIZE, Page
from yoi_wire.random_ids import create_id
from yoi_wire.readiness import Readiness
from yoi_wire.worker_requests import ApprovalDecision, WorkerInput


class EmbeddedRuntime:
    """Implements `RuntimeApi` on a SQLite file; the event loop never waits for the disk.

    A store that cannot be opened does not keep the Runtime from being made: it is unready, says why, and every
    operation raises that error (R-03, R-10).

    Args:
        data_directory: Where the store lies; made when it is not there.
        host: Policy and ports of this machine; without one nothing is granted.
        clock: The source of time.
        retention: How long things are kept.
        limits: How large bundles may be.
        labels: What this Runtime says of itself for placement.
        scanner: Looks for credentials in texts, where host policy asks for it; the builder's own when absent.
        open_database: Opens the database file.
    """

    def __init__(
        self,
        data_directory: Path,
        *,
        host: Host | None = None,
        clock: Clock | None = None,
        retention: Retention = DEFAULT_RETENTION,
        limits: Limits = DEFAULT_LIMITS,
        labels: dict[str, str] | None = None,
        scanner: SecretScanner | None = None,
        open_database: Callable[[Path], Database] = Database,
    ) -> None:
        self._labels = dict(labels or {})
        self._open_database = open_database
        self._resources = ExitStack()
        self._failure: YoiError | None = None
        self._opened: Context | None = None
        clock = clock or SystemClock()
        try:
            database = self._open(DataDirectory(data_directory), clock)
        except YoiError as error:
            self._failure = error
            self._resources.close()
            return
        self._opened = build_context(
            database,
            data_directory,
            host or BareHost(),
            clock,
            retention=retention,
            limits=limits,
            scanner=scanner,
        )
        self._resources.callback(self._opened.writer.close)

    def _open(self, directory: DataDirectory, clock: Clock) -> Database:
        self._resources.enter_context(directory.hold_shared())
        directory.finish_repair(str(clock.now()))
        database = self._open_database(directory.database)
        self._resources.callback(database.close)
        return database

    @property
    def maintenance(self) -> Maintenance:
        """What the host itself does with the store and the Workers.

        Raises:
            StoreCorruptError, RuntimeUnavailableError: The store could not be opened.
        """
        return Maintenance(self._context)

    async def start(self) -> StartReport:
        """Check the store and bring Workers back; a damaged store leaves the Runtime unready, with the reason."""
        if self._failure is not None:
            return StartReport(readiness=self._describe_failure(self._failure))
        return await self.maintenance.start()

    async def watch_live_rights(self, log: EventLog) -> None:
        """Hold, narrow, stop and free Workers as the host's grants change, until cancelled (X-13).

        A store that could not be opened has no Worker that could be asked for.
        """
        if self._failure is None:
            await watch_live_rights(LiveRights(self._context), log)

    async def check_readiness(self) -> Readiness:
        """Say whether the store is open and sound (R-10)."""
        if self._failure is not None:
            return self._describe_failure(self._failure)
        return await self.maintenance.check_readiness()

    def close(self) -> None:
        """Close the store; later operations are refused with `runtime.unavailable`."""
        self._resources.close()
        if self._failure is None:
            self._failure = RuntimeUnavailableError("closed")

    @staticmethod
    def _describe_failure(failure: YoiError) -> Readiness:
        return Readiness(ready=False, problems=({"code": failure.code, "details": failure.details()},))

    @property
    def _context(self) -> Context:
        if self._failure is not None:
            # An error that is raised again and again would gather tracebacks.
            raise self._failure.with_traceback(None)
        if self._opened is None:
            raise RuntimeUnavailableError("starting")
        return self._opened

    async def get_runtime(self, caller: Caller) -> RuntimeInfo:
        verify_scope(caller, "runtime:read")
        context = self._context
        builtin = context.builtin
        return RuntimeInfo(
            id=await asyncio.to_thread(get_runtime_id, context.database, create_id()),
            version=version("worker-runtime"),
            api_versions=API_VERSIONS,
            schema_versions=READABLE_SCHEMA_VERSIONS,
            features=tuple(sorted(context.features)),
            limits=msgspec.to_builtins(context.limits),
            resolver_version=RESOLVER_VERSION,
            builtin=BuiltinSetInfo(
                digest=builtin.digest, profiles=tuple(sorted(builtin.bundle.manifest.profiles))
            ),
            labels=self._labels,
            policy_generation=context.host.policy_generation,
        )

    async def list_bundles(
        self,
        caller: Caller,
        *,
        workspace: str | None = None,
        cursor: str | None = None,
        limit: int = DEFAULT_PAGE_SIZE,
    ) -> Page[BundleEntry]:
        return await asyncio.to_thread(
            bundles.list_entries, self._context, caller, workspace=workspace, cursor=cursor, limit=limit
        )

    async def get_bundle(self, caller: Caller, digest: str) -> BundleContent:
        return await asyncio.to_thread(bundles.get_content, self._context, caller, digest)

    async def get_blob(self, caller: Caller, digest: str, blob: str) -> bytes:
        return await asyncio.to_thread(self.read_blob, caller, digest, blob)

    def read_blob(self, caller: Caller, digest: str, blob: str) -> bytes:
        """Return a blob as `get_blob` does, without an event loop; blocks on the disk."""
        return bundles.get_blob(self._context, caller, digest, blob)

    def list_workspaces(self, issuer: str) -> tuple[str, ...]:
        """Return the workspaces of an issuer that this store knows; for the host's own operator."""
        return bundles.list_workspace_names(self._context, issuer)

    def list_issuers(self) -> tuple[str, ...]:
        """Return the issuers that have used this store; for the host's own operator (J-05)."""
        return bundles.list_issuer_names(self._context)

    async def head_bundle(self, caller: Caller, digest: str) -> BundleEntry:
        return await asyncio.to_thread(bundles.get_entry, self._context, caller, digest)

    async def delete_bundle(self, caller: Caller, digest: str) -> None:
        await asyncio.to_thread(bundles.delete, self._context, caller, digest)

    async def get_bundle_status(self, caller: Caller, digest: str) -> BundleStatus:
        return await asyncio.to_thread(bundles.get_status, self._context, caller, digest)

    async def put_bundle(
        self, caller: Caller, digest: str, metadata: BundleMetadata, body: ManifestBody
    ) -> PutOutcome:
        return await asyncio.to_thread(receiving.put_manifest, self._context, caller, digest, metadata, body)

    async def put_pack(self, caller: Caller, lease: str, pack: AsyncIterable[bytes]) -> PutOutcome:
        return await take_pack(self._context, caller, lease, pack)

    async def get_assignment(self, caller: Caller, workspace: str) -> Assignment:
        return await asyncio.to_thread(assignments.get, self._context, caller, workspace)

    async def put_assignment(self, caller: Caller, workspace: str, request: AssignmentRequest) -> Assignment:
        return await asyncio.to_thread(assignments.put, self._context, caller, workspace, request)

    async def delete_assignment(self, caller: Caller, workspace: str, generation: int) -> Assignment:
        return await asyncio.to_thread(assignments.delete, self._context, caller, workspace, generation)

    async def resolve_worker(self, caller: Caller, request: PreviewRequest) -> tuple[Explanation, ...]:
        return await preview_workers(self._context, caller, request)

    async def list_workers(
        self,
        caller: Caller,
        *,
        workspace: str | None = None,
        cursor: str | None = None,
        limit: int = DEFAULT_PAGE_SIZE,
    ) -> Page[Worker]:
        return await asyncio.to_thread(
            workers.list_entries, self._context, caller, workspace=workspace, cursor=cursor, limit=limit
        )

    async def get_worker(self, caller: Caller, worker: str) -> Worker:
        return await asyncio.to_thread(workers.get, self._context, caller, worker)

    async def create_worker(self, caller: Caller, request: CreateWorkerRequest) -> Worker:
        return await create_worker(self._context, caller, request)

    async def delete_worker(self, caller: Caller, worker: str) -> None:
        await asyncio.to_thread(workers.delete, self._context, caller, worker)

    async def get_worker_spec(self, caller: Caller, worker: str) -> bytes:
        return (await asyncio.to_thread(workers.read_documents, self._context, caller, worker)).spec

    async def get_worker_explanation(self, caller: Caller, worker: str) -> Explanation:
        documents = await asyncio.to_thread(workers.read_documents, self._context, caller, worker)
        return msgspec.json.decode(documents.explanation, type=Explanation)

    async def get_worker_rights(self, caller: Caller, worker: str) -> WorkerRights:
        return await read_rights(self._context, caller, worker)

    async def list_worker_events(
        self, caller: Caller, worker: str, *, after: int = 0, limit: int = DEFAULT_PAGE_SIZE
    ) -> EventPage:
        return await asyncio.to_thread(
            workers.read_events, self._context, caller, worker, after=after, limit=limit
        )

    async def send_worker_input(self, caller: Caller, worker: str, said: WorkerInput) -> WorkerEvent:
        return await asyncio.to_thread(workers.add_input, self._context, caller, worker, said)

    async def stop_worker(self, caller: Caller, worker: str) -> Worker:
        return await asyncio.to_thread(workers.end, self._context, caller, worker, "stop")

    async def cancel_worker(self, caller: Caller, worker: str) -> Worker:
        return await asyncio.to_thread(workers.end, self._context, caller, worker, "cancel")

    async def list_worker_approvals(self, caller: Caller, worker: str) -> tuple[Approval, ...]:
        return await asyncio.to_thread(workers.read_approvals, self._context, caller, worker)

    async def decide_worker_approval(
        self, caller: Caller, worker: str, approval: str, decision: ApprovalDecision
    ) -> Approval:
        return await asyncio.to_thread(workers.put_verdict, self._context, caller, worker, approval, decision)
