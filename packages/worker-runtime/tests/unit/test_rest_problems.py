"""Errors as problems and back: the same class and details on the other side."""

import msgspec
import pytest

from support.repository import ROOT, read_table
from support.runtime.error_samples import SAMPLES
from worker_runtime.remote.refusals import rebuild_error
from worker_runtime.trust.local_token import TokenForbiddenError, TokenRefusedError
from yoi_bundle.errors import YoiError
from yoi_wire import errors
from yoi_wire.errors import (
    RemoteFaultError,
    RequestInvalidError,
    RuntimeOverloadedError,
    RuntimeUnavailableError,
)
from yoi_wire.server.responses import build_headers, build_problem

_TABLE = {
    row["code"]: int(row["HTTP"])
    for row in read_table(ROOT / "docs" / "errors.md", "code")
    if row["HTTP"] != "reason" and row["from"] == "Runtime"
}
_D = f"sha256:{'1' * 64}"


@pytest.mark.req("R-01")
def test_every_documented_code_has_a_sample() -> None:
    assert {error.code for error in SAMPLES} == set(_TABLE)


@pytest.mark.req("R-01")
@pytest.mark.parametrize("error", SAMPLES, ids=lambda error: type(error).__name__)
def test_an_error_crosses_the_network_unchanged(error: YoiError) -> None:
    problem = build_problem(error, "id")
    assert problem["status"] == _TABLE[error.code]
    assert problem["retryable"] is error.retryable
    rebuilt = rebuild_error(problem["status"], msgspec.json.encode(problem))
    assert type(rebuilt) is type(error)
    assert rebuilt.code == error.code
    assert rebuilt.details() == error.details()


@pytest.mark.req("K-09")
@pytest.mark.parametrize("error", [TokenRefusedError("expired"), TokenForbiddenError("workspace")])
def test_a_refused_token_says_nothing_of_the_check_that_failed(error: YoiError) -> None:
    problem = build_problem(error, "id")
    assert problem["details"] == {}
    assert not {"expired", "workspace"} & set(msgspec.json.encode(problem).decode().split('"'))


@pytest.mark.req("R-09")
def test_overload_says_when_to_come_back() -> None:
    assert build_headers(RuntimeOverloadedError("leases", retry_after_seconds=30)) == {"Retry-After": "30"}
    assert RuntimeOverloadedError("busy").status == 429
    assert "Retry-After" in build_headers(RuntimeUnavailableError("starting"))
    assert build_headers(errors.BundleMissingError(_D)) == {}


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (502, b"<html>", RuntimeUnavailableError),
        (429, b"", RuntimeUnavailableError),
        (408, b'{"code":"request.invalid","details":{"message":"m","field":"f"}}', RuntimeUnavailableError),
        (418, b'{"code":"tea.pot","retryable":true}', RuntimeUnavailableError),
        (401, b"", errors.UnauthenticatedError),
        (418, b'{"code":"tea.pot"}', RemoteFaultError),
        (404, b'{"code":"bundle.missing","details":{}}', RemoteFaultError),
        (404, b"[" * 5000, RemoteFaultError),
        (404, b'{"code":"bundle.missing","details":{"digest":7}}', RemoteFaultError),
        (
            422,
            b'{"code":"bundle.not_canonical","details":{"reason":"r","offset":9007199254740992}}',
            RemoteFaultError,
        ),
        (403, b'{"code":"placement.denied","details":{"workspace":"w","runtime":"r"}}', RemoteFaultError),
        (503, b'{"code":"backend.unavailable","retryable":true}', RuntimeUnavailableError),
    ],
)
def test_what_comes_from_something_in_between_is_judged_by_its_status(
    status: int, body: bytes, expected: type[YoiError]
) -> None:
    assert type(rebuild_error(status, body)) is expected


@pytest.mark.req("R-09")
@pytest.mark.parametrize(
    ("said", "seconds"), [("30", 30), ("", 0), ("soon", 0), ("-1", 0), ("9" * 9, 86_400)]
)
def test_when_to_come_back_crosses_the_network(said: str, seconds: int) -> None:
    body = msgspec.json.encode(build_problem(RuntimeUnavailableError("starting"), "id"))
    for one in (body, b"<html>"):
        error = rebuild_error(503, one, {"Retry-After": said})
        assert isinstance(error, RuntimeUnavailableError)
        assert error.retry_after_seconds == seconds


@pytest.mark.req("R-01")
@pytest.mark.parametrize(
    ("status", "error"),
    [
        (500, YoiError("a fault")),
        (408, RequestInvalidError("too slow")),
        (502, RuntimeUnavailableError("unreachable")),
    ],
)
def test_what_the_runtime_cannot_explain_names_the_request_in_its_log(status: int, error: YoiError) -> None:
    body = msgspec.json.encode(build_problem(error, "id"))
    kept = rebuild_error(status, body, {"Yoi-Request-Id": "0123456789abcdef"})
    assert kept.details()["request"] == "0123456789abcdef"
    assert "request" not in rebuild_error(status, body, {"Yoi-Request-Id": "<script>"}).details()


@pytest.mark.req("R-01")
def test_what_explains_itself_names_no_request() -> None:
    body = msgspec.json.encode(build_problem(RuntimeUnavailableError("storage_full"), "id"))
    assert rebuild_error(503, body, {"Yoi-Request-Id": "0123"}).details() == {"reason": "storage_full"}
