"""From a stored bundle to an explained Worker, by the real process."""

import secrets
from pathlib import Path

import pytest

from support.processes.yoi_process import EXAMPLE_POLICY, LIBRARY, Yoi


@pytest.fixture(scope="module")
def yoi(tmp_path_factory: pytest.TempPathFactory) -> Yoi:
    value = secrets.token_urlsafe(24)
    one = Yoi(tmp_path_factory.mktemp("store"), extra={"YOI_SECRET_ANTHROPIC_API_KEY": value})
    one.read("bundle", "build", LIBRARY)
    return one


@pytest.mark.req("S-03")
def test_an_explanation_says_what_is_granted_narrowed_and_denied_and_what_to_change(yoi: Yoi) -> None:
    shown = yoi.run("explain", "案内係")
    assert shown.returncode == 0, shown.stderr
    for phrase in ("may use", "may use in part", "may not use", "host-policy.toml", "→"):
        assert phrase in shown.stdout
    explanation = yoi.read("explain", "案内係")["explanations"][0]
    outcomes = {one["outcome"] for one in explanation["decisions"]}
    assert outcomes == {"granted", "narrowed", "denied"}
    assert all(one["steps"] for one in explanation["decisions"])


@pytest.mark.req("S-11")
def test_a_call_is_explained_with_its_verdict_and_whose_word_it_is(tmp_path: Path) -> None:
    yoi = Yoi(tmp_path / "store")
    policy = tmp_path / "policy.toml"
    policy.write_text(
        'version = 1\n[[workspace]]\nissuer = "local"\nid = "local"\nhost = ["shell", "git"]\n'
        'bundle_required = "never"\nmounts.workspace = { path = ".", access = "rw" }\n'
        '[workspace.tools]\nrules = [\n  "allow file.*",\n  "allow shell.run",\n  "deny shell.run(command prefix: curl)",\n]\n',
        encoding="utf-8",
    )
    flags = ("--policy", str(policy), "builtin:coder", "--call")
    denied = yoi.read("explain", *flags, "shell.run(command: curl x)", code=1)
    assert (denied["verdict"], denied["layer"], denied["line"]) == ("deny", "host_policy", 12)
    assert denied["written"] == "deny shell.run(command prefix: curl)"
    allowed = yoi.read("explain", *flags, "file.search(path: docs, pattern: to do)")
    assert allowed["call"]["arguments"] == {"path": "docs", "pattern": "to do"}
    assert (allowed["verdict"], [one["kind"] for one in allowed["refused"]]) == ("allow", ["model"])
    said = yoi.run("explain", *flags, "shell.run(command: curl x)").stdout
    assert f"said by host policy, {policy}:12\n" in said
    assert "deny-" not in said
    assert "but no Worker of the profile would start there" in said
    absent = yoi.read("explain", *flags, "task.track", code=1)
    assert (absent["cause"], absent["layer"]) == ("not_granted", "host_policy")
    assert absent["words"] == "the Worker has no tool task.track: host policy denies every call of it"
    assert yoi.run("explain", *flags, "file.read(a)").returncode == 2


@pytest.mark.req("W-01", "W-03")
def test_a_worker_is_created_once_shown_stopped_and_deleted(yoi: Yoi) -> None:
    created = yoi.read("worker", "create", "案内係", "--key", "desk-1", "--label", "desk=1")
    assert created["state"] == "created"
    assert created["labels"] == {"desk": "1"}
    assert (
        yoi.read("worker", "create", "案内係", "--key", "desk-1", "--label", "desk=1")["id"] == created["id"]
    )
    conflict = yoi.read("worker", "create", "catalogue-reviewer", "--key", "desk-1", code=4)
    assert conflict["error"]["code"] == "worker.conflict"
    assert created["id"] in {one["id"] for one in yoi.read("worker", "list")["workers"]}
    assert yoi.read("worker", "delete", created["id"], code=4)["error"]["code"] == "worker.invalid_state"
    assert yoi.read("worker", "stop", created["id"])["state"] == "stopped"
    yoi.read("worker", "delete", created["id"])
    yoi.read("worker", "show", created["id"], code=3)


@pytest.mark.req("X-13")
def test_a_workers_explanation_says_what_holds_now_and_what_was_taken_away_since(
    yoi: Yoi, tmp_path: Path
) -> None:
    created = yoi.read("worker", "create", "案内係", "--key", "narrowed")["id"]
    before = yoi.read("worker", "explain", created)
    assert before["lost"] == []
    policy = tmp_path / "host-policy.toml"
    text = EXAMPLE_POLICY.read_text(encoding="utf-8")
    tool = next(
        one["id"]
        for one in before["explanations"][0]["decisions"]
        if one["kind"] == "tool" and f'"allow {one["id"]}"' in text
    )
    policy.write_text(text.replace(f'"allow {tool}"', f'"deny {tool}"'), encoding="utf-8")
    now = yoi.read("worker", "explain", created, YOI_HOST_POLICY=str(policy))
    outcomes = {(one["kind"], one["id"]): one["outcome"] for one in now["explanations"][0]["decisions"]}
    assert outcomes["tool", tool] == "denied"
    lost = {(one["kind"], one["id"], one["layer"]) for one in now["lost"]}
    assert ("tool", tool, "host_policy") in lost
    shown = yoi.run("worker", "explain", created, YOI_HOST_POLICY=str(policy)).stdout
    assert "since taken away" in shown
    assert str(policy.name) in shown
    then = yoi.read("worker", "explain", created, "--as-created", YOI_HOST_POLICY=str(policy))
    assert then == {"explanations": before["explanations"]}


@pytest.mark.req("W-04")
def test_a_worker_is_resolved_again_from_its_pins_by_a_command(yoi: Yoi) -> None:
    created = yoi.read("worker", "create", "案内係", "--key", "again")["id"]
    again = yoi.read("worker", "reproduce", created)
    assert (again["equal"], again["changes"]) == (True, [])
    assert again["spec_digest"] == yoi.read("worker", "spec", created)["spec_digest"]
    assert "byte for byte" in yoi.run("worker", "reproduce", created).stdout
    assert yoi.read("worker", "reproduce", "0" * 32, code=3)["error"]["code"] == "worker.not_found"


@pytest.mark.req("S-03", "S-10")
def test_a_policy_without_a_table_for_the_workspace_says_so_first_with_the_lines_to_add(
    yoi: Yoi, tmp_path: Path
) -> None:
    policy = tmp_path / "host-policy.toml"
    yoi.read("policy", "init", "--workspace", "another", YOI_HOST_POLICY=str(policy))
    lines = yoi.run("explain", "案内係", YOI_HOST_POLICY=str(policy)).stdout.splitlines()
    assert lines[0].startswith("host policy has no table for (local, midorizaka-library)")
    assert [one.strip() for one in lines[1:4]] == [
        "[[workspace]]",
        'issuer = "local"',
        'id = "midorizaka-library"',
    ]
    with policy.open("a", encoding="utf-8") as file:
        file.write("\n".join(("", *(one.strip() for one in lines[1:4]), "")))
    assert "has no table" not in yoi.run("explain", "案内係", YOI_HOST_POLICY=str(policy)).stdout


@pytest.mark.req("S-09")
def test_a_refused_worker_says_every_reason_at_once(yoi: Yoi) -> None:
    refused = yoi.read(
        "worker", "create", "案内係", "--require", "host:shell", "--require", "mount:workspace:rw", code=1
    )
    assert refused["error"]["code"] == "resolution.refused"
    reasons = {(one["kind"], one["id"]) for one in refused["error"]["details"]["reasons"]}
    assert {("host", "shell"), ("mount", "workspace")} <= reasons


@pytest.mark.req("S-04")
def test_no_output_holds_a_secret_value(yoi: Yoi) -> None:
    value = yoi.extra["YOI_SECRET_ANTHROPIC_API_KEY"]
    created = yoi.run("worker", "create", "案内係", "--key", "secretive", "--json")
    explained = yoi.run("worker", "resolve", "--all", "--json")
    assert created.returncode == 0
    assert value not in created.stdout + created.stderr + explained.stdout + explained.stderr
    stored = b"".join(path.read_bytes() for path in Path(yoi.data).rglob("*") if path.is_file())
    assert value.encode() not in stored


def test_an_unknown_profile_is_answered_with_near_ones(yoi: Yoi) -> None:
    found = yoi.read("explain", "案内", code=3)
    assert found["error"]["code"] == "profile.not_found"
    assert "workspace:案内係" in found["error"]["details"]["near"]


@pytest.mark.req("S-07")
def test_a_built_in_profile_needs_no_bundle(yoi: Yoi) -> None:
    explanation = yoi.read("explain", "builtin:companion")["explanations"][0]
    assert explanation["frame"]["source"] == "builtin"


@pytest.mark.req("R-05", "R-06")
def test_the_runtime_tells_of_itself_and_of_its_bundles(yoi: Yoi) -> None:
    info = yoi.read("runtime", "info")
    assert "companion" in info["builtin"]["profiles"]
    bundles = yoi.read("runtime", "bundles")["bundles"]
    assert [one["workspace"] for one in bundles] == ["midorizaka-library"]
    assert yoi.read("runtime", "bundles", bundles[0]["digest"])["stored"] is True
    assert yoi.read("runtime", "gc")["bundles"] == 0
    assert yoi.read("runtime", "assignments")["assignments"] == [
        {"issuer": "local", "workspace": "midorizaka-library"}
    ]


@pytest.mark.req("S-10")
def test_a_new_policy_grants_nothing_and_is_not_written_over(tmp_path: Path) -> None:
    policy = tmp_path / "config" / "host-policy.toml"
    yoi = Yoi(tmp_path / "store", policy=policy)
    assert yoi.read("policy", "init", "--workspace", "midorizaka-library")["written"] is True
    assert yoi.read("policy", "init", code=4)["written"] is False
    assert yoi.read("policy", "check")["diagnostics"] == []
    yoi.read("bundle", "build", LIBRARY)
    decisions = yoi.read("explain", "案内係")["explanations"][0]["decisions"]
    external = {"secret", "mount", "network", "host", "tool", "model", "surface", "permission"}
    assert [one["id"] for one in decisions if one["kind"] in external and one["outcome"] != "denied"] == []


def test_a_faulty_policy_is_refused_with_file_and_line(tmp_path: Path) -> None:
    policy = tmp_path / "host-policy.toml"
    policy.write_text(
        'version = 1\n\n[[workspace]]\nissuer = "local"\nid = "w"\nhosts = ["shell"]\n', encoding="utf-8"
    )
    yoi = Yoi(tmp_path / "store", policy=policy)
    checked = yoi.read("policy", "check", code=1)
    assert [(one["file"], one["line"]) for one in checked["diagnostics"]] == [("host-policy.toml", 6)]
    assert yoi.run("runtime", "info").returncode == 2


@pytest.mark.req("S-07")
def test_without_a_bundle_default_is_explained_from_the_built_in_set(tmp_path: Path) -> None:
    explained = Yoi(tmp_path / "empty").read("explain", "default")["explanations"]
    assert [(one["frame"]["source"], one["frame"]["profile"]) for one in explained] == [
        ("builtin", "builtin:companion")
    ]
