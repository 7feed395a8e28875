"""From error code to HTTP status: the one table, at the edge; `docs/errors.md` says it to people."""

from collections.abc import Mapping
from types import MappingProxyType

from yoi_bundle.errors import YoiError
from yoi_wire.errors import RuntimeOverloadedError
from yoi_wire.server.http_errors import HttpRefusalError

STATUSES: Mapping[str, int] = MappingProxyType(
    {
        "bundle.missing": 404,
        "bundle.digest_mismatch": 422,
        "bundle.not_canonical": 422,
        "bundle.invalid": 422,
        "bundle.blobs_missing": 409,
        "bundle.base_missing": 409,
        "bundle.corrupt": 503,
        "bundle.in_use": 409,
        "bundle.required": 403,
        "bundle.unassigned": 403,
        "bundle.secret_value": 422,
        "bundle.host_value": 422,
        "bundle.hidden_text": 422,
        "bundle.unresolved_reference": 422,
        "schema.unsupported": 422,
        "feature.unsupported": 422,
        "declaration.unsupported": 422,
        "limit.exceeded": 413,
        "lease.expired": 410,
        "assignment.stale": 409,
        "assignment.conflict": 409,
        "profile.invalid_selector": 422,
        "profile.not_found": 404,
        "resolution.refused": 422,
        "worker.not_found": 404,
        "worker.conflict": 409,
        "worker.invalid_state": 409,
        "auth.unauthenticated": 401,
        "auth.forbidden": 403,
        "runtime.unavailable": 503,
        "runtime.incompatible": 409,
        "runtime.overloaded": 503,
        "store.corrupt": 503,
        "request.invalid": 400,
        "internal": 500,
    }
)

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
"""Of codes that only the Backend has; its answers are written by the same functions."""


def find_status(error: YoiError) -> int:
    """Return the HTTP status of an error.

    Two codes have more than one: a request that HTTP itself has a word for keeps that word, and `busy` is said of the
    caller's share (429), not of the Runtime (503).
    """
    if isinstance(error, HttpRefusalError):
        return error.status
    if isinstance(error, RuntimeOverloadedError) and error.reason == "busy":
        return 429
    return STATUSES.get(error.code) or BACKEND_STATUSES.get(error.code, 500)
