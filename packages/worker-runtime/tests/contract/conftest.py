"""The Runtimes that the contract suite runs against; REST joins by one more parameter."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from runtime_under_test import EmbeddedUnderTest, RuntimeUnderTest


@pytest.fixture(params=["embedded"])
def runtime(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RuntimeUnderTest]:
    assert request.param == "embedded"
    under_test = EmbeddedUnderTest(tmp_path / "data")
    yield under_test
    under_test.close()


@pytest.fixture(params=["local", "remote"])
def caller_kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)
