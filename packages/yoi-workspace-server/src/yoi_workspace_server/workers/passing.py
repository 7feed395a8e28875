"""A Runtime's error on its way to a caller of the Backend: its code stays, its own words do not (K-07)."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec

from worker_runtime.errors import RuntimeUnavailableError, UnauthenticatedError
from worker_runtime.remote.refusals import rebuild_error
from yoi_bundle.errors import YoiError
from yoi_workspace_server.placed_workers import PlacedWorker
from yoi_workspace_server.runtime_details import clean_details
from yoi_workspace_server.runtimes import SafeProblem


class PassedOnError(Exception):
    """What a Runtime answered, as it may be passed on.

    Attributes:
        error: Decides code, status and whether to try again.
        details: In place of the error's own.
    """

    def __init__(self, error: YoiError, details: dict[str, Any]) -> None:
        self.error = error
        self.details = details
        super().__init__(error.code)


@contextmanager
def passing_on(record: PlacedWorker) -> Iterator[None]:
    """Have an error of the Worker's Runtime reach the caller, who knows the Worker by the Backend's id for it.

    Raises:
        PassedOnError: In place of the error.
    """
    try:
        yield
    except YoiError as found:
        error = judge_error(found)
        details = clean_details(error.code, error.details())
        known = {"worker": record.id, "key": record.key}
        raise PassedOnError(
            error, {**details, **{name: known[name] for name in known if name in details}}
        ) from found


def rebuild_problem(problem: SafeProblem) -> YoiError:
    """Return a problem that was kept as the very error that it was, so that it is refused with the same code."""
    body = {"code": problem.code, "retryable": problem.retryable, "details": problem.details}
    return rebuild_error(500, msgspec.json.encode(body))


def judge_error(error: YoiError) -> YoiError:
    """Return what an error of a Runtime is to a caller of the Backend.

    That the Runtime does not believe the Backend is no fault of the caller's token.
    """
    return RuntimeUnavailableError("unreachable") if isinstance(error, UnauthenticatedError) else error
