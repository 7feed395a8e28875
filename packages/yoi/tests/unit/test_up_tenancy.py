"""One `yoi up` has a data directory, and another one is told which."""

from pathlib import Path

import pytest

from yoi.up.directories import Tenant, hold_directory
from yoi.up.errors import DirectoryTakenError


def test_a_second_one_is_told_who_has_the_directory_and_a_later_one_has_it(tmp_path: Path) -> None:
    place = tmp_path / "backend"
    with hold_directory(place) as say:
        say(Tenant(source="the/long/name/of/the/library", address="http://127.0.0.1:1"))
        say(Tenant(source="library", address="http://127.0.0.1:7320"))
        with pytest.raises(DirectoryTakenError) as refused, hold_directory(place):
            pass
        assert refused.value.address == "http://127.0.0.1:7320"
        assert "library" in str(refused.value)
        assert refused.value.details() == {"reason": "database_in_use"}
    with hold_directory(place):
        pass


def test_one_that_has_not_said_anything_yet_is_told_of_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "up.json").write_text("{")
    with (
        hold_directory(tmp_path),
        pytest.raises(DirectoryTakenError, match="already runs") as refused,
        hold_directory(tmp_path),
    ):
        pass
    assert refused.value.address == ""
