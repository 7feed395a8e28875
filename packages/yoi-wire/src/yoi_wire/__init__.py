"""The wire: operations and errors, each declared once; server kit, client, OpenAPI.

`__all__` is what programs may use (docs/reference/library.md); a name's module is loaded when the name is first used.
"""

from yoi_bundle.lazy_names import build_lazy_names

# Type checkers take this name for true; `typing` is not loaded for it.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from yoi_bundle.errors import YoiError
    from yoi_wire.backend.errors import (
        BackendError,
        BackendUnavailableError,
        BundleRevokedError,
        PlacementDeniedError,
        RuntimeConflictError,
        RuntimeNotFoundError,
        TokenNotFoundError,
        WorkspaceConflictError,
        WorkspaceNotFoundError,
    )
    from yoi_wire.backend.operations import BACKEND_OPERATIONS
    from yoi_wire.backend.workers import WorkerOrder
    from yoi_wire.clock import (
        Clock,
        SystemClock,
        format_instant,
    )
    from yoi_wire.errors import (
        AssignmentConflictError,
        AssignmentStaleError,
        BundleBaseMissingError,
        BundleCorruptError,
        BundleInUseError,
        BundleMissingError,
        BundleUnassignedError,
        ForbiddenError,
        LeaseExpiredError,
        RemoteFaultError,
        RequestInvalidError,
        RuntimeIncompatibleError,
        RuntimeOverloadedError,
        RuntimeUnavailableError,
        StoreCorruptError,
        UnauthenticatedError,
        WorkerConflictError,
        WorkerInvalidStateError,
        WorkerNotFoundError,
    )
    from yoi_wire.event_log import EventLog
    from yoi_wire.operation import (
        Interface,
        Operation,
    )
    from yoi_wire.paging import (
        Page,
        collect_pages,
        iterate_pages,
    )
    from yoi_wire.worker_requests import (
        ApprovalDecision,
        Intent,
        Narrowing,
        WorkerInput,
        WorkerRequest,
    )
else:
    __getattr__, __dir__ = build_lazy_names(
        __name__,
        {
            "yoi_bundle.errors": ("YoiError",),
            "yoi_wire.backend.errors": (
                "BackendError",
                "BackendUnavailableError",
                "BundleRevokedError",
                "PlacementDeniedError",
                "RuntimeConflictError",
                "RuntimeNotFoundError",
                "TokenNotFoundError",
                "WorkspaceConflictError",
                "WorkspaceNotFoundError",
            ),
            "yoi_wire.backend.operations": ("BACKEND_OPERATIONS",),
            "yoi_wire.backend.workers": ("WorkerOrder",),
            "yoi_wire.clock": (
                "Clock",
                "SystemClock",
                "format_instant",
            ),
            "yoi_wire.errors": (
                "AssignmentConflictError",
                "AssignmentStaleError",
                "BundleBaseMissingError",
                "BundleCorruptError",
                "BundleInUseError",
                "BundleMissingError",
                "BundleUnassignedError",
                "ForbiddenError",
                "LeaseExpiredError",
                "RemoteFaultError",
                "RequestInvalidError",
                "RuntimeIncompatibleError",
                "RuntimeOverloadedError",
                "RuntimeUnavailableError",
                "StoreCorruptError",
                "UnauthenticatedError",
                "WorkerConflictError",
                "WorkerInvalidStateError",
                "WorkerNotFoundError",
            ),
            "yoi_wire.event_log": ("EventLog",),
            "yoi_wire.operation": (
                "Interface",
                "Operation",
            ),
            "yoi_wire.paging": (
                "Page",
                "collect_pages",
                "iterate_pages",
            ),
            "yoi_wire.worker_requests": (
                "ApprovalDecision",
                "Intent",
                "Narrowing",
                "WorkerInput",
                "WorkerRequest",
            ),
        },
    )

__all__ = [
    "BACKEND_OPERATIONS",
    "ApprovalDecision",
    "AssignmentConflictError",
    "AssignmentStaleError",
    "BackendError",
    "BackendUnavailableError",
    "BundleBaseMissingError",
    "BundleCorruptError",
    "BundleInUseError",
    "BundleMissingError",
    "BundleRevokedError",
    "BundleUnassignedError",
    "Clock",
    "EventLog",
    "ForbiddenError",
    "Intent",
    "Interface",
    "LeaseExpiredError",
    "Narrowing",
    "Operation",
    "Page",
    "PlacementDeniedError",
    "RemoteFaultError",
    "RequestInvalidError",
    "RuntimeConflictError",
    "RuntimeIncompatibleError",
    "RuntimeNotFoundError",
    "RuntimeOverloadedError",
    "RuntimeUnavailableError",
    "StoreCorruptError",
    "SystemClock",
    "TokenNotFoundError",
    "UnauthenticatedError",
    "WorkerConflictError",
    "WorkerInput",
    "WorkerInvalidStateError",
    "WorkerNotFoundError",
    "WorkerOrder",
    "WorkerRequest",
    "WorkspaceConflictError",
    "WorkspaceNotFoundError",
    "YoiError",
    "collect_pages",
    "format_instant",
    "iterate_pages",
]
