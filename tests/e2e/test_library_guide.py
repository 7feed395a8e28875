"""The library guide: its three files, as they stand there, and what it says that the program prints."""

import re
from pathlib import Path

import pytest

from support.processes.library_program import POLICY, PROFILE, PROGRAM, run_library_program
from support.repository import ROOT

_GUIDE = (ROOT / "docs" / "guides" / "library.md").read_text(encoding="utf-8")
_FILES = {"markdown": PROFILE, "toml": POLICY, "python": PROGRAM}


def _read_block(language: str) -> str:
    (block,) = re.findall(rf"```{language}\n(.*?)```", _GUIDE, re.DOTALL)
    return str(block)


@pytest.mark.req("L-01")
def test_the_program_of_the_guide_prints_what_the_guide_says_and_a_second_run_the_same(
    tmp_path: Path,
) -> None:
    files = {name: _read_block(language) for language, name in _FILES.items()}
    command, _, said = _read_block("console").partition("\n")
    assert command == f"$ python {PROGRAM}"
    for _ in range(2):
        done = run_library_program(tmp_path, files)
        assert (done.stdout, done.stderr, done.returncode) == (said, "", 0)
