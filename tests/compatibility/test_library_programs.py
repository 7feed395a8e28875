"""Programs that a former version's guide showed still run (docs/guides/library.md, "What is public")."""

from importlib.metadata import version
from pathlib import Path

import pytest

from support.processes.library_program import POLICY, PROFILE, PROGRAM, run_library_program

_HERE = Path(__file__).parent
_VERSIONS = sorted(
    tuple(int(part) for part in folder.name.split("_")[1:]) for folder in _HERE.glob("library_*_*")
)


def _find_promised() -> list[tuple[int, ...]]:
    """Return the versions whose programs have to run: this minor version, and the one before."""
    major, minor = (int(part) for part in version("worker-runtime").split(".")[:2])
    return [one for one in _VERSIONS if one <= (major, minor)][-2:]


def test_this_version_has_left_its_program() -> None:
    major, minor = (int(part) for part in version("worker-runtime").split(".")[:2])
    assert (major, minor) in _VERSIONS, "copy the three files of docs/guides/library.md"


@pytest.mark.req("L-01")
@pytest.mark.parametrize("released", _find_promised(), ids=lambda one: ".".join(map(str, one)))
def test_the_program_of_a_version_runs(released: tuple[int, ...], tmp_path: Path) -> None:
    folder = _HERE / "_".join(("library", *map(str, released)))
    places = {PROGRAM: PROGRAM, POLICY: POLICY, "guide.md": PROFILE}
    files = {place: (folder / name).read_text(encoding="utf-8") for name, place in places.items()}
    done = run_library_program(tmp_path, files, on_deprecation="default")
    assert done.returncode == 0, done.stderr
    assert "Worker: workspace:guide created" in done.stdout.splitlines()
