"""The Runtimes that the contract suite runs against, each asked by both kinds of caller."""

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from support.runtime.contract_runtimes import CallerKind, ContractRuntime, EmbeddedContract, ServedContract

_COMBINATIONS = [(surface, kind) for surface in ("embedded", "rest") for kind in ("local", "remote")]


@pytest.fixture(params=_COMBINATIONS, ids=["-".join(one) for one in _COMBINATIONS])
def runtime(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ContractRuntime]:
    surface, kind = cast(tuple[str, CallerKind], request.param)
    made: type[EmbeddedContract] | type[ServedContract] = (
        EmbeddedContract if surface == "embedded" else ServedContract
    )
    under_test = made(tmp_path / "data", kind)
    yield cast(ContractRuntime, under_test)
    under_test.close()
