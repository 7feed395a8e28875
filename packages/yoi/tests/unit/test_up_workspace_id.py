"""Which workspace a directory is: what it says itself, else what was asked for."""

from pathlib import Path

import pytest

from yoi.up.directories import find_workspace_id
from yoi_wire.errors import RequestInvalidError


def _write(directory: Path, text: str) -> Path:
    (directory / ".yoi").mkdir()
    (directory / ".yoi" / "workspace.toml").write_text(text, encoding="utf-8")
    return directory


def test_the_directory_goes_before_what_nobody_asked_for(tmp_path: Path) -> None:
    assert find_workspace_id(_write(tmp_path, 'id = "library"\n'), None) == "library"
    assert find_workspace_id(tmp_path, "library") == "library"


def test_a_directory_that_says_nothing_is_what_was_asked_for_or_local(tmp_path: Path) -> None:
    assert find_workspace_id(tmp_path, None) == "local"
    assert find_workspace_id(_write(tmp_path, "[project]\n"), "museum") == "museum"


@pytest.mark.parametrize("text", ['id = "library"\n', "id = [\n"])
def test_what_says_another_id_or_cannot_be_read_is_refused_before_anything_starts(
    text: str, tmp_path: Path
) -> None:
    with pytest.raises(RequestInvalidError):
        find_workspace_id(_write(tmp_path, text), "museum")
