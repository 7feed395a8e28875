"""Importing never widens: with one more key in its file a profile may do no more than without it, or is not there."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.bundles.source_trees import build_files, get_manifest
from yoi_bundle.calls.call import ToolCall, is_stricter
from yoi_bundle.calls.policy import compute_verdict
from yoi_bundle.manifest import Effect

pytestmark = pytest.mark.req("B-14")

TOOLS = ("file.read", "file.edit", "file.search", "shell.run", "web.fetch")
KEYS = st.sampled_from(
    [
        "deny",
        "disallowedTools",
        "disallowed-tools",
        "hooks",
        "maxTurns",
        "mode",
        "permission",
        "permissionMode",
        "permissions",
        "readonly",
        "Tools",
    ]
) | st.from_regex(r"[a-z][A-Za-z-]{2,12}", fullmatch=True)
VALUES = st.sampled_from(
    [
        "Bash",
        "deny",
        "plan",
        "true",
        "3",
        "[Bash, Edit]",
        "{edit: deny, bash: ask}",
        "{allow: [Read]}",
        "{PreToolUse: [{matcher: Bash, hooks: [{type: command, command: x}]}]}",
    ]
)


def decide(header: str) -> dict[str, Effect] | None:
    """Return the verdict on a call of each tool, or None when the profile is left out."""
    files = {
        "agents/a.md": f"---\nname: a\ndescription: d\ntools: Bash, Read, Edit\n{header}---\nHelp.\n",
        "agents/b.md": "---\nname: b\ndescription: d\ntools: Read\n---\nHelp.\n",
    }
    manifest = get_manifest(build_files(files, lenient=True))
    profile = manifest.profiles.get("agents/a")
    if profile is None or profile.tools is None:
        return None
    layers = [manifest.policies[name] for name in profile.policies]
    call = {"command": "ls", "path": "a", "url": "https://example.com"}
    return {
        tool: compute_verdict(layers, ToolCall(tool, call)).effect if layers else "allow"
        for tool in TOOLS
        if tool in profile.tools.tools
    }


@given(key=KEYS.filter(lambda key: key not in ("name", "description", "tools")), value=VALUES)
def test_one_more_key_never_lets_a_profile_do_more(key: str, value: str) -> None:
    before, after = decide(""), decide(f"{key}: {value}\n")
    assert before is not None
    if after is None:
        return
    assert after.keys() <= before.keys()
    assert not any(is_stricter(before[tool], effect) for tool, effect in after.items())


@pytest.mark.parametrize("value", ["Bash", "deny", "true", "{bash: deny}", "[Bash]"])
@pytest.mark.parametrize("key", ["deny", "permission", "blocked", "readonly", "forbids"])
def test_a_key_that_may_restrict_restricts_or_costs_the_profile(key: str, value: str) -> None:
    after = decide(f"{key}: {value}\n")
    assert after is None or after.get("shell.run") == "deny"
