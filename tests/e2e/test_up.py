"""`yoi up` as a process: what it says of each save and where it went, and that it takes everything with it."""

import os
import signal
import socket
from pathlib import Path

import pytest

from support.processes.up_process import start_up, wait_until_gone
from support.processes.yoi_process import Yoi

_PROFILE = """\
---
title: Helper
description: Answers questions.
model_required: false
tools: [file.read, user.ask]
---
Answer from the files on the shelf.
"""
_POLICY = """\
version = 1

[[workspace]]
issuer = "local"
id = "shelf"

[workspace.tools]
rules = ["allow file.read", "ask user.ask"]
"""


@pytest.fixture
def yoi(tmp_path: Path) -> Yoi:
    policy = tmp_path / "host-policy.toml"
    policy.write_text(_POLICY, encoding="utf-8")
    return Yoi(tmp_path / "data", policy=policy)


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    directory = tmp_path / "shelf"
    (directory / ".yoi" / "profiles").mkdir(parents=True)
    (directory / ".yoi" / "workspace.toml").write_text('id = "shelf"\n', encoding="utf-8")
    (directory / ".yoi" / "profiles" / "helper.md").write_text(_PROFILE, encoding="utf-8")
    return directory


@pytest.mark.req("K-01", "K-04", "K-05")
def test_every_save_is_told_by_meaning_and_where_it_went_and_a_failure_keeps_what_was_good(
    yoi: Yoi, shelf: Path
) -> None:
    profile = shelf / ".yoi" / "profiles" / "helper.md"
    with start_up(yoi, shelf, "--json") as up:
        started = up.wait_for_event("started", workspace="shelf")
        first = up.wait_for_event("built", outcome="new", revision=1, active_revision=1)
        assert first["counts"]["profiles"] == 1
        up.wait_for_event("delivered", runtime="embedded", state="in_sync", revision=1)

        profile.write_text(_PROFILE.replace("[file.read, user.ask]", "[file.read, file.edit, user.ask]"))
        up.wait_for_event("built", outcome="new", revision=2)
        changes = up.wait_for_event("changed", from_revision=1, to_revision=2)["diff"]["changes"]
        assert {one["change_class"] for one in changes} == {"widening"}
        up.wait_for_event("delivered", runtime="embedded", state="in_sync", revision=2)

        profile.write_text(_PROFILE.replace("---\ntitle", "---\ntools: [\ntitle", 1))
        failed = up.wait_for_event("built", outcome="failed", active_revision=2)
        errors = [one for one in failed["diagnostics"] if one["severity"] == "error"]
        assert [one["file"] for one in errors] == [".yoi/profiles/helper.md"]

        profile.write_text(_PROFILE)
        up.wait_for_event("changed", from_revision=2, to_revision=3)
        up.wait_for_event("delivered", state="in_sync", revision=3)

        address = ("--server", started["address"], "--token-file", started["token_file"])
        assert yoi.run("workspace", "rollback", "shelf", *address).returncode == 0
        up.wait_for_event("activated", kind="rollback", revision=2)
        up.wait_for_event("delivered", state="in_sync", revision=2)
        backend = up.find_backend()
        assert up.stop(signal.SIGTERM) == 0
        up.wait_for_event("stopped")
    wait_until_gone(backend)


def test_people_are_told_the_same_in_words_and_a_second_one_is_told_of_the_first(
    yoi: Yoi, shelf: Path
) -> None:
    profile = shelf / ".yoi" / "profiles" / "helper.md"
    with start_up(yoi, shelf) as up:
        up.wait_for_line(lambda line: "embedded: in sync, revision 1" in line)
        said = "\n".join(up.lines)
        assert "yoi login http://127.0.0.1:" in said
        assert "backend.log" in said
        profile.write_text(_PROFILE.replace("the files on", "every file on"))
        up.wait_for_line(lambda line: line.startswith("text /prompts/"))
        up.wait_for_line(lambda line: line.strip() == "+Answer from every file on the shelf.")
        up.wait_for_line(lambda line: "embedded: in sync, revision 2" in line)
        profile.write_text(_PROFILE.replace("tools: [", "tools: [["))
        up.wait_for_line(lambda line: line.startswith(".yoi/profiles/helper.md:") and ": error: " in line)
        up.wait_for_line(lambda line: "revision 2 stays active" in line)

        second = yoi.run("up", shelf)
        assert second.returncode == 5
        assert "already runs" in second.stderr
        assert "http://127.0.0.1:" in second.stderr
        assert up.stop() == 0
        up.wait_for_line(lambda line: "nothing is left running" in line)


@pytest.mark.req("K-01")
def test_started_again_it_goes_on_where_it_was_and_tells_what_changed_meanwhile(
    yoi: Yoi, shelf: Path
) -> None:
    with start_up(yoi, shelf, "--json") as up:
        up.wait_for_event("delivered", state="in_sync", revision=1)
        assert up.stop() == 0
    (shelf / ".yoi" / "profiles" / "helper.md").write_text(_PROFILE.replace("Helper", "Porter"))
    with start_up(yoi, shelf, "--json") as up:
        changed = up.wait_for_event("changed", from_revision=1, to_revision=2)
        assert {one["change_class"] for one in changed["diff"]["changes"]} == {"metadata"}
        up.wait_for_event("delivered", state="in_sync", revision=2)


def test_one_that_is_killed_takes_its_backend_with_it(yoi: Yoi, shelf: Path) -> None:
    with start_up(yoi, shelf, "--json") as up:
        up.wait_for_event("delivered", state="in_sync")
        backend = up.find_backend()
        assert up.stop(signal.SIGKILL) == -signal.SIGKILL
        wait_until_gone(backend)


def test_a_backend_that_ends_by_itself_is_told_of_with_its_log(yoi: Yoi, shelf: Path) -> None:
    with start_up(yoi, shelf, "--json") as up:
        up.wait_for_event("delivered", state="in_sync")
        os.kill(up.find_backend(), signal.SIGKILL)
        assert up.process.wait(60) == 5
        up.wait_for_line(lambda line: "backend.log" in line and "remedy" in line)


def test_a_port_that_is_taken_is_refused_with_what_the_backend_said(yoi: Yoi, shelf: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        error = yoi.read("up", shelf, "--port", port, code=5)["error"]
    assert error["code"] == "backend.unavailable"
    assert "request.invalid" in error["message"]


@pytest.mark.req("S-08", "S-11", "K-06")
def test_beside_it_a_profile_is_explained_through_its_backend_and_without_it_the_remedy_names_it(
    yoi: Yoi, shelf: Path, tmp_path: Path
) -> None:
    with start_up(yoi, shelf, "--json") as up:
        started = up.wait_for_event("started")
        up.wait_for_event("delivered", state="in_sync", revision=1)
        chosen = ("--server", started["address"], "--token-file", started["token_file"])
        missing = yoi.read("explain", "helper", code=3)["error"]
        assert (missing["code"], missing["details"]) == ("bundle.missing", {})
        assert f"--server {started['address']} --token-file {started['token_file']}" in missing["remedy"]
        assert yoi.read("worker", "create", "helper", code=3)["error"]["remedy"] == missing["remedy"]

        (explained,) = yoi.read("explain", "helper", *chosen)["explanations"]
        assert explained["frame"]["profile"] == "workspace:helper"
        assert "would start on embedded" in yoi.run("explain", "helper", *chosen).stdout
        called = yoi.read("explain", "helper", *chosen, "--call", "user.ask", code=1)
        assert (called["verdict"], called["layer"], called["refused"]) == ("ask", "host_policy", [])
        resolved = yoi.read("worker", "resolve", "helper", *chosen, "--on", "embedded")
        assert resolved["explanations"] == [explained]
        refused = yoi.read("worker", "resolve", "helper", *chosen, "--require", "tool:shell.run", code=1)
        assert refused["explanations"][0]["refused"][0]["id"] == "shell.run"
        assert yoi.read("worker", "list", *chosen)["workers"] == []
        assert yoi.read("policy", "check")["diagnostics"] == []
        bare = tmp_path / "bare.toml"
        bare.write_text("version = 1\n", encoding="utf-8")
        (warning,) = yoi.read("policy", "check", "--policy", bare)["diagnostics"]
        assert (warning["rule"], "(local, shelf)" in warning["message"]) == ("policy.no_table", True)
        assert up.stop() == 0
    assert "--server" not in yoi.read("explain", "helper", code=3)["error"]["remedy"]
    assert "--on" in yoi.read("explain", "helper", "--on", "embedded", code=2)["error"]["message"]
