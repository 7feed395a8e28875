"""Worker orders, and the refusals of an order (K-06)."""

from typing import Literal, TypeAlias

from msgspec import Struct

from yoi_bundle.errors import YoiError
from yoi_wire.error_details import clean_details
from yoi_workspace_server.audit import AuditEntry

RefusedBy: TypeAlias = Literal["placement", "availability", "runtime"]


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
