"""Errors of the Backend; every one has a stable code, and details that any reader may see."""

from typing import Any, ClassVar, Literal

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
]
WorkspaceConflictReason = Literal["exists", "still_assigned", "superseded"]
RuntimeConflictReason = Literal["name_exists", "runtime_exists", "still_assigned"]

_REMEDIES: dict[str, str] = {
    "database_unreachable": "start the database, or correct the address in the configuration",
    "database_busy": "try again in a moment",
    "database_in_use": "stop the other Backend, or use PostgreSQL to run several",
    "schema_outdated": "start the server, which brings the database up to date",
    "schema_newer": "use the version of this software that wrote the database, or a newer one",
    "storage_full": "free space on the disk of the database",
}


class WorkspaceNotFoundError(YoiError):
    """There is no such workspace, or the caller's token does not name it."""

    code = "workspace.not_found"

    def __init__(self, workspace: str) -> None:
        self.workspace = workspace
        super().__init__(f"no workspace {workspace}")

    @property
    def remedy(self) -> str:
        return "list the workspaces that your token names, or add this one"

    def details(self) -> dict[str, Any]:
        return {"workspace": self.workspace}


class WorkspaceConflictError(YoiError):
    """The workspace does not allow it as it stands.

    Attributes:
        reason: `exists`, `still_assigned` (Runtimes have its bundle), or `superseded` (somebody else was first).
    """

    code = "workspace.conflict"

    def __init__(self, workspace: str, reason: WorkspaceConflictReason) -> None:
        self.workspace = workspace
        self.reason = reason
        super().__init__(f"workspace {workspace}: {reason}")

    @property
    def remedy(self) -> str:
        return "look at the workspace as it is now, and decide again"

    def details(self) -> dict[str, Any]:
        return {"workspace": self.workspace, "reason": self.reason}


class RuntimeNotFoundError(YoiError):
    """No Runtime of that name is registered."""

    code = "runtime.not_found"

    def __init__(self, runtime: str) -> None:
        self.runtime = runtime
        super().__init__(f"no Runtime {runtime}")

    @property
    def remedy(self) -> str:
        return "list the Runtimes, or add this one"

    def details(self) -> dict[str, Any]:
        return {"runtime": self.runtime}


class RuntimeConflictError(YoiError):
    """The name, or the Runtime itself under another name, is registered already; or it still has assignments."""

    code = "runtime.conflict"

    def __init__(self, runtime: str, reason: RuntimeConflictReason) -> None:
        self.runtime = runtime
        self.reason = reason
        super().__init__(f"Runtime {runtime}: {reason}")

    @property
    def remedy(self) -> str:
        if self.reason == "still_assigned":
            return "try again when it can be reached, or remove it by force"
        return "take another name, or remove the registered one first"

    def details(self) -> dict[str, Any]:
        return {"runtime": self.runtime, "reason": self.reason}


class PlacementDeniedError(YoiError):
    """Placement does not let the Runtime have the workspace's bundle (K-03).

    Attributes:
        rule: Id of the rule that decided; empty when none matched.
    """

    code = "placement.denied"

    def __init__(self, workspace: str, runtime: str, *, rule: str = "") -> None:
        self.workspace = workspace
        self.runtime = runtime
        self.rule = rule
        super().__init__(f"workspace {workspace} may not go to Runtime {runtime}")

    @property
    def remedy(self) -> str:
        return "choose another Runtime, or change the placement rules"

    def details(self) -> dict[str, Any]:
        return {"workspace": self.workspace, "runtime": self.runtime, "rule": self.rule}


class BundleRevokedError(YoiError):
    """The digest has been revoked: no new Worker may use it (K-01)."""

    code = "bundle.revoked"

    def __init__(self, workspace: str, digest: str) -> None:
        self.workspace = workspace
        self.digest = digest
        super().__init__(f"bundle {digest} of {workspace} is revoked")

    @property
    def remedy(self) -> str:
        return "use another revision"

    def details(self) -> dict[str, Any]:
        return {"workspace": self.workspace, "digest": self.digest}


class TokenNotFoundError(YoiError):
    """There is no such API token."""

    code = "token.not_found"

    def __init__(self, token: str) -> None:
        self.token = token
        super().__init__(f"no token {token}")

    @property
    def remedy(self) -> str:
        return "list the tokens"

    def details(self) -> dict[str, Any]:
        return {"token": self.token}


class BackendUnavailableError(YoiError):
    """The Backend cannot serve now; the same request may work later."""

    code = "backend.unavailable"
    retryable: ClassVar[bool] = True

    def __init__(self, reason: BackendUnavailableReason) -> None:
        self.reason = reason
        super().__init__(f"the Backend is unavailable: {reason}")

    @property
    def remedy(self) -> str:
        return _REMEDIES.get(self.reason, "try again later")

    def details(self) -> dict[str, Any]:
        return {"reason": self.reason}
