"""Worker orders, and the refusals of an order (K-06)."""

import hashlib
from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta, Struct

from worker_runtime.contract.requests import NO_INTENT, Intent
from worker_runtime.contract.workers import IdempotencyKey
from yoi_bundle.digest import Digest
from yoi_bundle.errors import YoiError
from yoi_bundle.identifiers import WorkspaceId
from yoi_workspace_server.audit import AuditEntry
from yoi_workspace_server.foreign_details import clean_details
from yoi_workspace_server.placement import MAX_LABELS, Label, RuntimeName

RefusedBy: TypeAlias = Literal["placement", "availability", "runtime"]


class WorkerOrder(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A Worker to create: never a resolved spec.

    Attributes:
        key: The same key and content again give the same Worker, on the same Runtime, of the same digest.
        selector: `builtin:NAME`, `workspace:NAME` or `default`.
        digest: A bundle of the workspace; absent for the active one.
        runtime: By name; absent for any that placement and labels allow.
        labels: That the operator gave the Runtime, all of them.
    """

    workspace: WorkspaceId
    key: IdempotencyKey
    selector: Annotated[str, Meta(max_length=1100)]
    intent: Intent = NO_INTENT
    digest: Digest | None = None
    runtime: RuntimeName | None = None
    labels: Annotated[dict[Label, Label], Meta(max_length=MAX_LABELS)] = {}

    def compute_fingerprint(self) -> str:
        """Return what differs when another Worker is asked for under the same key (W-01)."""
        data = msgspec.json.encode(self, order="sorted")
        return hashlib.sha256(data).hexdigest()


class RuntimeRefusal(Struct, frozen=True, kw_only=True):
    """Why one Runtime does not make the Worker; safe for the caller.

    Attributes:
        by: The stage that refused it.
        code: A code of `docs/errors.md`.
    """

    runtime: str
    by: RefusedBy
    code: str
    retryable: bool
    details: dict[str, object]


def describe_refusal(runtime: str, by: RefusedBy, error: YoiError) -> RuntimeRefusal:
    """Return what may be said of a refusal."""
    return RuntimeRefusal(
        runtime=runtime,
        by=by,
        code=error.code,
        retryable=error.retryable,
        details=clean_details(error.code, error.details()),
    )


class WorkerRefusedError(Exception):
    """No Runtime makes the Worker; carries what each one was refused by, and the error that decides the answer.

    Attributes:
        error: Of the Runtime that came nearest, as it was raised: its code and details go to the caller unchanged.
        refusals: Of every Runtime that was considered, the nearest first.
    """

    def __init__(self, error: YoiError, refusals: tuple[RuntimeRefusal, ...]) -> None:
        self.error = error
        self.refusals = refusals
        super().__init__(str(error))

    def build_entry(self, workspace: str, *, actor: str, runtime: str = "", worker: str = "") -> AuditEntry:
        """Return the audit's entry; Runtime and Worker are empty when the refusal concerns none in particular."""
        return AuditEntry(
            actor=actor,
            action="worker.refused",
            workspace=workspace,
            runtime=runtime,
            subject=worker,
            details={
                "code": self.error.code,
                "refused_by": {one.runtime: f"{one.by}: {one.code}" for one in self.refusals},
            },
        )
