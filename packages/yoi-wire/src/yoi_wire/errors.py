"""The typed errors of a Runtime; each is declared once, as `yoi_bundle.errors` says.

What is wrong with a bundle's own content is said by `yoi_bundle.errors`; a refused resolution by
`worker_runtime.resolution`; what only a Backend refuses by `yoi_wire.backend.errors`.
"""

from collections.abc import Mapping
from dataclasses import KW_ONLY
from types import MappingProxyType
from typing import Annotated, Literal

from yoi_bundle.error_fields import (
    WORD,
    Digest,
    Given,
    Id,
    Key,
    Local,
    Many,
    Name,
    Own,
    Pointer,
    Private,
    RequestId,
    Word,
)
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

REASON_CODES: Mapping[str, str] = MappingProxyType(
    {
        "capability.unavailable": "S-09",
        "policy.denied": "S-10",
        "secret.unavailable": "S-04",
        "mount.unavailable": "S-05",
        "model.unavailable": "S-09",
        "plugin.unavailable": "S-06",
        "plugin.not_granted": "S-06",
        "plugin.digest_mismatch": "S-06",
    }
)
"""Codes without a class, with the rule that asks for each: they stand in the details of `resolution.refused`."""


class BundleMissingError(
    YoiError,
    code="bundle.missing",
    requirement="R-07",
    status=404,
    exit="not_found",
    message="no bundle {digest} is held here",
):
    """The caller's workspaces hold no bundle of this digest; also said of another workspace's bundle."""

    digest: Digest


class BundleBaseMissingError(
    YoiError,
    code="bundle.base_missing",
    requirement="R-04",
    status=409,
    exit="not_found",
    retryable=True,
    message="no manifest {base} is held here to apply the delta to",
):
    """A manifest came as a delta against one that the caller's workspaces do not hold."""

    base: Digest


class BundleCorruptError(
    YoiError,
    code="bundle.corrupt",
    requirement="R-03",
    status=503,
    exit="refused",
    retryable=True,
    message="bundle {digest} is damaged here; put it again",
):
    """Stored bytes of a bundle no longer hash to their digest; it is not served until it is put again.

    Attributes:
        digest: The bundle.
        damaged: Digests of the manifest or blobs at fault, as far as they are known.
    """

    digest: Digest
    damaged: Many[Digest] = ()


class BundleInUseError(
    YoiError,
    code="bundle.in_use",
    requirement="R-06",
    status=409,
    exit="conflict",
    message="bundle {digest} is in use",
):
    """An assigned or pinned bundle cannot be deleted."""

    digest: Digest
    _: KW_ONLY
    assigned: bool
    workers: Many[Id]


class BundleUnassignedError(
    YoiError,
    code="bundle.unassigned",
    requirement="R-11",
    status=403,
    exit="refused",
    message="bundle {digest} is not the assigned one",
):
    """Host policy confines new Workers to the assigned bundle, and this is another one."""

    digest: Digest
    assigned: Digest | None


class LeaseExpiredError(
    YoiError,
    code="lease.expired",
    requirement="R-06",
    status=410,
    exit="conflict",
    retryable=True,
    message="the lease is not in force",
):
    """No such lease of this caller is in force; put the manifest again for a new one."""

    lease: Private


class AssignmentStaleError(
    YoiError,
    code="assignment.stale",
    requirement="R-11",
    status=409,
    exit="conflict",
    message="generation {generation} of {workspace} is older than {current}",
):
    """A higher generation has been here already."""

    workspace: Name
    _: KW_ONLY
    generation: int
    current: int


class AssignmentConflictError(
    YoiError,
    code="assignment.conflict",
    requirement="R-11",
    status=409,
    exit="conflict",
    message="generation {generation} of {workspace} already stands for another digest",
):
    """The same generation already stands for another digest."""

    workspace: Name
    _: KW_ONLY
    generation: int
    assigned: Digest | None


class WorkerNotFoundError(
    YoiError,
    code="worker.not_found",
    requirement="W-01",
    status=404,
    exit="not_found",
    message="no Worker {worker}",
):
    """The caller's workspaces have no such Worker, approval or document of one."""

    worker: Id


class WorkerConflictError(
    YoiError,
    code="worker.conflict",
    requirement="W-01",
    status=409,
    exit="conflict",
    message="key {key} already stands for another Worker",
):
    """The idempotency key already stands for a Worker of other content."""

    key: Key
    worker: Id


class WorkerInvalidStateError(
    YoiError,
    code="worker.invalid_state",
    requirement="W-03",
    status=409,
    exit="conflict",
    message="Worker {worker} is {state}: no {operation}",
):
    """The Worker's state does not admit the operation."""

    worker: Id
    _: KW_ONLY
    state: Word
    operation: Word


class UnauthenticatedError(
    YoiError,
    code="auth.unauthenticated",
    requirement="K-09",
    status=401,
    exit="refused",
    message="{message}",
):
    """The caller did not prove who it is."""

    message: Local[str] = "the Runtime takes no such token"


class ForbiddenError(YoiError, code="auth.forbidden", requirement="R-07", status=403, exit="refused"):
    """The caller's token names no such workspace or scope."""

    _: KW_ONLY
    scope: Given[Word] = ""
    workspace: Given[Name] = ""

    def __str__(self) -> str:
        return f"not allowed: {self.scope or self.workspace}"


class RuntimeUnavailableError(
    YoiError,
    code="runtime.unavailable",
    requirement="R-09",
    status=503,
    exit="unavailable",
    retryable=True,
    message="the Runtime is unavailable: {reason}",
):
    """The Runtime cannot serve now; the same request may work later.

    Attributes:
        request: The id under which its log knows the request, where the caller was told.
        retry_after_seconds: When to try again at the earliest; 0 when nobody has said.
    """

    reason: Annotated[UnavailableReason, WORD, Own("unreachable")]
    _: KW_ONLY
    request: Given[RequestId] = ""
    retry_after_seconds: Local[int] = 0


class RuntimeIncompatibleError(
    YoiError,
    code="runtime.incompatible",
    requirement="R-08",
    status=409,
    exit="unavailable",
    message="no common {what} version",
):
    """Two peers share no API major or no schema version."""

    _: KW_ONLY
    what: Annotated[Literal["api", "schema"], WORD]
    ours: Many[int]
    theirs: Many[int]


class RuntimeOverloadedError(
    YoiError,
    code="runtime.overloaded",
    requirement="R-09",
    status=503,
    exit="unavailable",
    retryable=True,
    message="the Runtime is overloaded: {reason}",
):
    """Too much is under way; come back after a while.

    Attributes:
        reason: `busy` is said of the caller's share (429), the others of the Runtime (503).
        retry_after_seconds: When to try again at the earliest.
    """

    reason: Annotated[OverloadedReason, WORD, Own("leases")]
    _: KW_ONLY
    retry_after_seconds: int = 1

    def __post_init__(self) -> None:
        if self.reason == "busy":
            self.status = 429


class StoreCorruptError(
    YoiError,
    code="store.corrupt",
    requirement="R-03",
    status=503,
    exit="unavailable",
    message="the store is damaged: {what}",
):
    """The database itself, or a record in it, is damaged; `repair` salvages what it can.

    Attributes:
        what: The kind of record or structure at fault, such as `worker` or `database`.
    """

    what: Word


class RequestInvalidError(YoiError, code="request.invalid", requirement="R-01", status=400, exit="usage"):
    """The request is not of the form that the operation asks for.

    Attributes:
        field: JSON pointer or name of the part at fault.
    """

    message: Annotated[str, Own("the Runtime takes no request of this form")]
    _: KW_ONLY
    field: Annotated[Pointer, Own("")] = ""

    def __str__(self) -> str:
        return f"{self.field or 'request'}: {self.message}"


class RemoteFaultError(YoiError, code="internal", status=500, exit="internal", message="{message}"):
    """The other side failed by a fault of its own, or answered what none of its kind answers.

    Attributes:
        request: The id under which its log says how; empty when it gave none.
    """

    message: Local[str] = "the Runtime failed"
    _: KW_ONLY
    request: Given[RequestId] = ""
