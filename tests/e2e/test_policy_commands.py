"""`yoi policy` beside stored bundles: tables for their workspaces, and what has none."""

from pathlib import Path

import pytest

from support.processes.yoi_process import Yoi

pytestmark = pytest.mark.req("S-10")

_PROFILE = "---\nmodel_required: false\ntools: [file.read]\n---\nHelp.\n"


def _build(yoi: Yoi, directory: Path, *workspaces: str) -> None:
    profile = directory / ".yoi" / "profiles" / "helper.md"
    profile.parent.mkdir(parents=True)
    profile.write_text(_PROFILE, encoding="utf-8")
    for name in workspaces:
        yoi.read("bundle", "build", directory, "--workspace", name)


def test_a_new_policy_has_a_table_for_each_workspace_of_a_stored_bundle(tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    yoi = Yoi(tmp_path / "data", policy=policy)
    _build(yoi, tmp_path / "work", "library", "museum")
    written = yoi.read("policy", "init")
    assert written["workspaces"] == [
        {"issuer": "local", "workspace": "library"},
        {"issuer": "local", "workspace": "museum"},
    ]
    assert yoi.read("policy", "check")["diagnostics"] == []
    assert [one["workspace"] for one in yoi.read("policy", "explain")["workspaces"]] == ["library", "museum"]
    other = tmp_path / "other.toml"
    chosen = yoi.read("policy", "init", "--policy", other, "--workspace", "museum")["workspaces"]
    assert chosen == [{"issuer": "local", "workspace": "museum"}]
    kept = yoi.run("policy", "init")
    assert (kept.returncode, "with tables" in kept.stdout) == (4, False)


def test_without_a_bundle_a_new_policy_is_for_what_was_asked_for(tmp_path: Path) -> None:
    yoi = Yoi(tmp_path / "data", policy=tmp_path / "policy.toml")
    assert yoi.read("policy", "init")["workspaces"] == [{"issuer": "local", "workspace": "local"}]
    elsewhere = ("--policy", tmp_path / "far.toml", "--issuer", "ann")
    assert yoi.read("policy", "init", *elsewhere)["workspaces"] == [{"issuer": "ann", "workspace": "local"}]
    assert not (tmp_path / "data").exists()


def test_a_stored_workspace_without_a_table_is_named_by_check_explain_and_a_refusal(tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text('version = 1\n[[workspace]]\nissuer = "local"\nid = "local"\n', encoding="utf-8")
    yoi = Yoi(tmp_path / "data", policy=policy)
    _build(yoi, tmp_path / "work", "library")
    (warning,) = yoi.read("policy", "check")["diagnostics"]
    assert (warning["severity"], warning["rule"]) == ("warning", "policy.no_table")
    assert warning["remedy"] == 'add [[workspace]] with issuer = "local" and id = "library"'
    first = "host policy has no table for (local, library)"
    lines = '    issuer = "local"\n    id = "library"\n'
    wanted = ("helper", "--require", "tool:file.read")
    for command in (("explain", *wanted), ("explain", *wanted, "--call", "file.read(path: a)")):
        said = yoi.run(*command).stdout
        assert said.startswith(first)
        assert lines in said
    refused = yoi.run("worker", "create", *wanted)
    assert refused.returncode == 1
    assert refused.stderr.startswith(first)
    assert lines in refused.stderr
    error = yoi.read("worker", "create", *wanted, code=1)["error"]
    assert (error["code"], error["remedy"].startswith(first)) == ("resolution.refused", True)
    assert not yoi.run("explain", "builtin:coder").stdout.startswith("host policy has no table")


_GRANTED = 'version = 1\n[[workspace]]\nissuer = "local"\nid = "library"\nbundle_required = "never"\n'
_RULES = '[workspace.tools]\nrules = ["allow file.read"]\n[workspace.mounts]\nworkspace = { path = ".", access = "ro" }\n'


@pytest.mark.req("X-13")
def test_an_edited_policy_is_tried_on_live_workers_before_it_is_put_in_place(tmp_path: Path) -> None:
    policy, edited = tmp_path / "policy.toml", tmp_path / "edited.toml"
    policy.write_text(_GRANTED + _RULES, encoding="utf-8")
    edited.write_text(_GRANTED, encoding="utf-8")
    yoi = Yoi(tmp_path / "data", policy=policy)
    _build(yoi, tmp_path / "work", "library")
    worker = yoi.read("worker", "create", "helper", "--require", "tool:file.read")["id"]
    tried = ("policy", "check", "--against-workers")
    (same,) = yoi.read(*tried)["workers"]
    assert (same["worker"], same["workspace"], same["change"]) == (worker, "library", "unchanged")
    (other,) = yoi.read(*tried, "--policy", edited, code=1)["workers"]
    assert (other["state"], other["change"]) == ("created", "held")
    assert ("tool", "file.read") in {(one["kind"], one["id"]) for one in other["reasons"]}
    said = yoi.run(*tried, "--policy", edited)
    assert (said.returncode, worker in said.stdout, "held" in said.stdout) == (1, True, True)
    assert yoi.read("worker", "show", worker)["state"] == "created", "nothing was changed"
    edited.write_text('version = 1\nno = "rule"\n', encoding="utf-8")
    assert yoi.read(*tried, "--policy", edited, code=1)["workers"] is None
    assert "every live Worker would be held" in yoi.run(*tried, "--policy", edited).stdout
    assert "workers" not in yoi.read("policy", "check")
