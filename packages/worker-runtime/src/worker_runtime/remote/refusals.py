"""From a problem back to the very error that the Runtime raised: same class, same details (R-01)."""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, ClassVar

import msgspec

from worker_runtime.resolution import errors as resolution_errors
from worker_runtime.resolution.errors import Reason
from yoi_bundle import errors as bundle_errors
from yoi_bundle.errors import Fault, YoiError
from yoi_wire import errors as runtime_errors
from yoi_wire.errors import RuntimeUnavailableError

Details = Mapping[str, Any]

_REQUEST_ID = re.compile(r"[0-9a-f]{1,64}")
_MAX_RETRY_AFTER_SECONDS = 24 * 60 * 60


class RemoteFaultError(YoiError):
    """The Runtime failed by a fault of its own, or answered what no Runtime answers.

    Attributes:
        request: The id under which its log says how; empty when it gave none.
    """

    code: ClassVar[str] = "internal"

    def __init__(self, message: str, *, request: str = "") -> None:
        self.request = request
        super().__init__(message)

    def details(self) -> dict[str, Any]:
        pairs = {"request": self.request}
        return {name: value for name, value in pairs.items() if value}


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
    "internal": lambda _: RemoteFaultError("the Runtime failed"),
}

REBUILT_CODES = frozenset(_REBUILD)


def rebuild_error(status: int, body: bytes, headers: Mapping[str, str] = MappingProxyType({})) -> YoiError:
    """Return the error that an answer stands for.

    What is no problem of ours comes from something in between; so does 408, which says nothing of the request itself.
    Only of what the Runtime itself cannot explain, the id of the request is kept: everything else says what is wrong.

    Args:
        status: Of HTTP.
        body: A problem (RFC 9457), or anything.
        headers: Of the answer, by any spelling that the mapping knows.
    """
    error = _rebuild(status, body)
    if isinstance(error, RemoteFaultError | RuntimeUnavailableError) and _is_unexplained(error):
        error.request = find_request_id(headers)
    if isinstance(error, RuntimeUnavailableError):
        error.retry_after_seconds = _parse_retry_after(headers.get("Retry-After", ""))
    return error


def find_request_id(headers: Mapping[str, str]) -> str:
    """Return the id under which the Runtime's log knows a request; empty when the answer has none of its form."""
    found = headers.get("Yoi-Request-Id", "")
    return found if _REQUEST_ID.fullmatch(found) else ""


def _rebuild(status: int, body: bytes) -> YoiError:
    try:
        problem = msgspec.json.decode(body, type=_Problem)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _judge_bare_status(status)
    if status == 408:
        return RuntimeUnavailableError("unreachable")
    rebuild = _REBUILD.get(problem.code)
    if rebuild is None:
        if problem.retryable:
            return RuntimeUnavailableError("unreachable")
        return RemoteFaultError("an error that this client does not know")
    try:
        return rebuild(problem.details)
    except (KeyError, TypeError, ValueError):
        return RemoteFaultError("an error of another form than this client knows")


def _judge_bare_status(status: int) -> YoiError:
    if status == 401:
        return runtime_errors.UnauthenticatedError("something in between takes no such token")
    if status in {408, 429} or status >= 500:
        return RuntimeUnavailableError("unreachable")
    return RemoteFaultError("an answer that no Runtime gives")


def _is_unexplained(error: RemoteFaultError | RuntimeUnavailableError) -> bool:
    return isinstance(error, RemoteFaultError) or error.reason == "unreachable"


def _parse_retry_after(text: str) -> int:
    """Read seconds (RFC 9110, section 10.2.3); a date is passed over, for the clocks may differ."""
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        return 0
    return min(int(text), _MAX_RETRY_AFTER_SECONDS)
