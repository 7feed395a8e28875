"""The Backend's own errors: status, details, and something to do about each."""

import pytest

from support.repository import ROOT, read_table
from yoi_bundle.errors import YoiError
from yoi_wire.server.statuses import BACKEND_STATUSES, STATUSES
from yoi_workspace_server import errors

_ROWS = [row for row in read_table(ROOT / "docs" / "errors.md", "code") if row["from"] == "Backend"]
_D = f"sha256:{'1' * 64}"
_ERRORS: list[YoiError] = [
    errors.WorkspaceNotFoundError("library"),
    errors.WorkspaceConflictError("library", "exists"),
    errors.RuntimeNotFoundError("edge"),
    errors.RuntimeConflictError("edge", "name_exists"),
    errors.PlacementDeniedError("library", "edge", rule="r"),
    errors.BundleRevokedError("library", _D),
    errors.TokenNotFoundError("t"),
    errors.BackendUnavailableError("database_unreachable"),
]


def test_the_statuses_are_those_of_the_documented_table() -> None:
    assert {row["code"]: int(row["HTTP"]) for row in _ROWS} == dict(BACKEND_STATUSES)


def test_no_code_has_two_statuses() -> None:
    assert set(BACKEND_STATUSES).isdisjoint(STATUSES)


@pytest.mark.parametrize("error", _ERRORS, ids=lambda error: error.code)
def test_an_error_has_its_documented_details_and_a_remedy(error: YoiError) -> None:
    row = next(row for row in _ROWS if row["code"] == error.code)
    assert list(error.details()) == row["details"].split(", ")
    assert error.remedy


def test_every_code_of_the_backend_is_among_them() -> None:
    assert {error.code for error in _ERRORS} == {row["code"] for row in _ROWS}
