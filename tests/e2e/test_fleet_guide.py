"""The guide from a laptop to a fleet: its files and commands, as they stand there, in one shell."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from support.backend.real_postgresql import PostgresqlServer, postgresql_server  # noqa: F401 - the fixture
from support.processes.reserved_port import reserve_port
from support.repository import ROOT

_GUIDE = (ROOT / "docs" / "guides" / "fleet.md").read_text(encoding="utf-8")
_FILES = {"toml": "desk-policy.toml", "markdown": "library/.yoi/profiles/helper.md"}
_READY = {"yoi up": "in sync", "yoi server": '"address"', "yoi runtime serve": "listening on"}
_DEADLINE_SECONDS = 240
_WAIT = """\
for _ in $(seq 900); do grep -q '%s' background.log && break; kill -0 $! || exit 9; sleep 0.1; done"""


def _write_files(place: Path) -> None:
    for language, name in _FILES.items():
        block = re.search(rf"```{language}\n(.*?)```", _GUIDE, re.DOTALL)
        assert block is not None
        path = place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block[1], encoding="utf-8")


def _make_script(backend_port: int, runtime_port: int) -> str:
    """Join the commands; where one goes to the background, wait until it is ready. Nothing runs on in the end."""
    blocks = re.findall(r"```console\n(.*?)```", _GUIDE, re.DOTALL)
    commands = [line[2:] for block in blocks for line in block.splitlines() if line.startswith("$ ")]
    lines = ["set -eu", "trap 'kill $(jobs -p) 2>/dev/null || true; wait' EXIT"]
    for command in commands:
        if command.endswith(" &"):
            (ready,) = [text for start, text in _READY.items() if command.startswith(start)]
            lines += [f"{command.removesuffix('&')} >background.log 2>&1 &", _WAIT % ready]
        else:
            lines += [f"echo {shlex.quote(f'# {command}')}", command]
    script = "\n".join(lines)
    return script.replace("7320", str(backend_port)).replace("7319", str(runtime_port))


def _run(place: Path, **environment: str) -> str:
    """Run the guide in a directory, and return what its commands printed."""
    _write_files(place)
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
            ["bash", "-c", _make_script(backend_port, runtime_port)],
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


def _verify_said(said: str) -> None:
    expected = (
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
    place = 0
    for one in expected:
        found = re.compile(one).search(said, place)
        assert found is not None, f"not said, or not in this order: {one}\n{said}"
        place = found.end()


@pytest.mark.req("K-01", "K-02", "K-03", "K-09")
def test_the_guide_goes_from_a_laptop_to_a_runtime_that_is_lost(tmp_path: Path) -> None:
    _verify_said(_run(tmp_path))


@pytest.mark.req("K-08")
def test_the_guide_goes_the_same_way_on_postgresql(
    tmp_path: Path,
    postgresql_server: PostgresqlServer,  # noqa: F811 - the fixture
) -> None:
    database = postgresql_server.create_database()
    _verify_said(_run(tmp_path, YOI_DATABASE_URL=database))
    assert postgresql_server.fetch("SELECT DISTINCT workspace FROM revision ORDER BY 1", database) == [
        ("library",),
        ("museum",),
    ]
    postgresql_server.drop_database(database)
