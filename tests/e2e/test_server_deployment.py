"""What `deploy/` holds for the Backend agrees with the program: flags, settings, variables, the unit's hardening."""

import configparser
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support.repository import ROOT
from yoi_workspace_server.configuration import ServerSettings, load_settings

UNIT = ROOT / "deploy" / "yoi-server.service"
SETTINGS = ROOT / "deploy" / "server.toml"
PROGRAM = "/opt/yoi/bin/yoi"


def _read_service() -> configparser.SectionProxy:
    parser = configparser.RawConfigParser(strict=False, interpolation=None, allow_no_value=True)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(UNIT, encoding="utf-8")
    return parser["Service"]


def _list_values(name: str) -> list[str]:
    lines = UNIT.read_text(encoding="utf-8").splitlines()
    return [line.partition("=")[2] for line in lines if line.startswith(f"{name}=")]


def _run_server(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "yoi_workspace_server", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_units_flags_are_the_programs_own() -> None:
    program, *arguments = shlex.split(_read_service()["ExecStart"])
    assert program == PROGRAM
    assert arguments[:2] == ["server", "serve"]
    done = subprocess.run(
        [sys.executable, "-m", "yoi", *arguments, "--help"], capture_output=True, check=False
    )
    assert done.returncode == 0
    flags = set(re.findall(r"--[a-z-]+", _run_server("--help").stdout))
    assert {one for one in arguments if one.startswith("--")} <= flags
    credentials = {value.split(":")[0] for value in _list_values("LoadCredential")}
    assert {value.removeprefix("%d/") for value in arguments if value.startswith("%d/")} == credentials


def test_the_units_variables_are_read(tmp_path: Path) -> None:
    variables = dict(value.split("=", 1) for value in _list_values("Environment"))
    found = load_settings(None, {"data_directory": tmp_path}, variables)
    assert str(found.secrets_directory) == str(Path("%d").absolute())
    elsewhere = {"YOI_DATABASE_URL": "postgresql://db.example/yoi"}
    assert "YOI_DATABASE_URL" in UNIT.read_text(encoding="utf-8")
    assert (
        load_settings(None, {"data_directory": tmp_path}, elsewhere).database == "postgresql://db.example/yoi"
    )


def test_the_unit_is_hardened_like_the_runtimes() -> None:
    ours = set(UNIT.read_text(encoding="utf-8").splitlines())
    theirs = (UNIT.parent / "yoi-runtime.service").read_text(encoding="utf-8").splitlines()
    hardening = {line for line in theirs[theirs.index("ProtectSystem=strict") :] if "=" in line}
    assert len(hardening) > 20
    assert hardening - ours == set()


def test_systemd_itself_takes_the_unit(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("no systemd-analyze on this machine; the unit is parsed by the other tests")
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text(encoding="utf-8").replace(PROGRAM, sys.executable), encoding="utf-8")
    for check in (["verify", "--man=no"], ["security", "--offline=true", "--threshold=20"]):
        done = subprocess.run([analyze, *check, unit], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr
        assert check[0] != "verify" or done.stderr == ""


def _load(path: Path | None, directory: Path) -> ServerSettings:
    return load_settings(path, {"data_directory": directory}, {})


def test_the_example_settings_are_those_of_a_server_without_any(tmp_path: Path) -> None:
    assert _load(SETTINGS, tmp_path) == _load(None, tmp_path)


def test_every_setting_stands_in_the_example_and_is_understood(tmp_path: Path) -> None:
    """The lines that are commented out are tried as well, so that none of them is of another program."""
    text = re.sub(r"^#(?=[a-z_]+ = |\[)", "", SETTINGS.read_text(encoding="utf-8"), flags=re.MULTILINE)
    every = tmp_path / "every.toml"
    every.write_text(text, encoding="utf-8")
    found = load_settings(every, {}, {})
    assert found.embedded is not None
    assert found.listening.socket == tmp_path / "server.sock"
    assert found.identity == tmp_path / "identity.json"
    told_otherwise = {
        "restored",
        "listening",
        "environment",
        "host_policy",
        "secrets_directory",
        "cache_directory",
    }
    unsaid = {
        name
        for name in ServerSettings.__dataclass_fields__
        if name not in told_otherwise and not re.search(rf"^\[?{name}\b", text, re.MULTILINE)
    }
    assert unsaid == set()
