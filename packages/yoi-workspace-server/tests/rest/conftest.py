from collections.abc import Iterator
from pathlib import Path

import pytest

from support.backend.backend_rest import BackendRest


@pytest.fixture
def backend(tmp_path: Path) -> Iterator[BackendRest]:
    """A Backend that may read `sources` beside its data; there is nothing in it."""
    (tmp_path / "sources").mkdir()
    under_test = BackendRest(tmp_path / "data", source_roots=[tmp_path / "sources"])
    yield under_test
    under_test.close()
