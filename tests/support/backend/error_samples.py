"""An error of every code that only a Backend has."""

from yoi_bundle.errors import YoiError
from yoi_wire.backend import errors

_D = f"sha256:{'1' * 64}"

BACKEND_SAMPLES: list[YoiError] = [
    errors.WorkspaceNotFoundError("library"),
    errors.WorkspaceConflictError("library", "exists"),
    errors.RuntimeNotFoundError("edge"),
    errors.RuntimeConflictError("edge", "name_exists"),
    errors.PlacementDeniedError("library", "edge", rule="r"),
    errors.BundleRevokedError("library", _D),
    errors.TokenNotFoundError("t"),
    errors.BackendUnavailableError("database_unreachable"),
]
