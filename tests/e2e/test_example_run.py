"""`make run`: the whole product in one program, which leaves nothing behind and nothing running."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from support.repository import ROOT

_DEADLINE_SECONDS = 240


def _find_processes(mark: str) -> list[str]:
    """Return the processes of whose environment a text is part."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (process / "environ").read_bytes():
                found.append(process.name)
        except OSError:
            continue
    return found


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[subprocess.CompletedProcess[str], Path]:
    directory = tmp_path_factory.mktemp("example-run")
    done = subprocess.run(
        [sys.executable, str(ROOT / "examples" / "run.py")],
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=_DEADLINE_SECONDS,
        env={
            **{name: value for name, value in os.environ.items() if not name.startswith("YOI_")},
            "TMPDIR": str(directory),
            "HOME": str(directory),
            "YOI_CACHE_DIR": str(ROOT / ".cache" / "yoi"),
        },
    )
    return done, directory


@pytest.mark.req("K-01", "K-03", "K-04", "K-06", "W-02")
def test_the_example_goes_to_two_runtimes_changes_and_comes_back(
    run: tuple[subprocess.CompletedProcess[str], Path],
) -> None:
    done, _ = run
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr
    steps = (
        "embedded: in sync, revision 1",
        "reading-room may not have midorizaka-library",
        "reading-room: in sync, revision 1",
        "may use in part",
        "may not use",
        "+State the edition where the book does.",
        "reading-room: in sync, revision 2",
        "keep what they were made with",
        "rolled back to revision 1",
        "reading-room: in sync, revision 1",
        "Done",
    )
    place = -1
    for step in steps:
        place = done.stdout.find(step, place + 1)
        assert place >= 0, f"not said, or not in this order: {step}"


@pytest.mark.req("W-02")
def test_the_first_workers_keep_their_bundle_and_a_later_one_has_another(
    run: tuple[subprocess.CompletedProcess[str], Path],
) -> None:
    bundles = re.findall(r"^bundle +(sha256:[0-9a-f]{64})", run[0].stdout, re.MULTILINE)
    assert len(bundles) == 3
    assert bundles[0] == bundles[1] != bundles[2]
    specs = re.findall(r"^spec +(sha256:[0-9a-f]{64})", run[0].stdout, re.MULTILINE)
    assert len(specs) == 2
    assert specs[0] == specs[1], "two hosts that grant the same make the same of one bundle"


def test_nothing_is_left_behind_and_nothing_runs(
    run: tuple[subprocess.CompletedProcess[str], Path],
) -> None:
    _, directory = run
    assert list(directory.iterdir()) == []
    assert _find_processes(str(directory)) == []


def test_it_says_each_command_as_a_person_would_type_it_and_shows_no_secret(
    run: tuple[subprocess.CompletedProcess[str], Path],
) -> None:
    said = run[0].stdout
    commands = re.findall(r"^\$ yoi (\w+)", said, re.MULTILINE)
    assert {"up", "login", "runtime", "placement", "worker", "workspace", "availability"} <= set(commands)
    assert "yoi_api_" not in said + run[0].stderr
