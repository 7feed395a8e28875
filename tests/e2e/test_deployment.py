"""What `deploy/` holds agrees with the program: flags, variables, files, the readiness that a service manager hears.

No container engine is assumed, so the image itself is not built here: its instructions are read, and what they run is run.
"""

import configparser
import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from support.processes.served_yoi import serve
from support.processes.yoi_process import Yoi
from support.repository import ROOT
from yoi.configuration import read_configuration
from yoi.runtime.serve_settings import ServeSettings, load_serve_settings

DEPLOY = ROOT / "deploy"
UNIT = DEPLOY / "yoi-runtime.service"
SETTINGS = DEPLOY / "runtime.toml"
PROGRAM = "/opt/yoi/bin/yoi"
DEADLINE_SECONDS = 60.0


@pytest.fixture
def yoi(tmp_path: Path) -> Yoi:
    return Yoi(tmp_path / "data", policy=tmp_path / "no-policy.toml")


def _read_unit() -> dict[str, list[str]]:
    """Return the settings of [Service]; one that stands there more than once has all its values."""
    parser = configparser.RawConfigParser(strict=False, interpolation=None, allow_no_value=True)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(UNIT, encoding="utf-8")
    settings: dict[str, list[str]] = {name: [] for name in parser["Service"]}
    for line in UNIT.read_text(encoding="utf-8").splitlines():
        name, equals, value = line.partition("=")
        if equals and name in settings:
            settings[name].append(value)
    return settings


def _read_instructions() -> list[tuple[str, str]]:
    """Return the instructions of the Containerfile, each with its arguments on one line."""
    text = (DEPLOY / "Containerfile").read_text(encoding="utf-8")
    lines = re.sub(r"\\\n\s*", "", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE)).splitlines()
    return [(line.partition(" ")[0], line.partition(" ")[2]) for line in lines if line.strip()]


def _find(instruction: str) -> list[str]:
    return [rest for name, rest in _read_instructions() if name == instruction]


def _understands(yoi: Yoi, *arguments: str) -> bool:
    return yoi.run(*arguments, "--help").returncode == 0


def test_the_units_command_and_variables_are_the_programs_own(yoi: Yoi) -> None:
    unit = _read_unit()
    program, *arguments = shlex.split(unit["ExecStart"][0])
    assert program == PROGRAM
    assert _understands(yoi, *arguments)
    assert not _understands(yoi, *arguments, "--no-such-flag")
    given = dict(value.split("=", 1) for value in unit["Environment"])
    found = read_configuration({name: value.replace("%", "/") for name, value in given.items()})
    assert given.keys() == {"YOI_DATA_DIR", "YOI_CACHE_DIR", "YOI_HOST_POLICY", "YOI_SECRETS_DIR"}
    assert found.secrets_directory == Path("/d")
    credentials = {value.split(":")[0] for value in unit["LoadCredential"]}
    assert {value.removeprefix("%d/") for value in arguments if value.startswith("%d/")} == credentials


def test_the_unit_is_hardened_and_stops_in_order() -> None:
    unit = _read_unit()
    expected = {
        "Type": "notify",
        "DynamicUser": "yes",
        "ProtectSystem": "strict",
        "StateDirectory": "yoi",
        "NoNewPrivileges": "yes",
        "KillSignal": "SIGTERM",
        "CapabilityBoundingSet": "",
    }
    assert {name: unit[name][0] for name in expected} == expected


def test_systemd_itself_takes_the_unit(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("no systemd-analyze on this machine; the unit is parsed by the other tests")
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text(encoding="utf-8").replace(PROGRAM, sys.executable), encoding="utf-8")
    checks = (["verify", "--man=no"], ["security", "--offline=true", "--threshold=20"])
    for check in checks:
        done = subprocess.run([analyze, *check, unit], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr
        assert check[0] != "verify" or done.stderr == ""


def test_the_example_settings_are_those_of_a_server_without_any() -> None:
    found = load_serve_settings(SETTINGS)
    assert found == ServeSettings(labels={"site": "example"})


def test_every_setting_stands_in_the_example_and_is_understood(tmp_path: Path) -> None:
    """The lines that are commented out are tried as well, so that none of them is of another program."""
    text = re.sub(r"^#(?=[a-z_]+ = )", "", SETTINGS.read_text(encoding="utf-8"), flags=re.MULTILINE)
    every = tmp_path / "every.toml"
    every.write_text(text, encoding="utf-8")
    found = load_serve_settings(every)
    assert found.socket == tmp_path / "runtime.sock"
    assert found.behind_proxy
    unsaid = {
        name
        for name in ServeSettings.__dataclass_fields__
        if not re.search(rf"^\[?{name}\b", text, re.MULTILINE)
    }
    assert unsaid == set()


def test_the_image_is_made_of_what_is_there_and_runs_as_nobody(yoi: Yoi) -> None:
    sources = [
        source
        for rest in _find("COPY")
        if not rest.startswith("--from=")
        for source in shlex.split(rest)[:-1]
    ]
    assert len(sources) >= 5
    assert [source for source in sources if not (ROOT / source).exists()] == []
    assert _find("USER") == ["10001:10001"]
    assert _find("STOPSIGNAL") == ["SIGTERM"]
    assert any("--require-hashes" in rest for rest in _find("RUN"))
    program, *arguments = json.loads(_find("ENTRYPOINT")[0]) + json.loads(_find("CMD")[0])
    assert program == "yoi"
    assert _understands(yoi, *arguments)
    environment = _find("ENV")[-1]
    named = {pair.split("=")[0] for pair in shlex.split(environment) if pair.startswith("YOI_")}
    assert named == {"YOI_DATA_DIR", "YOI_CACHE_DIR", "YOI_HOST_POLICY", "YOI_SECRETS_DIR"}


def test_the_images_own_command_installs_a_program_that_runs(tmp_path: Path) -> None:
    """Into a folder of the test, with what is installed here and nothing from elsewhere."""
    (install,) = [rest.split("&&")[0] for rest in _find("RUN") if "--no-build-isolation" in rest]
    programs = f"PATH={Path(PROGRAM).parent}:"
    assert any(environment.startswith(programs) for environment in _find("ENV")[:1])
    _, *words = shlex.split(install)
    folder = tmp_path / "installed"
    environment = {"PATH": f"{Path(sys.executable).parent}:{os.defpath}", "HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, *words, "--quiet", "--no-index", "--target", folder],
        cwd=ROOT,
        env=environment,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    one = Yoi(tmp_path / "data", policy=tmp_path / "no-policy.toml", extra={"PYTHONPATH": str(folder)})
    assert len(one.read("runtime", "info")["builtin"]["profiles"]) == 5
    where = [sys.executable, "-c", "import yoi, worker_runtime; print(yoi.__file__, worker_runtime.__file__)"]
    found = subprocess.run(
        where, env={**environment, "PYTHONPATH": str(folder)}, capture_output=True, text=True, check=True
    )
    assert all(place.startswith(str(folder)) for place in found.stdout.split())


def test_the_image_installs_what_the_command_needs_and_its_hashes_are_those_of_the_lock() -> None:
    lock = (ROOT / "requirements" / "locked.txt").read_text(encoding="utf-8")
    runtime = (ROOT / "requirements" / "runtime.txt").read_text(encoding="utf-8")
    pinned = re.findall(r"^([a-z0-9-]+==[^ ;]+)", runtime, re.MULTILINE)
    assert len(pinned) > 20
    assert [one for one in pinned if not re.search(rf"^{re.escape(one)}[ ;]", lock, re.MULTILINE)] == []
    built = {rest.split("/")[-1] for rest in _find("COPY") if rest.startswith("packages/")}
    assert built == {"yoi-bundle", "yoi-wire", "worker-runtime", "yoi"}


@pytest.mark.req("R-10")
def test_a_service_manager_hears_that_the_server_is_ready(yoi: Yoi, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify.sock"))
        manager.settimeout(DEADLINE_SECONDS)
        told = Yoi(yoi.data, policy=yoi.policy, extra={"NOTIFY_SOCKET": str(tmp_path / "notify.sock")})
        with serve(told) as server:
            assert manager.recv(64) == b"READY=1"
            assert server.stop() == 0
        assert [event["event"] for event in server.read_events()][-1] == "stopped"


@pytest.mark.req("R-10")
def test_the_images_health_check_sees_a_server_come_and_go(yoi: Yoi) -> None:
    words: list[str] = json.loads(_find("HEALTHCHECK")[0].split("CMD ")[1])
    assert words[0] == "python"
    with serve(yoi) as server:
        port = server.address.rsplit(":", 1)[1]
        check = [sys.executable, *(word.replace("7319", port) for word in words[1:])]
        environment = {"PATH": os.defpath}
        assert subprocess.run(check, check=False, env=environment).returncode == 0
        server.stop()
        done = subprocess.run(check, check=False, env=environment, capture_output=True)
        assert done.returncode != 0
