"""Protocol `RuntimeApi`: what a Runtime can be asked, one contract for the embedded library and for REST (R-01)."""

from collections.abc import AsyncIterable
from typing import Protocol

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
from worker_runtime.resolution.explain import Explanation
from worker_runtime.resolution.rights import WorkerRights
from yoi_bundle.metadata import BundleMetadata
from yoi_wire.paging import DEFAULT_PAGE_SIZE, Page
from yoi_wire.worker_requests import ApprovalDecision, WorkerInput


class RuntimeApi(Protocol):
    """The operations of one Runtime; one method a row of the REST table.

    Every operation may raise `ForbiddenError` (scope or workspace), `RuntimeUnavailableError`,
    `RuntimeOverloadedError` and `StoreCorruptError`. What belongs to another workspace or issuer is missing, not
    forbidden (R-07).
    """

    async def get_runtime(self, caller: Caller) -> RuntimeInfo:
        """Return what the Runtime says of itself (R-08)."""

    async def list_bundles(
        self,
        caller: Caller,
        *,
        workspace: str | None = None,
        cursor: str | None = None,
        limit: int = DEFAULT_PAGE_SIZE,
    ) -> Page[BundleEntry]:
        """Return stored bundles, newest first, of one workspace or of all that the caller names."""

    async def get_bundle(self, caller: Caller, digest: str) -> BundleContent:
        """Return a manifest's bytes.

        Raises:
            BundleMissingError: None is held.
            BundleCorruptError: It is damaged here.
        """

    async def head_bundle(self, caller: Caller, digest: str) -> BundleEntry:
        """Return what is known about a stored bundle.

        Raises:
            BundleMissingError: None is held.
        """

    async def delete_bundle(self, caller: Caller, digest: str) -> None:
        """Delete a bundle; idempotent.

        Raises:
            BundleInUseError: It is assigned, or pinned by a Worker (R-06).
        """

    async def get_bundle_status(self, caller: Caller, digest: str) -> BundleStatus:
        """Return how a digest stands (R-05).

        Raises:
            BundleMissingError: It is neither staged, stored nor remembered as rejected.
        """

    async def get_blob(self, caller: Caller, digest: str, blob: str) -> bytes:
        """Return a blob of a bundle, such as a prompt's text.

        Raises:
            BundleMissingError: No such bundle is held, or it names no such blob.
            BundleCorruptError: Bundle or blob is damaged.
        """

    async def put_bundle(
        self, caller: Caller, digest: str, metadata: BundleMetadata, body: ManifestBody
    ) -> PutOutcome:
        """Store a bundle, or stage its manifest and say which blobs are missing (R-04); idempotent.

        Raises:
            DigestMismatchError: The bytes hash to another digest; nothing is kept (B-02).
            BundleBaseMissingError: The delta's base is not held.
            LimitExceededError, BundleNotCanonicalError, SchemaUnsupportedError and the faults of a manifest: see
                `yoi_bundle.verified.verify_manifest`; the refusal is remembered.
            RequestInvalidError: The metadata is of another digest or workspace, or the body of another encoding.
        """

    async def put_pack(self, caller: Caller, lease: str, pack: AsyncIterable[bytes]) -> PutOutcome:
        """Take missing blobs, as `worker_runtime.sync.transfer.pack` writes them; the last one commits the bundle (R-04).

        What was verified before a cut stays.

        Raises:
            LeaseExpiredError: No such lease of the caller is in force.
            DigestMismatchError, RequestInvalidError, BundleInvalidError, LimitExceededError: A blob is wrong.
        """

    async def get_assignment(self, caller: Caller, workspace: str) -> Assignment:
        """Return what new Workers of a workspace should use; generation 0 before the first assignment."""

    async def put_assignment(self, caller: Caller, workspace: str, request: AssignmentRequest) -> Assignment:
        """Assign a digest (R-11); idempotent.

        Raises:
            AssignmentStaleError, AssignmentConflictError: Fenced by the generation.
            BundleMissingError, BundleCorruptError: The bundle has to be put first.
        """

    async def delete_assignment(self, caller: Caller, workspace: str, generation: int) -> Assignment:
        """Withdraw the assignment; idempotent, and fenced like `put_assignment`."""

    async def resolve_worker(self, caller: Caller, request: PreviewRequest) -> tuple[Explanation, ...]:
        """Say what one profile, or each of a bundle, would be on this host, and why (S-08); stores nothing."""

    async def list_workers(
        self,
        caller: Caller,
        *,
        workspace: str | None = None,
        cursor: str | None = None,
        limit: int = DEFAULT_PAGE_SIZE,
    ) -> Page[Worker]:
        """Return Workers, newest first."""

    async def get_worker(self, caller: Caller, worker: str) -> Worker:
        """Return a Worker.

        Raises:
            WorkerNotFoundError: There is none; so for the other operations on a Worker.
        """

    async def create_worker(self, caller: Caller, request: CreateWorkerRequest) -> Worker:
        """Create a Worker, or return the one under the same key (W-01).

        Raises:
            WorkerConflictError: The key stands for other content.
            ResolutionRefusedError: With every reason (S-09).
            BundleMissingError, BundleCorruptError, BundleUnassignedError, BundleRequiredError, InvalidSelectorError,
            ProfileNotFoundError: About the bundle or the selector.
        """

    async def delete_worker(self, caller: Caller, worker: str) -> None:
        """Delete a Worker that has ended; idempotent.

        Raises:
            WorkerInvalidStateError: It has not ended.
        """

    async def get_worker_spec(self, caller: Caller, worker: str) -> bytes:
        """Return the spec's canonical bytes."""

    async def get_worker_explanation(self, caller: Caller, worker: str) -> Explanation:
        """Return why the spec is as it is (S-03)."""

    async def get_worker_rights(self, caller: Caller, worker: str) -> WorkerRights:
        """Return what is left of a Worker's rights under the host policy and facts of this moment (X-13)."""

    async def list_worker_events(
        self, caller: Caller, worker: str, *, after: int = 0, limit: int = DEFAULT_PAGE_SIZE
    ) -> EventPage:
        """Return what happened, in order, after a sequence number; so one reads on after a cut (W-03)."""

    async def send_worker_input(self, caller: Caller, worker: str, said: WorkerInput) -> WorkerEvent:
        """Say something to a Worker.

        Raises:
            WorkerInvalidStateError: It is held or has ended.
        """

    async def stop_worker(self, caller: Caller, worker: str) -> Worker:
        """End a Worker in order; one that has ended stays as it is."""

    async def cancel_worker(self, caller: Caller, worker: str) -> Worker:
        """End a Worker at once; one that has ended stays as it is."""

    async def list_worker_approvals(self, caller: Caller, worker: str) -> tuple[Approval, ...]:
        """Return the calls that wait, or waited, for a person's word."""

    async def decide_worker_approval(
        self, caller: Caller, worker: str, approval: str, decision: ApprovalDecision
    ) -> Approval:
        """Give that word; the same again changes nothing.

        Raises:
            WorkerInvalidStateError: Another word was given, or the Worker has ended.
        """
