"""The guide from a laptop to a fleet: its files and commands, as they stand there, in one shell."""

from pathlib import Path

import pytest

from support.backend.real_postgresql import PostgresqlServer, postgresql_server  # noqa: F401 - the fixture
from support.processes.guide_shell import read_block, run_guide, verify_said
from support.repository import ROOT

_GUIDE = (ROOT / "docs" / "guides" / "fleet.md").read_text(encoding="utf-8")
_EXPECTED = (
    "desk may not have library",
    r"desk +library +in sync",
    "profile +workspace:helper",
    r"\+Say it in one sentence\.",
    "rolled back",
    "too short",
    "revoked",
    r"desk +library +in sync .*runtime\.unavailable \(reason unreachable\)",
    r"sync\.failed library on desk",
    r"\[runtime\.unavailable\]",
)


def _run(place: Path, **environment: str) -> str:
    files = {
        "desk-policy.toml": read_block(_GUIDE, "toml"),
        "library/.yoi/profiles/helper.md": read_block(_GUIDE, "markdown"),
    }
    return run_guide(_GUIDE, place, files, **environment)


@pytest.mark.req("K-01", "K-02", "K-03", "K-09")
def test_the_guide_goes_from_a_laptop_to_a_runtime_that_is_lost(tmp_path: Path) -> None:
    verify_said(_run(tmp_path), _EXPECTED)


@pytest.mark.req("K-08")
def test_the_guide_goes_the_same_way_on_postgresql(
    tmp_path: Path,
    postgresql_server: PostgresqlServer,  # noqa: F811 - the fixture
) -> None:
    database = postgresql_server.create_database()
    verify_said(_run(tmp_path, YOI_DATABASE_URL=database), _EXPECTED)
    assert postgresql_server.fetch("SELECT DISTINCT workspace FROM revision ORDER BY 1", database) == [
        ("library",),
        ("museum",),
    ]
    postgresql_server.drop_database(database)
