"""The guide about remote Runtimes: its files and commands, as they stand there, in one shell."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from support.processes.reserved_port import reserve_port
from support.repository import ROOT

_GUIDE = (ROOT / "docs" / "guides" / "remote-runtime.md").read_text(encoding="utf-8")
_PORT = "7319"
_FILES = {"toml": "runtime-policy.toml", "markdown": "library/.yoi/profiles/helper.md"}
_DEADLINE_SECONDS = 120
_WAIT = """\
trap "kill $! 2>/dev/null || true" EXIT
for _ in $(seq 300); do grep -q 'listening on' serve.log && break; kill -0 $! || exit 9; sleep 0.1; done"""


def _write_files(text: str, place: Path) -> None:
    for language, name in _FILES.items():
        block = re.search(rf"```{language}\n(.*?)```", text, re.DOTALL)
        assert block is not None
        path = place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block[1], encoding="utf-8")


def _write_program(place: Path) -> Path:
    """Make `yoi` this Python's, whatever else is on the path."""
    program = place / "bin" / "yoi"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m yoi "$@"\n')
    program.chmod(0o700)
    return program.parent


def _make_script(text: str, port: int) -> str:
    """Join the commands; where one goes to the background, wait until it listens."""
    blocks = re.findall(r"```console\n(.*?)```", text, re.DOTALL)
    commands = [line[2:] for block in blocks for line in block.splitlines() if line.startswith("$ ")]
    lines = ["set -eu"]
    for command in commands:
        if command.endswith(" &"):
            lines += [f"{command.removesuffix('&')} 2>serve.log &", _WAIT]
        else:
            lines.append(command)
    return "\n".join(lines).replace(_PORT, str(port))


def _run(place: Path, text: str) -> subprocess.CompletedProcess[str]:
    _write_files(text, place)
    programs = _write_program(place)
    with reserve_port() as port:
        return subprocess.run(
            ["bash", "-c", _make_script(text, port)],
            capture_output=True,
            text=True,
            check=False,
            cwd=place,
            timeout=_DEADLINE_SECONDS,
            env={
                "PATH": f"{programs}:{os.environ.get('PATH', os.defpath)}",
                "PYTHONUTF8": "1",
                "YOI_CACHE_DIR": str(place / "cache"),
                "YOI_DATA_DIR": str(place / "unused"),
                "YOI_HOST_POLICY": str(place / "no-policy.toml"),
            },
        )


@pytest.mark.req("K-09", "R-01", "R-04")
def test_the_guide_ends_with_a_worker_on_the_remote_runtime(tmp_path: Path) -> None:
    done = _run(tmp_path, _GUIDE)
    assert done.returncode == 0, (done.stdout, done.stderr)
    pushed = re.findall(r"pushed\s+sha256:[0-9a-f]{64},\s+(\d+)\s+blobs\s+sent", done.stdout)
    assert len(pushed) == 2, done.stdout
    assert int(pushed[0]) > 0
    assert pushed[1] == "0"
    assert re.search(r"profile\s+workspace:helper", done.stdout)
    log = (tmp_path / "serve.log").read_text(encoding="utf-8")
    assert re.search(r'"method":"POST","path":"/v1/workers","status":200', log)


@pytest.mark.req("K-09", "R-07")
def test_a_backend_whose_key_is_trusted_for_another_workspace_pushes_nothing(tmp_path: Path) -> None:
    trusted = '"$KEY" --workspace '
    assert trusted in _GUIDE
    done = _run(tmp_path, _GUIDE.replace(f"{trusted}library", f"{trusted}museum"))
    assert done.returncode == 1, (done.stdout, done.stderr)
    assert "auth.forbidden" in done.stdout + done.stderr
    assert "pushed" not in done.stdout
