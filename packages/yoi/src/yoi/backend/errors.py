"""From a Backend's problem back to a typed error: the class where there is one, else by its code (K-07)."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from worker_runtime.resolution import errors as _resolution_errors  # noqa: F401 - a Backend passes these on
from yoi_bundle.error_fields import Local
from yoi_bundle.errors import ERROR_CLASSES, YoiError
from yoi_wire.backend.errors import BackendError, BackendUnavailableError
from yoi_wire.errors import RemoteFaultError, UnauthenticatedError
from yoi_wire.problems import Problem, build_problem_error, decode_problem, find_request_id, parse_retry_after

_MAX_RETRY_AFTER_SECONDS = 3600


class UnknownBackendError(BackendError):
    """An error of a code, or of a form, that this version does not know.

    Attributes:
        code: As it was raised there.
        said: Its details.
        retry_after_seconds: When to try again at the earliest; 0 when nobody has said.
    """

    code: Local[str]
    said: Local[Mapping[str, Any]]
    retryable: Local[bool] = False
    retry_after_seconds: Local[int] = 0

    def __post_init__(self) -> None:
        known = ERROR_CLASSES.get(self.code)
        if known is not None:
            self.exit, self.remedy = known.exit, known.remedy

    def __str__(self) -> str:
        return str(self.said.get("message", self.code.replace(".", ": ").replace("_", " ")))

    def details(self) -> dict[str, Any]:
        return dict(self.said)


class BackendUnauthenticatedError(UnauthenticatedError):
    """The Backend takes no such token: it expired, was revoked, or is another Backend's."""

    remedy = "log in with a token that is in force: `yoi login URL`"


def rebuild_backend_error(
    status: int, body: bytes, headers: Mapping[str, str] = MappingProxyType({})
) -> YoiError:
    """Return the error that an answer stands for; what is no problem of ours comes from something in between.

    Args:
        status: Of HTTP.
        body: A problem (RFC 9457), or anything.
        headers: Of the answer, by any spelling that the mapping knows.
    """
    problem = decode_problem(body)
    if problem is None:
        return _judge_bare_status(status, headers)
    if status == 408:
        return BackendUnavailableError("unreachable")
    if problem.code == UnauthenticatedError.code:
        return BackendUnauthenticatedError("the Backend takes no such token")
    if problem.code == RemoteFaultError.code:
        return RemoteFaultError("the Backend failed", request=find_request_id(headers))
    return _rebuild_problem(problem, headers)


def _rebuild_problem(problem: Problem, headers: Mapping[str, str]) -> YoiError:
    seconds = parse_retry_after(headers, most=_MAX_RETRY_AFTER_SECONDS)
    try:
        error = build_problem_error(problem, headers)
    except ValueError:
        return UnknownBackendError(problem.code, problem.details, problem.retryable, seconds)
    if isinstance(error, BackendUnavailableError):
        return BackendUnavailableError(error.reason, retry_after_seconds=seconds)
    return error


def _judge_bare_status(status: int, headers: Mapping[str, str]) -> YoiError:
    if status == 401:
        return BackendUnauthenticatedError("something in between takes no such token")
    if status in {408, 429} or status >= 500:
        seconds = parse_retry_after(headers, most=_MAX_RETRY_AFTER_SECONDS)
        return BackendUnavailableError("unreachable", retry_after_seconds=seconds)
    return RemoteFaultError("an answer that no Backend gives", request=find_request_id(headers))
