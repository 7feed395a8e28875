"""From a problem back to the very error that the Runtime raised: same class, same details (R-01)."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from worker_runtime import errors as runtime_errors
from worker_runtime.errors import RuntimeUnavailableError
from worker_runtime.resolution import errors as resolution_errors
from worker_runtime.resolution.errors import Reason
from yoi_bundle import errors as bundle_errors
from yoi_bundle.errors import Fault, YoiError

Details = Mapping[str, Any]


class _Problem(msgspec.Struct, frozen=True):
    """What is read of a problem; members that are not known here are passed over (RFC 9457, section 3.2)."""

    code: str
    retryable: bool = False
    details: dict[str, Any] = {}


def _faulty(error_class: Callable[[list[Fault]], YoiError]) -> Callable[[Details], YoiError]:
    return lambda details: error_class(msgspec.convert(details["faults"], list[Fault]))


def _named(error_class: Callable[..., YoiError], *names: str) -> Callable[[Details], YoiError]:
    """Rebuild by position, from the details of these names."""
    return lambda details: error_class(*[details[name] for name in names])


def _spread(error_class: Callable[..., YoiError], *names: str) -> Callable[[Details], YoiError]:
    """Rebuild from details of the same names as the arguments, the first ones by position."""
    return lambda details: error_class(
        *[details[name] for name in names],
        **{name: value for name, value in details.items() if name not in names},
    )


_REBUILD: dict[str, Callable[[Details], YoiError]] = {
    "bundle.missing": _named(runtime_errors.BundleMissingError, "digest"),
    "bundle.digest_mismatch": _named(bundle_errors.DigestMismatchError, "claimed", "computed"),
    "bundle.not_canonical": _named(bundle_errors.BundleNotCanonicalError, "reason", "offset"),
    "bundle.invalid": _faulty(bundle_errors.BundleInvalidError),
    "bundle.blobs_missing": _named(bundle_errors.BundleBlobsMissingError, "digest", "lease", "missing"),
    "bundle.base_missing": _named(runtime_errors.BundleBaseMissingError, "base"),
    "bundle.corrupt": _named(runtime_errors.BundleCorruptError, "digest", "damaged"),
    "bundle.in_use": _spread(runtime_errors.BundleInUseError, "digest"),
    "bundle.required": _named(resolution_errors.BundleRequiredError, "selector", "why"),
    "bundle.unassigned": _named(runtime_errors.BundleUnassignedError, "digest", "assigned"),
    "bundle.secret_value": _faulty(bundle_errors.SecretValueError),
    "bundle.host_value": _faulty(bundle_errors.HostValueError),
    "bundle.hidden_text": _faulty(bundle_errors.HiddenTextError),
    "bundle.unresolved_reference": _faulty(bundle_errors.UnresolvedReferenceError),
    "schema.unsupported": _named(bundle_errors.SchemaUnsupportedError, "found", "supported"),
    "feature.unsupported": _faulty(bundle_errors.FeatureUnsupportedError),
    "declaration.unsupported": _faulty(bundle_errors.DeclarationUnsupportedError),
    "limit.exceeded": _spread(bundle_errors.LimitExceededError, "limit"),
    "lease.expired": _named(runtime_errors.LeaseExpiredError, "lease"),
    "assignment.stale": _spread(runtime_errors.AssignmentStaleError, "workspace"),
    "assignment.conflict": _spread(runtime_errors.AssignmentConflictError, "workspace"),
    "profile.invalid_selector": _named(resolution_errors.InvalidSelectorError, "selector"),
    "profile.not_found": _spread(resolution_errors.ProfileNotFoundError),
    "resolution.refused": lambda details: resolution_errors.ResolutionRefusedError(
        msgspec.convert(details["reasons"], list[Reason])
    ),
    "worker.not_found": _named(runtime_errors.WorkerNotFoundError, "worker"),
    "worker.conflict": _named(runtime_errors.WorkerConflictError, "key", "worker"),
    "worker.invalid_state": _spread(runtime_errors.WorkerInvalidStateError, "worker"),
    "auth.unauthenticated": lambda _: runtime_errors.UnauthenticatedError("the Runtime takes no such token"),
    "auth.forbidden": _spread(runtime_errors.ForbiddenError),
    "runtime.unavailable": _named(runtime_errors.RuntimeUnavailableError, "reason"),
    "runtime.incompatible": _spread(runtime_errors.RuntimeIncompatibleError),
    "runtime.overloaded": _spread(runtime_errors.RuntimeOverloadedError, "reason"),
    "store.corrupt": _named(runtime_errors.StoreCorruptError, "what"),
    "request.invalid": lambda details: runtime_errors.RequestInvalidError(
        details["message"], field=details["field"]
    ),
    "internal": lambda _: YoiError("the Runtime failed"),
}

REBUILT_CODES = frozenset(_REBUILD)


def rebuild_error(status: int, body: bytes) -> YoiError:
    """Return the error that an answer stands for.

    What is no problem of ours comes from something in between; so does 408, which says nothing of the request itself.
    """
    try:
        problem = msgspec.json.decode(body, type=_Problem)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _judge_bare_status(status)
    if status == 408:
        return RuntimeUnavailableError("unreachable")
    rebuild = _REBUILD.get(problem.code)
    if rebuild is None:
        return RuntimeUnavailableError("unreachable") if problem.retryable else YoiError("an unknown error")
    try:
        return rebuild(problem.details)
    except (KeyError, TypeError, ValueError):
        return YoiError("an error of another form than this client knows")


def _judge_bare_status(status: int) -> YoiError:
    if status == 401:
        return runtime_errors.UnauthenticatedError("something in between takes no such token")
    if status in {408, 429} or status >= 500:
        return RuntimeUnavailableError("unreachable")
    return YoiError("an answer that no Runtime gives")
