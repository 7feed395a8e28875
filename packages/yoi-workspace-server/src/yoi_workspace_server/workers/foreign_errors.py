"""Translation of a Runtime's errors for callers of the Backend: the code stays, its own words do not (K-07)."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from worker_runtime.remote.refusals import rebuild_problem
from yoi_bundle.errors import YoiError
from yoi_wire.backend.errors import BackendError
from yoi_wire.error_details import clean_details
from yoi_wire.errors import RuntimeUnavailableError, UnauthenticatedError
from yoi_wire.problems import Problem
from yoi_workspace_server.placed_workers import PlacedWorker
from yoi_workspace_server.runtimes import SafeProblem


@contextmanager
def translate_errors(record: PlacedWorker) -> Iterator[None]:
    """Have an error of the Worker's Runtime reach the caller, who knows the Worker by the Backend's id for it.

    Raises:
        YoiError: In place of the error; see `translate_error`.
    """
    try:
        yield
    except YoiError as error:
        raise translate_error(error, {"worker": record.id, "key": record.key}) from error


def translate_error(error: YoiError, known: Mapping[str, Any] | None = None) -> YoiError:
    """Return what an error of a Runtime is to a caller of the Backend: of the same class, with clean details.

    That the Runtime does not believe the Backend is no fault of the caller's token.

    Args:
        error: As the Runtime raised it; errors of the Backend itself stay as they are.
        known: Details that the Backend knows better.
    """
    if isinstance(error, UnauthenticatedError):
        return RuntimeUnavailableError("unreachable")
    if isinstance(error, BackendError):
        return error
    details = clean_details(error.code, error.details())
    better = {name: value for name, value in (known or {}).items() if name in details}
    return rebuild_problem(Problem(code=error.code, retryable=error.retryable, details={**details, **better}))


def rebuild_kept_problem(problem: SafeProblem) -> YoiError:
    """Return a problem that was kept as the very error that it was, so that it is refused with the same code."""
    return rebuild_problem(Problem(code=problem.code, retryable=problem.retryable, details=problem.details))
