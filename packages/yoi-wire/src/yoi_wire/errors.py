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


class BundleMissingError(YoiError, code="bundle.missing", req="R-07", status=404):
    """The caller's workspaces hold no bundle of this digest; also said of another workspace's bundle."""

    sentence = "no bundle {digest} is held here"
    digest: Digest


class BundleBaseMissingError(
    YoiError, code="bundle.base_missing", req="R-04", status=409, exit="not_found", retryable=True
):
    """A manifest came as a delta against one that the caller's workspaces do not hold."""

    sentence = "no manifest {base} is held here to apply the delta to"
    base: Digest


class BundleCorruptError(
    YoiError, code="bundle.corrupt", req="R-03", status=503, exit="refused", retryable=True
):
    """Stored bytes of a bundle no longer hash to their digest; it is not served until it is put again.

    Attributes:
        digest: The bundle.
        damaged: Digests of the manifest or blobs at fault, as far as they are known.
    """

    sentence = "bundle {digest} is damaged here; put it again"
    digest: Digest
    damaged: Many[Digest] = ()


class BundleInUseError(YoiError, code="bundle.in_use", req="R-06", status=409):
    """An assigned or pinned bundle cannot be deleted."""

    sentence = "bundle {digest} is in use"
    digest: Digest
    _: KW_ONLY
    assigned: bool
    workers: Many[Id]


class BundleUnassignedError(YoiError, code="bundle.unassigned", req="R-11", status=403):
    """Host policy confines new Workers to the assigned bundle, and this is another one."""

    sentence = "bundle {digest} is not the assigned one"
    digest: Digest
    assigned: Digest | None


class LeaseExpiredError(YoiError, code="lease.expired", req="R-06", status=410, retryable=True):
    """No such lease of this caller is in force; put the manifest again for a new one."""

    sentence = "the lease is not in force"
    lease: Private


class AssignmentStaleError(YoiError, code="assignment.stale", req="R-11", status=409):
    """A higher generation has been here already."""

    sentence = "generation {generation} of {workspace} is older than {current}"
    workspace: Name
    _: KW_ONLY
    generation: int
    current: int


class AssignmentConflictError(YoiError, code="assignment.conflict", req="R-11", status=409):
    """The same generation already stands for another digest."""

    sentence = "generation {generation} of {workspace} already stands for another digest"
    workspace: Name
    _: KW_ONLY
    generation: int
    assigned: Digest | None


class WorkerNotFoundError(YoiError, code="worker.not_found", req="W-01", status=404):
    """The caller's workspaces have no such Worker, approval or document of one."""

    sentence = "no Worker {worker}"
    worker: Id


class WorkerConflictError(YoiError, code="worker.conflict", req="W-01", status=409):
    """The idempotency key already stands for a Worker of other content."""

    sentence = "key {key} already stands for another Worker"
    key: Key
    worker: Id


class WorkerInvalidStateError(YoiError, code="worker.invalid_state", req="W-03", status=409):
    """The Worker's state does not admit the operation."""

    sentence = "Worker {worker} is {state}: no {operation}"
    worker: Id
    _: KW_ONLY
    state: Word
    operation: Word


class UnauthenticatedError(YoiError, code="auth.unauthenticated", req="K-09", status=401):
    """The caller did not prove who it is."""

    sentence = "{message}"
    message: Local[str] = "the Runtime takes no such token"


class ForbiddenError(YoiError, code="auth.forbidden", req="R-07", status=403):
    """The caller's token names no such workspace or scope."""

    _: KW_ONLY
    scope: Given[Word] = ""
    workspace: Given[Name] = ""

    def __str__(self) -> str:
        return f"not allowed: {self.scope or self.workspace}"


class RuntimeUnavailableError(YoiError, code="runtime.unavailable", req="R-09", status=503, retryable=True):
    """The Runtime cannot serve now; the same request may work later.

    Attributes:
        request: The id under which its log knows the request, where the caller was told.
        retry_after_seconds: When to try again at the earliest; 0 when nobody has said.
    """

    sentence = "the Runtime is unavailable: {reason}"
    reason: Annotated[UnavailableReason, WORD, Own("unreachable")]
    _: KW_ONLY
    request: Given[RequestId] = ""
    retry_after_seconds: Local[int] = 0


class RuntimeIncompatibleError(
    YoiError, code="runtime.incompatible", req="R-08", status=409, exit="unavailable"
):
    """Two peers share no API major or no schema version."""

    sentence = "no common {what} version"
    _: KW_ONLY
    what: Annotated[Literal["api", "schema"], WORD]
    ours: Many[int]
    theirs: Many[int]


class RuntimeOverloadedError(YoiError, code="runtime.overloaded", req="R-09", status=503, retryable=True):
    """Too much is under way; come back after a while.

    Attributes:
        reason: `busy` is said of the caller's share (429), the others of the Runtime (503).
        retry_after_seconds: When to try again at the earliest.
    """

    sentence = "the Runtime is overloaded: {reason}"
    reason: Annotated[OverloadedReason, WORD, Own("leases")]
    _: KW_ONLY
    retry_after_seconds: int = 1

    def __post_init__(self) -> None:
        if self.reason == "busy":
            self.status = 429


class StoreCorruptError(YoiError, code="store.corrupt", req="R-03", status=503):
    """The database itself, or a record in it, is damaged; `repair` salvages what it can.

    Attributes:
        what: The kind of record or structure at fault, such as `worker` or `database`.
    """

    sentence = "the store is damaged: {what}"
    what: Word


class RequestInvalidError(YoiError, code="request.invalid", req="R-01", status=400):
    """The request is not of the form that the operation asks for.

    Attributes:
        field: JSON pointer or name of the part at fault.
    """

    message: Annotated[str, Own("the Runtime takes no request of this form")]
    _: KW_ONLY
    field: Annotated[Pointer, Own("")] = ""

    def __str__(self) -> str:
        return f"{self.field or 'request'}: {self.message}"


class RemoteFaultError(YoiError, code="internal", status=500):
    """The other side failed by a fault of its own, or answered what none of its kind answers.

    Attributes:
        request: The id under which its log says how; empty when it gave none.
    """

    sentence = "{message}"
    message: Local[str] = "the Runtime failed"
    _: KW_ONLY
    request: Given[RequestId] = ""
