"""The program of the library guide, run in a process and a directory of its own."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

PROFILE = "library/.yoi/profiles/guide.md"
POLICY = "host-policy.toml"
PROGRAM = "embed.py"
_DEADLINE_SECONDS = 240


def run_library_program(
    place: Path, files: Mapping[str, str], *, on_deprecation: str = "error"
) -> subprocess.CompletedProcess[str]:
    """Write the files below a directory, and run the program among them there.

    Args:
        place: Kept, so that a second run finds the store of the first.
        files: Texts by path.
        on_deprecation: What Python does with a `DeprecationWarning`.
    """
    for name, text in files.items():
        path = place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return subprocess.run(
        [sys.executable, "-W", f"{on_deprecation}::DeprecationWarning", PROGRAM],
        check=False,
        capture_output=True,
        text=True,
        cwd=place,
        env={name: value for name, value in os.environ.items() if not name.startswith("YOI_")},
        timeout=_DEADLINE_SECONDS,
    )
