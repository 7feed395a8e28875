"""The commands that ask a Backend: a served Backend, a served Runtime and real `yoi` processes between them."""

import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from support.processes.online_commands import Online, open_online, write_workspace
from support.processes.reserved_port import reserve_port
from support.processes.yoi_process import Yoi

_DEADLINE_SECONDS = 60.0


@pytest.fixture(scope="module")
def online(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Online]:
    with open_online(tmp_path_factory.mktemp("online")) as found:
        yield found


def _add(online: Online, name: str, text: str = "Be brief.") -> Path:
    """Add a workspace that the Backend builds, and build it once."""
    directory = write_workspace(online.place / name, text)
    online.read("workspace", "add", name, "--directory", directory, "--title", f"The {name}")
    assert online.read("workspace", "publish", name)["revision"] == 1
    return directory


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port on which nobody listens as long as the test runs."""
    with reserve_port() as port:
        yield port


@pytest.mark.req("K-09")
def test_a_login_is_for_its_owner_alone_and_the_token_is_never_shown(online: Online, tmp_path: Path) -> None:
    someone, token = Yoi(tmp_path / "someone"), online.backend.token
    login = ("login", online.backend.url)
    shown = replace(someone, typed=f"{token}\n").run(*login)
    assert (shown.returncode, token in shown.stdout + shown.stderr) == (0, False)
    (kept,) = (tmp_path / "someone-config").iterdir()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    told = someone.read(*login, "--token-file", online.backend.token_file)
    assert (told["server"], told["role"], told["workspaces"]) == (online.backend.url, "admin", None)
    assert token not in json.dumps(told)
    assert someone.read("workspace", "list")["workspaces"] is not None
    kept.chmod(0o644)
    assert someone.read("workspace", "list", code=2)["error"]["details"]["field"] == "login"
    assert someone.read("logout") == {"server": None, "logged_out": True}
    assert someone.read("logout")["logged_out"] is False
    assert "yoi login" in someone.read("workspace", "list", code=2)["error"]["message"]


@pytest.mark.req("K-09")
def test_a_token_that_is_not_in_force_logs_nobody_in_and_none_goes_to_another_server(
    online: Online, tmp_path: Path, silent_port: int
) -> None:
    someone = Yoi(tmp_path / "someone")
    wrong = replace(someone, typed="-".join(("no", "such", "token")))
    assert wrong.read("login", online.backend.url, code=1)["error"]["code"] == "auth.unauthenticated"
    assert someone.read("login", online.backend.url, code=2)["error"]["details"]["field"] == "token"
    elsewhere = f"http://127.0.0.1:{silent_port}"
    assert wrong.read("login", elsewhere, code=5)["error"]["code"] == "backend.unavailable"
    assert wrong.read("login", "http://backend.example", code=2)["error"]["details"]["field"] == "url"
    assert "no token" in online.read("workspace", "list", "--server", elsewhere, code=2)["error"]["message"]
    given = {"YOI_SERVER": online.backend.url, "YOI_TOKEN_FILE": str(online.backend.token_file)}
    assert someone.read("workspace", "list", **given)["workspaces"] is not None
    refused = someone.read("workspace", "list", "--server", elsewhere, code=2, **given)
    assert "no token" in refused["error"]["message"]


@pytest.mark.req("K-01", "B-12")
def test_a_workspace_is_built_changed_rolled_back_and_its_history_tells_by_whom(online: Online) -> None:
    directory = _add(online, "museum")
    write_workspace(directory, "Be thorough.")
    second = online.read("workspace", "publish", "museum")
    assert (second["revision"], second["active"]["revision"]) == (2, 2)
    assert online.read("workspace", "publish", "museum")["outcome"] == "unchanged"
    again = online.say("workspace", "publish", "museum")
    assert "nothing new: revision 2 of museum has this content already: sha256:" in again
    (change,) = online.read("workspace", "diff", "museum", "1")["changes"]
    assert (change["change_class"], "+Be thorough." in change["text"]) == ("text", True)
    assert "+Be thorough." in online.say("workspace", "diff", "museum", "1", "2")
    back = online.read("workspace", "rollback", "museum", "--reason", "it was better")
    assert (back["revision"], back["kind"]) == (1, "rollback")
    shown = online.read("workspace", "show", "museum")
    assert (shown["held"], shown["active"]["revision"], shown["last_build"]["outcome"]) == (
        True,
        1,
        "unchanged",
    )
    assert "held by a rollback" in online.say("workspace", "show", "museum")
    assert online.read("workspace", "release", "museum")["held"] is False
    assert online.read("workspace", "activate", "museum", "2")["kind"] == "manual"
    history = online.read("workspace", "history", "museum")
    assert [one["revision"] for one in history["revisions"]] == [2, 1]
    moves = [(one["revision"], one["kind"], one["reason"]) for one in history["activations"]]
    assert moves[:2] == [(2, "manual", ""), (1, "rollback", "it was better")]
    assert history["activations"][0]["actor"] == "first-admin"
    assert "it was better" in online.say("workspace", "history", "museum")
    revoked = online.read("workspace", "revoke", "museum", "1", "--reason", "a mistake")
    assert (revoked["digest"], revoked["in_use"]) == (history["revisions"][1]["digest"], [])
    refused = online.read("workspace", "activate", "museum", "1", code=1)
    assert refused["error"]["code"] == "bundle.revoked"
    assert "museum" in [one["id"] for one in online.read("workspace", "list")["workspaces"]]
    assert "The museum" in online.say("workspace", "list")
    assert online.read("workspace", "show", "none", code=3)["error"]["code"] == "workspace.not_found"
    assert online.read("workspace", "add", "museum", code=4)["error"]["code"] == "workspace.conflict"


@pytest.mark.req("K-01")
def test_a_build_that_fails_says_why_and_leaves_what_was_active(online: Online) -> None:
    directory = _add(online, "bakery")
    profile = directory / ".yoi" / "profiles" / "helper.md"
    profile.write_text(profile.read_text().replace("file.read", "no.such"), encoding="utf-8")
    failed = online.read("workspace", "publish", "bakery", code=1)
    assert (failed["outcome"], failed["active"]["revision"]) == ("failed", 1)
    assert any(one["severity"] == "error" for one in failed["build"]["diagnostics"])
    said = online.user.run("workspace", "publish", "bakery")
    assert said.returncode == 1
    assert ".yoi/profiles/helper.md:" in said.stdout
    (pair,) = online.read("availability", "bakery")["availability"]
    assert (pair["desired"]["revision"], pair["failed_build"]["error"]["file"]) == (
        1,
        ".yoi/profiles/helper.md",
    )
    assert "the last build failed just now: .yoi/profiles/helper.md:" in online.say("availability", "bakery")
    here = online.read("workspace", "publish", "bakery", directory, code=1)
    assert (here["digest"], here["revision"]) == (None, None)
    write_workspace(directory, "Be quick.")
    online.read("workspace", "publish", "bakery")
    assert online.read("availability", "bakery")["availability"][0]["failed_build"] is None


@pytest.mark.req("K-01", "B-13")
def test_a_finished_bundle_is_published_from_a_directory_an_archive_and_the_local_store(
    online: Online, tmp_path: Path
) -> None:
    online.read("workspace", "add", "garden")
    directory = write_workspace(tmp_path / "garden", "Water it.")
    first = online.read("workspace", "publish", "garden", directory)
    assert (first["outcome"], first["revision"], first["build"]) == ("new", 1, None)
    write_workspace(directory, "Water it twice.")
    archive = tmp_path / "garden.tar"
    built = online.read("bundle", "build", directory, "--workspace", "garden", "--output", archive)
    second = online.read("workspace", "publish", "garden", archive)
    assert (second["digest"], second["revision"]) == (built["digest"], 2)
    write_workspace(directory, "Water it in the morning.")
    stored = online.read("bundle", "build", directory, "--workspace", "garden")["digest"]
    third = online.read("bundle", "push", stored[:20])
    assert (third["digest"], third["revision"], third["outcome"]) == (stored, 3, "new")
    given = Yoi(online.user.data, extra={"YOI_CONFIG_DIR": str(tmp_path / "nobody")})
    again = given.read("bundle", "push", stored, *online.backend.options)
    assert (again["outcome"], again["active"]["digest"]) == ("unchanged", stored)
    assert "yoi login" in given.read("bundle", "push", stored, code=2)["error"]["message"]
    other = online.read("workspace", "publish", "museum-2", archive, code=3)
    assert other["error"]["code"] == "workspace.not_found"
    online.read("workspace", "add", "museum-2")
    other = online.read("workspace", "publish", "museum-2", archive, code=2)
    assert other["error"]["code"] == "request.invalid"


@pytest.mark.req("K-02", "K-03", "K-05")
def test_a_runtime_gets_what_placement_allows_and_availability_tells_what_it_said(online: Online) -> None:
    _add(online, "atelier")
    added = online.add_lab("attic")
    assert (added["reachability"], added["labels"]) == ("reachable", {"site": "north"})
    assert online.lab.address not in json.dumps(added)
    (one,) = online.read("placement", "explain", "atelier", "attic")["decisions"]
    assert (one["allowed"], one["rule"]) == (False, None)
    denied = online.read("runtime", "sync", "attic", "--workspace", "atelier", code=1)
    assert denied["error"]["code"] == "placement.denied"
    before = online.read("placement", "list")
    rules = online.read("placement", "set", "--allow", "atelier=site:north")["rules"]
    assert rules[-1]["labels"] == {"site": "north"}
    assert online.read("placement", "set", "--allow", "atelier=site:north")["rules"] == rules
    assert "allow-atelier-site-north" in online.say("placement", "list")
    assert "may have" in online.say("placement", "explain", "atelier")
    synced = online.read("runtime", "sync", "attic", "--workspace", "atelier")["pair"]
    assert (synced["state"], synced["skew"], synced["observed"]["revision"]) == ("in_sync", 0, 1)
    assert online.read("runtime", "sync", "attic")["due"] == 1
    pairs = online.read("availability", "atelier")["availability"]
    assert {pair["runtime"] for pair in pairs} == {"embedded", "attic"}
    assert "in sync" in online.say("availability", "atelier", "--runtime", "attic")
    labels = online.read("runtime", "label", "attic", "site-", "room=low")["labels"]
    assert labels == {"room": "low"}
    (one,) = online.read("placement", "explain", "atelier", "attic")["decisions"]
    assert (one["allowed"], one["steps"][-1]["failed"]) == (False, "labels")
    file = online.place / "rules.json"
    file.write_text(json.dumps(before), encoding="utf-8")
    assert online.read("placement", "set", file, code=4)["error"]["code"] == "workspace.conflict"
    assert online.read("placement", "set", "--remove", rules[-1]["id"])["rules"] == before["rules"]
    assert "attic" in [found["name"] for found in online.read("runtime", "list")["runtimes"]]
    assert online.lab_id in online.say("runtime", "show", "attic")
    assert online.read("runtime", "show", "attic")["announcement"]["api_versions"] == [1]
    assert online.read("runtime", "remove", "attic") == {"removed": "attic"}
    assert online.read("runtime", "show", "attic", code=3)["error"]["code"] == "runtime.not_found"


@pytest.mark.req("K-06")
def test_a_worker_is_created_through_the_backend_only_when_that_is_chosen(online: Online) -> None:
    _add(online, "library")
    online.add_lab("lab")
    asked = ("worker", "create", "helper", "--workspace", "library", "--backend")
    refused = online.read(*asked, "--on", "lab", code=1)["error"]
    assert refused["code"] == "placement.denied"
    assert [(one["runtime"], one["by"]) for one in refused["refusals"]] == [("lab", "placement")]
    online.read("placement", "set", "--allow", "library=lab")
    created = online.read(*asked, "--on", "lab", "--key", "desk", "--task", "Sort the shelf")
    assert (created["runtime"], created["workspace"], created["key"]) == ("lab", "library", "desk")
    assert online.read(*asked, "--on", "lab", "--key", "desk", "--task", "Sort the shelf") == created
    assert online.read(*asked, "--on-label", "site=north")["runtime"] == "lab"
    needy = online.user.run(*asked, "--require", "mount:shelf:rw")
    assert needy.returncode == 1
    assert "the Runtime itself refuses" in needy.stderr
    assert "resolution.refused" in needy.stderr
    assert online.read("worker", "list")["workers"] == []
    listed = online.read("worker", "list", "--backend", "--workspace", "library")["workers"]
    assert created["id"] in [one["id"] for one in listed]
    chosen = {"YOI_SERVER": online.backend.url}
    assert online.user.read("worker", "show", created["id"], **chosen)["id"] == created["id"]
    (explained,) = online.read("worker", "explain", created["id"], "--backend")["explanations"]
    assert explained["frame"]["profile"] == "workspace:helper"
    assert "file.read" in online.say("worker", "explain", created["id"], "--backend")
    said = online.read("workspace", "revoke", "library", created["bundle_digest"])
    (used,) = [one for one in said["in_use"] if one["runtime"] == "lab"]
    assert created["id"] in used["ids"]
    assert used["workers"] >= len(used["ids"]) == 2
    other = online.read("worker", "show", created["id"], "--backend", "--workspace", "museum", code=3)
    assert other["error"]["code"] == "worker.not_found"
    assert (
        online.read("worker", "delete", created["id"], "--backend", code=4)["error"]["details"]["state"]
        == "created"
    )
    assert online.read("worker", "stop", created["id"], "--backend")["state"] == "stopped"
    assert online.read("worker", "delete", created["id"], "--backend") == {"deleted": created["id"]}
    both = online.read(
        "worker", "list", "--backend", "--runtime", "http://127.0.0.1:1", "--runtime-id", "0", code=2
    )
    assert "not both" in both["error"]["message"]
    online.read("worker", "list", "--on", "lab", code=2)
    alone = online.read("worker", "create", "--on", "lab", code=2)
    assert "--server" in alone["error"]["message"]
    online.read("runtime", "remove", "lab")


@pytest.mark.req("K-09")
def test_a_token_is_made_shown_once_used_and_revoked(online: Online, tmp_path: Path) -> None:
    _add(online, "office")
    file = tmp_path / "secret"
    made = online.read(
        "token",
        "create",
        "ci",
        "--role",
        "viewer",
        "--workspace",
        "office",
        "--expires-in",
        "1h",
        "--out",
        file,
    )
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    secret = file.read_text().strip()
    assert secret not in json.dumps(made)
    assert made["token"]["expires_at"] is not None
    online.read("token", "create", "ci", "--role", "viewer", "--out", file, code=2)
    asked = ("--server", online.backend.url, "--token-file", str(file))
    seen = Yoi(tmp_path / "ci").read("workspace", "list", *asked)["workspaces"]
    assert [one["id"] for one in seen] == ["office"]
    refused = Yoi(tmp_path / "ci").read("workspace", "publish", "office", *asked, code=1)
    assert refused["error"]["code"] == "auth.forbidden"
    once = online.user.run("token", "create", "other", "--role", "viewer")
    assert once.stdout.startswith("yoi_api_")
    assert once.stdout.strip() not in once.stderr
    listed = online.user.run("token", "list", "--json").stdout
    assert made["token"]["id"] in listed
    assert once.stdout.strip() not in listed
    assert online.read("token", "revoke", made["token"]["id"]) == {"revoked": made["token"]["id"]}
    gone = Yoi(tmp_path / "ci").read("workspace", "list", *asked, code=1)
    assert gone["error"]["code"] == "auth.unauthenticated"
    assert online.read("token", "revoke", "0" * 32, code=3)["error"]["code"] == "token.not_found"


@pytest.mark.req("K-10")
def test_the_audit_is_narrowed_exported_and_pruned_by_what_was_exported(
    online: Online, tmp_path: Path
) -> None:
    online.read("workspace", "add", "pruned")
    online.read("workspace", "add", "kept")
    asked = ("--action", "workspace.*", "--since", "1h")
    shown = online.read("audit", *asked, "--workspace", "pruned")["records"]
    assert [(one["action"], one["workspace"]) for one in shown] == [("workspace.added", "pruned")]
    assert online.read("audit", "--until", "1h")["records"] == []
    older = online.read("audit", "--before", str(shown[0]["sequence"]), "--limit", "1")["records"]
    assert [one["sequence"] for one in older] == [shown[0]["sequence"] - 1]
    filtered, whole, late = tmp_path / "filtered", tmp_path / "whole", tmp_path / "late"
    online.read("audit", "--export", filtered, "--actor", shown[0]["actor"], "--action", "workspace.added")
    exported = online.read("audit", "--export", whole)
    lines = whole.read_bytes().splitlines()
    assert stat.S_IMODE(whole.stat().st_mode) == 0o600
    assert [json.loads(line)["sequence"] for line in lines] == list(range(1, exported["through"] + 1))
    assert len(lines) == exported["records"]
    online.read("audit", "--export", whole, code=2)
    late.write_bytes(b"\n".join(lines[1:]))
    for wrong in (filtered, late):
        online.read("audit", "--prune", wrong, code=2)
    online.read("audit", "--prune", whole, "--actor", "ann", code=2)
    pruned = online.read("audit", "--prune", whole)
    assert pruned["details"] == {"through": exported["through"], "hash": exported["hash"]}
    left = online.read("audit", "--limit", "500")["records"]
    assert min(one["sequence"] for one in left) == exported["through"] + 1
    online.read("audit", "--prune", whole, code=2)


@pytest.mark.req("K-10")
def test_the_audit_is_read_and_followed(online: Online) -> None:
    _add(online, "archive")
    records = online.read("audit", "--workspace", "archive")["records"]
    actions = [one["action"] for one in records]
    assert (
        actions.index("workspace.added")
        < actions.index("bundle.published")
        < actions.index("bundle.activated")
    )
    assert "workspace.added archive" in online.say("audit", "--workspace", "archive", "--limit", "500")
    following = _start(online, "audit", "--follow", "--limit", "1", "--workspace", "archive", "--json")
    watching = _start(online, "availability", "archive", "--watch", "--json")
    with following, watching:
        try:
            assert _read_line(following)["sequence"] == records[-1]["sequence"]
            assert _read_line(watching)["availability"][0]["state"] == "in_sync"
            online.read("workspace", "rollback", "archive", "1", "--reason", "to be sure")
            while _read_line(following)["action"] != "bundle.rolled_back":
                pass
            while _read_line(watching)["availability"][0]["observed"]["generation"] < 3:
                pass
        finally:
            for process in (following, watching):
                process.send_signal(signal.SIGINT)
        assert [process.wait(_DEADLINE_SECONDS) for process in (following, watching)] == [130, 130]


def test_server_serve_becomes_the_server_and_says_when_that_is_not_installed(tmp_path: Path) -> None:
    data = tmp_path / "data"
    arguments = ("server", "serve", "--data-dir", str(data), "--port", "0")
    with subprocess.Popen(
        [sys.executable, "-m", "yoi", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=_clean_environment(tmp_path),
    ) as process:
        try:
            said = _read_line(process)
            assert said["token_file"] == str(data / "admin-token")
            assert b"yoi_workspace_server" in Path(f"/proc/{process.pid}/cmdline").read_bytes()
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(_DEADLINE_SECONDS) == 0
    without = "import sys; sys.modules['yoi_workspace_server'] = None; from yoi.__main__ import run; sys.exit(run(['server', 'serve']))"
    done = subprocess.run(
        [sys.executable, "-c", without],
        capture_output=True,
        text=True,
        check=False,
        env=_clean_environment(tmp_path),
    )
    assert (done.returncode, "yoi-workspace-server" in done.stderr) == (1, True)


def _clean_environment(place: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("YOI_")}
    return {**kept, "YOI_CONFIG_DIR": str(place / "config")}


def _start(online: Online, *arguments: str) -> subprocess.Popen[bytes]:
    user = online.user
    config = user.data.with_name(f"{user.data.name}-config")
    return subprocess.Popen(
        [user.python, "-m", "yoi", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**_clean_environment(online.place), "YOI_CONFIG_DIR": str(config)},
    )


def _read_line(process: subprocess.Popen[bytes]) -> dict[str, object]:
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, f"the process said no more, exit {process.poll()}"
    found: dict[str, object] = json.loads(line)
    return found
