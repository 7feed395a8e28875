"""The Runtimes that the contract suite runs against."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from rest_under_test import RestUnderTest
from runtime_under_test import EmbeddedUnderTest, RuntimeUnderTest


@pytest.fixture(params=["embedded", "rest"])
def runtime(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RuntimeUnderTest]:
    made: type[EmbeddedUnderTest] | type[RestUnderTest] = (
        EmbeddedUnderTest if request.param == "embedded" else RestUnderTest
    )
    under_test = made(tmp_path / "data")
    yield under_test
    under_test.close()


@pytest.fixture(params=["local", "remote"])
def caller_kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)
