"""The host's operator resets an assignment whose generation nobody can go above (T-02)."""

import asyncio
import json
from pathlib import Path

import pytest

from worker_runtime.contract.caller import ALL_SCOPES, Caller
from worker_runtime.embedded.operator_log import OPERATOR_LOG
from worker_runtime.embedded.runtime import EmbeddedRuntime

pytestmark = pytest.mark.req("R-11")


def _call(issuer: str) -> Caller:
    return Caller(kind="remote", issuer=issuer, workspaces=frozenset({"library"}), scopes=ALL_SCOPES)


def test_a_poisoned_generation_is_forgotten_and_that_is_written_down(tmp_path: Path) -> None:
    runtime = EmbeddedRuntime(tmp_path)
    for issuer in ("office", "home"):
        asyncio.run(runtime.delete_assignment(_call(issuer), "library", 2**53 - 1))
    assert asyncio.run(runtime.maintenance.reset_assignment("library", issuer="office")) == ("office",)
    found = {
        issuer: asyncio.run(runtime.get_assignment(_call(issuer), "library")).generation
        for issuer in ("office", "home")
    }
    assert found == {"office": 0, "home": 2**53 - 1}
    assert asyncio.run(runtime.delete_assignment(_call("office"), "library", 1)).generation == 1
    assert asyncio.run(runtime.maintenance.reset_assignment("library")) == ("home", "office")
    runtime.close()
    lines = [json.loads(line) for line in (tmp_path / OPERATOR_LOG).read_text().splitlines()]
    assert [(one["event"], one["workspace"], one["issuers"]) for one in lines] == [
        ("assignment.reset", "library", ["office"]),
        ("assignment.reset", "library", ["home", "office"]),
    ]
    assert (tmp_path / OPERATOR_LOG).stat().st_mode & 0o777 == 0o600
