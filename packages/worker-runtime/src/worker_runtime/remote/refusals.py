"""From a problem back to the very error that the Runtime raised: same class, same details (R-01)."""

from collections.abc import Mapping
from types import MappingProxyType

from worker_runtime.resolution import errors as _resolution_errors  # noqa: F401 - a Runtime raises these, too
from yoi_bundle.errors import ERROR_CLASSES, YoiError
from yoi_wire.backend.errors import BackendError
from yoi_wire.errors import RemoteFaultError, RuntimeUnavailableError, UnauthenticatedError
from yoi_wire.problems import Problem, add_headers, build_problem_error, decode_problem, find_request_id

_NO_HEADERS: Mapping[str, str] = MappingProxyType({})


def rebuild_error(status: int, body: bytes, headers: Mapping[str, str] = _NO_HEADERS) -> YoiError:
    """Return the error that an answer stands for.

    What is no problem of ours comes from something in between; so does 408, which says nothing of the request itself.

    Args:
        status: Of HTTP.
        body: A problem (RFC 9457), or anything.
        headers: Of the answer, by any spelling that the mapping knows.
    """
    problem = decode_problem(body)
    if problem is None:
        return _judge_bare_status(status, headers)
    if status == 408:
        return add_headers(RuntimeUnavailableError("unreachable"), headers)
    return rebuild_problem(problem, headers)


def rebuild_problem(problem: Problem, headers: Mapping[str, str] = _NO_HEADERS) -> YoiError:
    """Return the error that a Runtime's problem stands for; a code that only a Backend has is not known of it."""
    error_class = ERROR_CLASSES.get(problem.code)
    if error_class is None or issubclass(error_class, BackendError):
        if problem.retryable:
            return add_headers(RuntimeUnavailableError("unreachable"), headers)
        return RemoteFaultError("an error that this client does not know", request=find_request_id(headers))
    try:
        return build_problem_error(problem, headers)
    except ValueError:
        message = "an error of another form than this client knows"
        return RemoteFaultError(message, request=find_request_id(headers))


def _judge_bare_status(status: int, headers: Mapping[str, str]) -> YoiError:
    if status == 401:
        return UnauthenticatedError("something in between takes no such token")
    if status in {408, 429} or status >= 500:
        return add_headers(RuntimeUnavailableError("unreachable"), headers)
    return RemoteFaultError("an answer that no Runtime gives", request=find_request_id(headers))
