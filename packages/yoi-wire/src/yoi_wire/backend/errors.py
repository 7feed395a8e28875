"""The typed errors that only a Backend raises; each is declared once, as `yoi_bundle.errors` says."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Literal

from yoi_bundle.error_fields import WORD, Digest, Id, Local, Name, RuleName
from yoi_bundle.errors import YoiError

BackendUnavailableReason = Literal[
    "database_unreachable",
    "database_busy",
    "database_failed",
    "database_in_use",
    "schema_outdated",
    "schema_newer",
    "storage_full",
    "starting",
    "closed",
    "unreachable",
    "untrusted",
]
"""The last two are a client's, which did not reach it or does not believe its certificate."""

WorkspaceConflictReason = Literal["exists", "still_assigned", "superseded", "suspended"]
RuntimeConflictReason = Literal["name_exists", "runtime_exists", "still_assigned"]
_REMEDIES: Mapping[str, str] = MappingProxyType(
    {
        "database_unreachable": "start the database, or correct the address in the configuration",
        "database_busy": "try again in a moment",
        "database_in_use": "stop the other Backend, or use PostgreSQL to run several",
        "schema_outdated": "start the server, which brings the database up to date",
        "schema_newer": "use the version of this software that wrote the database, or a newer one",
        "storage_full": "free space on the disk of the database",
        "unreachable": "see whether it runs, and whether the address is right",
        "untrusted": "give its authority's PEM file or its certificate's fingerprint",
    }
)


class BackendError(YoiError):
    """Root of the errors that no Runtime raises; one that says their codes all the same is not believed."""


class WorkspaceNotFoundError(BackendError, code="workspace.not_found", req="K-09", status=404):
    """There is no such workspace, or the caller's token does not name it."""

    remedy = "see `yoi workspace list`"
    sentence = "no workspace {workspace}"
    workspace: Name


class WorkspaceConflictError(BackendError, code="workspace.conflict", req="K-01", status=409):
    """The workspace does not allow it as it stands.

    Attributes:
        reason: `exists`, `still_assigned` (Runtimes have its bundle), `superseded` (somebody else was first), or
            `suspended` (restored from a backup, and not yet released).
    """

    remedy = "look at it with `yoi workspace show`"
    sentence = "workspace {workspace}: {reason}"
    workspace: Name
    reason: Annotated[WorkspaceConflictReason, WORD]


class RuntimeNotFoundError(BackendError, code="runtime.not_found", req="K-02", status=404):
    """No Runtime of that name is registered."""

    remedy = "see `yoi runtime list`"
    sentence = "no Runtime {runtime}"
    runtime: Name


class RuntimeConflictError(BackendError, code="runtime.conflict", req="K-02", status=409):
    """The name, or the Runtime itself under another name, is registered already; or it still has assignments."""

    remedy = "take another name, or remove the registered one first"
    sentence = "Runtime {runtime}: {reason}"
    runtime: Name
    reason: Annotated[RuntimeConflictReason, WORD]

    def __post_init__(self) -> None:
        if self.reason == "still_assigned":
            self.remedy = "try again when it can be reached, or remove it by force"


class PlacementDeniedError(BackendError, code="placement.denied", req="K-03", status=403):
    """Placement does not let the Runtime have the workspace's bundle.

    Attributes:
        rule: Id of the rule that decided; empty when none matched.
    """

    remedy = "see `yoi placement explain`, and allow it with `yoi placement set`"
    sentence = "workspace {workspace} may not go to Runtime {runtime}"
    workspace: Name
    runtime: Name
    rule: RuleName = ""


class BundleRevokedError(BackendError, code="bundle.revoked", req="K-01", status=403):
    """The digest has been revoked: no new Worker may use it."""

    remedy = "use another revision"
    sentence = "bundle {digest} of {workspace} is revoked"
    workspace: Name
    digest: Digest


class TokenNotFoundError(BackendError, code="token.not_found", req="K-09", status=404):
    """There is no such API token."""

    remedy = "see `yoi token list`"
    sentence = "no token {token}"
    token: Id


class BackendUnavailableError(
    BackendError, code="backend.unavailable", req="K-08", status=503, retryable=True
):
    """The Backend cannot serve now, or is not reached; the same request may work later.

    Attributes:
        retry_after_seconds: When to try again at the earliest; 0 when nobody has said.
    """

    remedy = "try again later"
    sentence = "the Backend is unavailable: {reason}"
    reason: Annotated[BackendUnavailableReason, WORD]
    retry_after_seconds: Local[int] = 0

    def __post_init__(self) -> None:
        self.remedy = _REMEDIES.get(self.reason, self.remedy)
