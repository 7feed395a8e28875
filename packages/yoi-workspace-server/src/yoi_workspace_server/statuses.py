"""From error code to HTTP status, for the codes that only the Backend has; the others are the Runtime's."""

from collections.abc import Mapping
from types import MappingProxyType

BACKEND_STATUSES: Mapping[str, int] = MappingProxyType(
    {
        "workspace.not_found": 404,
        "workspace.conflict": 409,
        "runtime.not_found": 404,
        "runtime.conflict": 409,
        "placement.denied": 403,
        "bundle.revoked": 403,
        "token.not_found": 404,
        "backend.unavailable": 503,
    }
)
