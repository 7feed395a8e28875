"""The directory for what is under way, and what a killed server leaves of it."""

import subprocess
import sys
from pathlib import Path

import pytest

from yoi_workspace_server.serving import open_work_directory

_KILLED = """
import os, signal, sys
from pathlib import Path
from yoi_workspace_server.serving import open_work_directory
with open_work_directory(Path(sys.argv[1])) as place:
    (place / "upload").write_bytes(b"half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.req("K-08")
def test_what_a_killed_server_left_is_removed_by_the_next_one(tmp_path: Path) -> None:
    assert subprocess.run([sys.executable, "-c", _KILLED, str(tmp_path)], check=False).returncode == -9
    (left,) = tmp_path.iterdir()
    assert (left / "upload").exists()
    with open_work_directory(tmp_path) as place:
        assert list(tmp_path.iterdir()) == [place]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.req("K-08")
def test_what_another_server_works_with_stays(tmp_path: Path) -> None:
    with open_work_directory(tmp_path) as one:
        (one / "upload").write_bytes(b"half")
        with open_work_directory(tmp_path) as other:
            assert one != other
        assert (one / "upload").read_bytes() == b"half"


@pytest.mark.req("K-08")
def test_other_directories_are_not_touched(tmp_path: Path) -> None:
    (tmp_path / "work-of-somebody").mkdir()
    with open_work_directory(tmp_path):
        pass
    assert (tmp_path / "work-of-somebody").is_dir()
