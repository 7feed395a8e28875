"""Guides run as they stand: their files are written and their commands go to one shell."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from support.processes.reserved_port import reserve_port
from support.repository import ROOT

_READY = {"yoi up": "in sync", "yoi server": '"address"', "yoi runtime serve": "listening on"}
_DEADLINE_SECONDS = 240
_WAIT = """\
for _ in $(seq 900); do grep -q '%s' background.log && break; kill -0 $! || exit 9; sleep 0.1; done"""


def read_block(guide: str, language: str) -> str:
    """Return the first block of a language."""
    block = re.search(rf"```{language}\n(.*?)```", guide, re.DOTALL)
    assert block is not None
    return block[1]


def _make_script(guide: str, ports: Mapping[str, int]) -> str:
    """Join the commands; where one goes to the background, wait until it is ready. Nothing runs on in the end."""
    blocks = re.findall(r"^ *```console\n(.*?)```", guide, re.DOTALL | re.MULTILINE)
    commands = [
        line.strip()[2:] for block in blocks for line in block.splitlines() if line.strip().startswith("$ ")
    ]
    lines = ["set -eu", "trap 'kill $(jobs -p) 2>/dev/null || true; wait' EXIT"]
    for command in commands:
        if command.endswith(" &"):
            (ready,) = [text for start, text in _READY.items() if command.startswith(start)]
            lines += [f"{command.removesuffix('&')} >background.log 2>&1 &", _WAIT % ready]
        else:
            lines += [f"echo {shlex.quote(f'# {command}')}", command]
    script = "\n".join(lines)
    for written, port in ports.items():
        script = script.replace(written, str(port))
    return script


def run_guide(guide: str, place: Path, files: Mapping[str, str], **environment: str) -> str:
    """Run a guide in a directory, and return what its commands printed.

    Args:
        guide: Its text.
        place: The directory.
        files: Written there before, path → content.
        environment: Further variables.
    """
    for name, content in files.items():
        path = place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    program = place / "bin" / "yoi"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m yoi "$@"\n')
    program.chmod(0o700)
    author = {
        f"GIT_{who}_{what}": f"{what}@guide.example"
        for who in ("AUTHOR", "COMMITTER")
        for what in ("NAME", "EMAIL")
    }
    with reserve_port() as backend_port, reserve_port() as runtime_port:
        done = subprocess.run(
            ["bash", "-c", _make_script(guide, {"7320": backend_port, "7319": runtime_port})],
            capture_output=True,
            text=True,
            check=False,
            cwd=place,
            timeout=_DEADLINE_SECONDS,
            env={
                "PATH": f"{program.parent}:{os.environ.get('PATH', os.defpath)}",
                "HOME": str(place),
                "PYTHONUTF8": "1",
                "YOI_CACHE_DIR": str(ROOT / ".cache" / "yoi"),
                "YOI_CONFIG_DIR": str(place / "config"),
                "YOI_DATA_DIR": str(place / "laptop"),
                "YOI_HOST_POLICY": str(place / "no-policy.toml"),
                **author,
                **environment,
            },
        )
    assert done.returncode == 0, f"{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


def verify_said(said: str, expected: tuple[str, ...]) -> None:
    """Check that these patterns were said, in this order."""
    place = 0
    for one in expected:
        found = re.compile(one).search(said, place)
        assert found is not None, f"not said, or not in this order: {one}\n{said}"
        place = found.end()
