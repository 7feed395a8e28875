"""What a Backend refuses comes out of this side as the same error."""

import json
from typing import Any

import pytest

from yoi.backend.errors import UnknownBackendError, rebuild_backend_error
from yoi.shell.exit_codes import get_exit_code
from yoi_bundle.errors import ERROR_CLASSES, YoiError
from yoi_wire.backend.errors import BackendError
from yoi_wire.errors import (
    ForbiddenError,
    RemoteFaultError,
    RequestInvalidError,
    UnauthenticatedError,
    WorkerNotFoundError,
)

_BACKEND_DETAILS: dict[str, dict[str, Any]] = {
    "workspace.not_found": {"workspace": "library"},
    "workspace.conflict": {"workspace": "library", "reason": "exists"},
    "runtime.not_found": {"runtime": "lab"},
    "runtime.conflict": {"runtime": "lab", "reason": "name_exists"},
    "placement.denied": {"workspace": "library", "runtime": "lab", "rule": ""},
    "bundle.revoked": {"workspace": "library", "digest": "sha256:0"},
    "token.not_found": {"token": "0"},
    "backend.unavailable": {"reason": "database_busy"},
}


def _rebuild(status: int, code: str, details: dict[str, Any], *, retryable: bool = False) -> YoiError:
    problem = {"code": code, "retryable": retryable, "details": details, "title": "x", "refusals": []}
    return rebuild_backend_error(
        status, json.dumps(problem).encode(), {"Yoi-Request-Id": "0a", "Retry-After": "7"}
    )


@pytest.mark.req("K-07")
@pytest.mark.parametrize("code", _BACKEND_DETAILS)
def test_a_code_of_the_backend_alone_keeps_code_details_and_a_sentence_with_what_to_do(code: str) -> None:
    error = _rebuild(409, code, _BACKEND_DETAILS[code])
    assert type(error) is ERROR_CLASSES[code]
    assert (error.code, error.details()) == (code, _BACKEND_DETAILS[code])
    assert all(str(value) in str(error) for name, value in error.details().items() if name != "rule")
    assert error.remedy


def test_each_code_of_the_backend_alone_is_among_them() -> None:
    assert {code for code, one in ERROR_CLASSES.items() if issubclass(one, BackendError)} == set(
        _BACKEND_DETAILS
    )


def test_an_error_with_a_class_here_comes_back_as_that_class() -> None:
    assert isinstance(_rebuild(404, "worker.not_found", {"worker": "w"}), WorkerNotFoundError)
    assert isinstance(_rebuild(403, "auth.forbidden", {"scope": "tokens:write"}), ForbiddenError)
    invalid = _rebuild(400, "request.invalid", {"message": "no", "field": "id"})
    assert isinstance(invalid, RequestInvalidError)
    assert invalid.details() == {"message": "no", "field": "id"}


def test_who_is_not_let_in_is_told_to_log_in_again() -> None:
    error = _rebuild(401, "auth.unauthenticated", {})
    assert isinstance(error, UnauthenticatedError)
    assert "yoi login" in error.remedy


def test_a_fault_of_the_backend_is_one_and_names_the_request() -> None:
    error = _rebuild(500, "internal", {})
    assert isinstance(error, RemoteFaultError)
    assert error.details() == {"request": "0a"}
    assert "Backend" in str(error)


def test_a_code_or_a_form_of_later_times_is_kept_as_it_came() -> None:
    error = _rebuild(409, "garden.flooded", {"depth": 3}, retryable=True)
    assert (error.code, error.retryable, error.details()) == ("garden.flooded", True, {"depth": 3})
    assert get_exit_code(error) == 70
    odd = _rebuild(404, "worker.not_found", {"number": 1})
    assert (odd.code, odd.details()) == ("worker.not_found", {"number": 1})
    assert isinstance(odd, UnknownBackendError)
    assert get_exit_code(odd) == 3


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"code":7}', b"\xff"])
@pytest.mark.parametrize(
    ("status", "code"), [(502, "backend.unavailable"), (401, "auth.unauthenticated"), (302, "internal")]
)
def test_what_is_no_problem_of_ours_is_judged_by_its_status(body: bytes, status: int, code: str) -> None:
    assert rebuild_backend_error(status, body).code == code
