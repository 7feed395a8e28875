"""Who is believed: identities, trusted keys, a rotation and the local token, by real processes (K-09)."""

import stat
from pathlib import Path
from typing import Any

import pytest

from support.processes.served_yoi import ServedYoi, serve
from support.processes.yoi_process import Yoi
from worker_runtime.trust.identity import IDENTITY_FILE

pytestmark = pytest.mark.req("K-09")


def _make(place: Path, name: str) -> Yoi:
    return Yoi(place / name, policy=place / "no-policy.toml")


def _ask(backend: Yoi, server: ServedYoi, runtime_id: str, code: int = 0) -> Any:
    options = ("--runtime", server.address, "--runtime-id", runtime_id, "--workspace", "library")
    return backend.read("worker", "list", *options, code=code)


def test_an_identity_is_made_once_and_never_shows_its_private_half(tmp_path: Path) -> None:
    backend = _make(tmp_path, "backend")
    assert backend.read("identity", "show", code=2)["error"]["details"]["field"] == "identity"
    made = backend.read("identity", "init", "town")
    assert backend.read("identity", "show") == made == {"issuer": "town", "active": made["active"]}
    assert backend.read("identity", "init", "town", code=2)["error"]["code"] == "request.invalid"
    assert backend.read("identity", "init", "local", code=2)["error"]["details"]["field"] == "issuer"
    path = backend.data / IDENTITY_FILE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    shown = backend.run("identity", "show")
    assert made["active"]["public_key"] in shown.stdout
    private = path.read_text(encoding="utf-8").split('"d": "')[1].split('"')[0]
    assert private not in shown.stdout + shown.stderr


def test_during_a_rotation_two_keys_are_good_and_afterwards_the_new_one_alone(tmp_path: Path) -> None:
    backend, former, host = (_make(tmp_path, name) for name in ("backend", "former", "host"))
    first = backend.read("identity", "init", "town")["active"]
    trusted = ("runtime", "trust", "add", "town")
    host.read(*trusted, first["public_key"], "--workspace", "library")
    runtime_id = host.read("runtime", "info")["id"]
    with serve(host) as server:
        assert _ask(backend, server, runtime_id) == {"workers": []}
        assert backend.read("identity", "rotate", "--finish", code=2)["error"]["code"] == "request.invalid"
        rotating = backend.read("identity", "rotate")
        assert (rotating["active"], rotating["next"] != first) == (first, True)
        assert backend.read("identity", "rotate") == rotating
        second = rotating["next"]
        refused = host.read(*trusted, second["public_key"], "--workspace", "library", code=2)
        assert "rotation" in refused["error"]["message"]
        host.read(*trusted, second["public_key"], "--workspace", "library", "--rotation")
        assert set(host.read("runtime", "trust", "list")["keys"]) == {first["id"], second["id"]}
        former.data.mkdir()
        (former.data / IDENTITY_FILE).write_bytes((backend.data / IDENTITY_FILE).read_bytes())
        (former.data / IDENTITY_FILE).chmod(0o600)
        assert backend.read("identity", "rotate", "--finish") == {"issuer": "town", "active": second}
        for one in (backend, former):
            assert _ask(one, server, runtime_id) == {"workers": []}
        assert host.read("runtime", "trust", "revoke", first["id"])["revoked"]
        assert not host.read("runtime", "trust", "revoke", first["id"])["revoked"]
        assert _ask(backend, server, runtime_id) == {"workers": []}
        refused = _ask(former, server, runtime_id, code=1)
        assert refused["error"]["code"] == "auth.unauthenticated"
        assert server.stop() == 0
        reasons = [event["reason"] for event in server.read_events() if "reason" in event]
        assert set(reasons) == {"unknown_key"}


@pytest.mark.req("K-09")
def test_without_a_trusted_key_only_this_host_is_served_and_is_told_so(tmp_path: Path) -> None:
    host = _make(tmp_path, "host")
    open_address = host.run("runtime", "serve", "--address", "0.0.0.0", "--port", "1")
    assert open_address.returncode == 2
    assert "trust a key first" in open_address.stdout + open_address.stderr
    with serve(host, "--socket", tmp_path / "runtime.sock") as server:
        assert server.address == f"unix:{tmp_path / 'runtime.sock'}"
        assert "no key is trusted yet" in server.log.read_text(encoding="utf-8")
        assert stat.S_IMODE((tmp_path / "runtime.sock").stat().st_mode) == 0o600
        assert server.stop() == 0


def test_a_settings_file_says_what_flags_say_and_flags_go_before_it(tmp_path: Path) -> None:
    host = _make(tmp_path, "host")
    settings = tmp_path / "serve.toml"
    settings.write_text('socket = "from-file.sock"\n[labels]\nroom = "reading"\n', encoding="utf-8")
    with serve(host, "--config", settings) as server:
        assert server.address == f"unix:{tmp_path / 'from-file.sock'}"
    with serve(host, "--config", settings, "--socket", tmp_path / "flag.sock") as server:
        assert server.address == f"unix:{tmp_path / 'flag.sock'}"
    settings.write_text("surprise = 1\n", encoding="utf-8")
    refused = host.run("runtime", "serve", "--config", settings)
    assert refused.returncode == 2
    assert "surprise" in refused.stdout + refused.stderr
