"""The commands of the guides about host policy and explanations run as they stand there, one after another."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

GUIDES = Path(__file__).resolve().parents[2] / "docs" / "guides"
POLICY = """\
version = 1

[[workspace]]
issuer = "local"
id = "local"
host = ["shell"]
default_model = "main"

[workspace.models.main]
provider = "example"
model = "example-large"

[workspace.mounts.workspace]
path = "work"
access = "rw"

[workspace.tools]
rules = ["allow file.*", "ask shell.run", "allow user.ask"]
"""


def list_commands(guide: str) -> list[str]:
    blocks = re.findall(r"```console\n(.*?)```", (GUIDES / guide).read_text(encoding="utf-8"), re.DOTALL)
    return [
        line.removeprefix("$ ") for block in blocks for line in block.splitlines() if line.startswith("$ ")
    ]


def run(command: str, place: Path) -> subprocess.CompletedProcess[str]:
    program, *arguments = shlex.split(command)
    assert program == "yoi"
    return subprocess.run(
        [sys.executable, "-m", "yoi", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={
            "PATH": os.environ.get("PATH", os.defpath),
            "PYTHONUTF8": "1",
            "YOI_DATA_DIR": str(place / "data"),
            "YOI_HOST_POLICY": str(place / "host-policy.toml"),
            "YOI_CACHE_DIR": str(place / "cache"),
        },
    )


@pytest.mark.req("S-03", "S-07", "S-08")
@pytest.mark.parametrize("guide", ["why.md", "fallback-and-bundles.md", "host-policy.md"])
def test_the_commands_of_a_guide_run_as_they_stand_there(guide: str, tmp_path: Path) -> None:
    commands = list_commands(guide)
    assert commands
    (tmp_path / "work").mkdir()
    if "yoi policy init" not in commands:
        (tmp_path / "host-policy.toml").write_text(POLICY)
    for command in commands:
        done = run(command, tmp_path)
        assert done.returncode == 0, (command, done.stdout, done.stderr)
        assert done.stdout


@pytest.mark.req("S-03")
def test_the_tree_has_the_branches_that_the_guide_names(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "host-policy.toml").write_text(POLICY.replace('"rw"', '"ro"'))
    tree = run("yoi explain builtin:coder", tmp_path).stdout
    for branch in ("would start here", "may use", "may use in part", "may not use", "host-policy.toml"):
        assert branch in tree
    refused = run("yoi explain builtin:coder --require mount:workspace:rw", tmp_path)
    assert "would be refused here" in refused.stdout
