"""The typed errors of a Runtime; every one has a stable code, and details that any reader may see.

What is wrong with a bundle's own content is said by `yoi_bundle.errors`; a refused resolution by
`worker_runtime.resolution`.
"""

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

from yoi_bundle.errors import YoiError

UnavailableReason = Literal[
    "starting",
    "closed",
    "unreachable",
    "storage_full",
    "storage_read_only",
    "storage_failed",
    "storage_in_use",
    "policy_invalid",
]
OverloadedReason = Literal["busy", "leases", "staged_bytes"]


class BundleMissingError(YoiError):
    """The caller's workspaces hold no bundle of this digest; also said of another workspace's bundle (R-07)."""

    code = "bundle.missing"

    def __init__(self, digest: str) -> None:
        self.digest = digest
        super().__init__(f"no bundle {digest} is held here")

    def details(self) -> dict[str, Any]:
        return {"digest": self.digest}


class BundleBaseMissingError(YoiError):
    """A manifest came as a delta against one that the caller's workspaces do not hold (R-04)."""

    code = "bundle.base_missing"
    retryable: ClassVar[bool] = True

    def __init__(self, base: str) -> None:
        self.base = base
        super().__init__(f"no manifest {base} is held here to apply the delta to")

    def details(self) -> dict[str, Any]:
        return {"base": self.base}


class BundleCorruptError(YoiError):
    """Stored bytes of a bundle no longer hash to their digest; it is not served until it is put again (R-03).

    Attributes:
        digest: The bundle.
        damaged: Digests of the manifest or blobs at fault, as far as they are known.
    """

    code = "bundle.corrupt"
    retryable: ClassVar[bool] = True

    def __init__(self, digest: str, damaged: Sequence[str] = ()) -> None:
        self.digest = digest
        self.damaged = tuple(damaged)
        super().__init__(f"bundle {digest} is damaged here; put it again")

    def details(self) -> dict[str, Any]:
        return {"digest": self.digest, "damaged": list(self.damaged)}


class BundleInUseError(YoiError):
    """An assigned or pinned bundle cannot be deleted (R-06)."""

    code = "bundle.in_use"

    def __init__(self, digest: str, *, assigned: bool, workers: Sequence[str]) -> None:
        self.digest = digest
        self.assigned = assigned
        self.workers = tuple(workers)
        super().__init__(f"bundle {digest} is in use")

    def details(self) -> dict[str, Any]:
        return {"digest": self.digest, "assigned": self.assigned, "workers": list(self.workers)}


class BundleUnassignedError(YoiError):
    """Host policy confines new Workers to the assigned bundle, and this is another one (R-11)."""

    code = "bundle.unassigned"

    def __init__(self, digest: str, assigned: str | None) -> None:
        self.digest = digest
        self.assigned = assigned
        super().__init__(f"bundle {digest} is not the assigned one")

    def details(self) -> dict[str, Any]:
        return {"digest": self.digest, "assigned": self.assigned}


class LeaseExpiredError(YoiError):
    """No such lease of this caller is in force; put the manifest again for a new one (R-06)."""

    code = "lease.expired"
    retryable: ClassVar[bool] = True

    def __init__(self, lease: str) -> None:
        self.lease = lease
        super().__init__("the lease is not in force")

    def details(self) -> dict[str, Any]:
        return {"lease": self.lease}


class AssignmentStaleError(YoiError):
    """A higher generation has been here already (R-11)."""

    code = "assignment.stale"

    def __init__(self, workspace: str, *, generation: int, current: int) -> None:
        self.workspace = workspace
        self.generation = generation
        self.current = current
        super().__init__(f"generation {generation} of {workspace} is older than {current}")

    def details(self) -> dict[str, Any]:
        return {"workspace": self.workspace, "generation": self.generation, "current": self.current}


class AssignmentConflictError(YoiError):
    """The same generation already stands for another digest (R-11)."""

    code = "assignment.conflict"

    def __init__(self, workspace: str, *, generation: int, assigned: str | None) -> None:
        self.workspace = workspace
        self.generation = generation
        self.assigned = assigned
        super().__init__(f"generation {generation} of {workspace} already stands for another digest")

    def details(self) -> dict[str, Any]:
        return {"workspace": self.workspace, "generation": self.generation, "assigned": self.assigned}


class WorkerNotFoundError(YoiError):
    """The caller's workspaces have no such Worker, approval or document of one."""

    code = "worker.not_found"

    def __init__(self, worker: str) -> None:
        self.worker = worker
        super().__init__(f"no Worker {worker}")

    def details(self) -> dict[str, Any]:
        return {"worker": self.worker}


class WorkerConflictError(YoiError):
    """The idempotency key already stands for a Worker of other content (W-01)."""

    code = "worker.conflict"

    def __init__(self, key: str, worker: str) -> None:
        self.key = key
        self.worker = worker
        super().__init__(f"key {key} already stands for another Worker")

    def details(self) -> dict[str, Any]:
        return {"key": self.key, "worker": self.worker}


class WorkerInvalidStateError(YoiError):
    """The Worker's state does not admit the operation (W-03)."""

    code = "worker.invalid_state"

    def __init__(self, worker: str, *, state: str, operation: str) -> None:
        self.worker = worker
        self.state = state
        self.operation = operation
        super().__init__(f"Worker {worker} is {state}: no {operation}")

    def details(self) -> dict[str, Any]:
        return {"worker": self.worker, "state": self.state, "operation": self.operation}


class UnauthenticatedError(YoiError):
    """The caller did not prove who it is (K-09)."""

    code = "auth.unauthenticated"


class ForbiddenError(YoiError):
    """The caller's token names no such workspace or scope (R-07)."""

    code = "auth.forbidden"

    def __init__(self, *, scope: str = "", workspace: str = "") -> None:
        self.scope = scope
        self.workspace = workspace
        super().__init__(f"not allowed: {scope or workspace}")

    def details(self) -> dict[str, Any]:
        pairs = {"scope": self.scope, "workspace": self.workspace}
        return {name: value for name, value in pairs.items() if value}


class RuntimeUnavailableError(YoiError):
    """The Runtime cannot serve now; the same request may work later.

    Attributes:
        request: The id under which its log knows the request, where the caller was told.
        retry_after_seconds: When to try again at the earliest; 0 when nobody has said.
    """

    code = "runtime.unavailable"
    retryable: ClassVar[bool] = True

    def __init__(self, reason: UnavailableReason, *, request: str = "", retry_after_seconds: int = 0) -> None:
        self.reason = reason
        self.request = request
        self.retry_after_seconds = retry_after_seconds
        super().__init__(f"the Runtime is unavailable: {reason}")

    def details(self) -> dict[str, Any]:
        pairs = {"reason": self.reason, "request": self.request}
        return {name: value for name, value in pairs.items() if value}


class RuntimeIncompatibleError(YoiError):
    """Two peers share no API major or no schema version (R-08)."""

    code = "runtime.incompatible"

    def __init__(self, *, ours: Sequence[int], theirs: Sequence[int], what: Literal["api", "schema"]) -> None:
        self.what = what
        self.ours = tuple(ours)
        self.theirs = tuple(theirs)
        super().__init__(f"no common {what} version")

    def details(self) -> dict[str, Any]:
        return {"what": self.what, "ours": list(self.ours), "theirs": list(self.theirs)}


class RuntimeOverloadedError(YoiError):
    """Too much is under way; come back after a while (R-09).

    Attributes:
        retry_after_seconds: When to try again at the earliest.
    """

    code = "runtime.overloaded"
    retryable: ClassVar[bool] = True

    def __init__(self, reason: OverloadedReason, *, retry_after_seconds: int = 1) -> None:
        self.reason = reason
        self.retry_after_seconds = retry_after_seconds
        super().__init__(f"the Runtime is overloaded: {reason}")

    def details(self) -> dict[str, Any]:
        return {"reason": self.reason, "retry_after_seconds": self.retry_after_seconds}


class StoreCorruptError(YoiError):
    """The database itself, or a record in it, is damaged; `repair` salvages what it can (R-03).

    Attributes:
        what: The kind of record or structure at fault, such as `worker` or `database`.
    """

    code = "store.corrupt"

    def __init__(self, what: str) -> None:
        self.what = what
        super().__init__(f"the store is damaged: {what}")

    def details(self) -> dict[str, Any]:
        return {"what": self.what}


class RequestInvalidError(YoiError):
    """The request is not of the form that the operation asks for.

    Attributes:
        field: JSON pointer or name of the part at fault.
    """

    code = "request.invalid"

    def __init__(self, message: str, *, field: str = "") -> None:
        self.message = message
        self.field = field
        super().__init__(f"{field or 'request'}: {message}")

    def details(self) -> dict[str, Any]:
        return {"message": self.message, "field": self.field}
