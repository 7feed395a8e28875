"""The Backend's own errors: details, and something to do about each."""

import pytest

from support.backend.error_samples import BACKEND_SAMPLES
from support.repository import ROOT, read_table
from yoi_bundle.errors import YoiError

_ROWS = [row for row in read_table(ROOT / "docs" / "errors.md", "code") if row["from"] == "Backend"]


@pytest.mark.parametrize("error", BACKEND_SAMPLES, ids=lambda error: error.code)
def test_an_error_has_its_documented_details_and_a_remedy(error: YoiError) -> None:
    row = next(row for row in _ROWS if row["code"] == error.code)
    assert list(error.details()) == row["details"].split(", ")
    assert error.remedy


def test_every_code_of_the_backend_is_among_them() -> None:
    assert {error.code for error in BACKEND_SAMPLES} == {row["code"] for row in _ROWS}
