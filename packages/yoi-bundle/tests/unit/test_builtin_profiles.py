"""The built-in set is a bundle like any other, and small (S-07, B-04)."""

import pytest

from yoi_bundle.builtin import load_builtin_set
from yoi_bundle.calls import ToolCall, compute_policy_verdict
from yoi_bundle.digest import compute_digest
from yoi_bundle.manifest import ToolList
from yoi_bundle.verified import verify_manifest

READING = {"file.read", "file.search"}


@pytest.mark.req("S-07", "B-04")
def test_the_set_holds_the_five_profiles_and_every_blob_that_they_name() -> None:
    found = load_builtin_set()
    assert set(found.bundle.manifest.profiles) == {"coder", "companion", "intake", "orchestrator", "reviewer"}
    assert set(found.blobs) == set(found.bundle.blobs)
    assert all(compute_digest(data) == digest for digest, data in found.blobs.items())
    assert verify_manifest(found.data, found.digest) == found.bundle


@pytest.mark.req("S-07")
@pytest.mark.parametrize("name", ["companion", "reviewer", "intake", "orchestrator"])
def test_only_the_coder_can_change_files_or_run_commands(name: str) -> None:
    profile = load_builtin_set().bundle.manifest.profiles[name]
    assert isinstance(profile.tools, ToolList)
    assert not {"file.edit", "notebook.edit", "shell.run"} & set(profile.tools.tools)
    assert set(profile.tools.tools) >= READING
    assert profile.asks.mounts["workspace"].access == "ro"


@pytest.mark.req("S-11")
def test_the_coders_commands_are_asked_and_its_edits_are_not() -> None:
    policy = load_builtin_set().bundle.manifest.policies["builtin/coder"]
    assert compute_policy_verdict(policy, ToolCall("shell.run", {"command": "ls"})).effect == "ask"
    assert compute_policy_verdict(policy, ToolCall("file.edit", {"path": "a.py"})).effect == "allow"
    assert compute_policy_verdict(policy, ToolCall("web.fetch", {"url": "https://a.org/"})).effect == "deny"
