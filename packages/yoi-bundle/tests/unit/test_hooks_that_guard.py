"""Hooks that guard tools: the tool goes with the hook, unless the workspace says otherwise."""

import json

import pytest

from support.bundles.source_trees import build_files, get_manifest
from yoi_bundle.authoring.build import BuildResult
from yoi_bundle.calls.call import ToolCall
from yoi_bundle.calls.policy import compute_verdict

pytestmark = pytest.mark.req("B-14")


def agent(event: str, matcher: str, *, tools: str = "Bash, Read, Edit") -> str:
    return (
        f"---\nname: a\ndescription: d\ntools: {tools}\nhooks:\n  {event}:\n    - matcher: {json.dumps(matcher)}\n"
        "      hooks:\n        - type: command\n          command: ./only-select.sh\n---\nHelp.\n"
    )


def decide(result: BuildResult, tool: str, profile: str) -> str:
    manifest = get_manifest(result)
    policies = [manifest.policies[name] for name in manifest.profiles[profile].policies]
    if not policies:
        return "allow"
    return compute_verdict(policies, ToolCall(tool, {"command": "ls", "path": "a"})).effect


def list_warnings(result: BuildResult) -> list[str]:
    return [one.message for one in result.diagnostics if one.rule == "hooks.guard_left_out"]


@pytest.mark.parametrize("lenient", [False, True])
@pytest.mark.parametrize("event", ["PreToolUse", "PermissionRequest", "beforeShellExecution", "preToolUse"])
def test_an_agents_hook_takes_the_tool_that_it_guarded(event: str, lenient: bool) -> None:
    result = build_files({"agents/a.md": agent(event, "Bash")}, lenient=lenient)
    assert decide(result, "shell.run", "agents/a") == "deny"
    assert decide(result, "file.read", "agents/a") == "allow"
    [message] = list_warnings(result)
    assert event in message
    assert "shell.run" in message


@pytest.mark.parametrize(
    ("matcher", "denied"),
    [
        ("Edit|Write", {"file.edit"}),
        ("^(Bash)$", {"shell.run", "file.read", "file.edit"}),
        ("(Bash|Read)", {"shell.run", "file.read"}),
        ("*", {"shell.run", "file.read", "file.edit"}),
        ("", {"shell.run", "file.read", "file.edit"}),
        ("Ba.h", {"shell.run", "file.read", "file.edit"}),
        ("Multi.*", {"file.edit"}),
        ("KillShell", {"shell.run"}),
        ("mcp__db__.*", set()),
    ],
)
def test_a_matcher_that_is_no_list_of_names_guards_everything(matcher: str, denied: set[str]) -> None:
    result = build_files({"agents/a.md": agent("PreToolUse", matcher)})
    tools = ("shell.run", "file.read", "file.edit")
    assert {tool for tool in tools if decide(result, tool, "agents/a") == "deny"} == denied


def test_a_hook_of_the_workspaces_settings_takes_the_tool_from_every_profile() -> None:
    hooks = {"PreToolUse": [{"matcher": "Bash", "hooks": [{"type": "command", "command": "./check.sh"}]}]}
    files = {
        ".claude/settings.json": json.dumps({"hooks": hooks}),
        "agents/a.md": "---\nname: a\ndescription: d\ntools: Bash, Read\n---\nHelp.\n",
    }
    result = build_files(files)
    assert decide(result, "shell.run", "agents/a") == "deny"
    assert decide(result, "file.read", "agents/a") == "allow"


@pytest.mark.parametrize("event", ["PostToolUse", "SessionStart", "Stop", "UserPromptSubmit", "Notification"])
def test_a_hook_that_cannot_refuse_a_call_takes_nothing(event: str) -> None:
    result = build_files({"agents/a.md": agent(event, "Bash")})
    assert decide(result, "shell.run", "agents/a") == "allow"
    assert list_warnings(result) == []


def test_a_workspace_may_keep_a_tool_that_its_own_rules_confine() -> None:
    files = {
        ".yoi/workspace.toml": '[source]\nunguarded_tools = ["shell.run"]\n',
        "agents/a.md": agent("PreToolUse", "Bash|Read"),
    }
    result = build_files(files)
    assert decide(result, "shell.run", "agents/a") == "allow"
    assert decide(result, "file.read", "agents/a") == "deny"


def test_a_skill_whose_hook_guards_a_tool_is_left_out() -> None:
    header = "hooks:\n  PreToolUse:\n    - matcher: Bash\n      hooks: [{type: command, command: ./x.sh}]"
    files = {
        "skills/s/SKILL.md": f"---\nname: s\ndescription: d\n{header}\n---\nHelp.\n",
        "agents/a.md": agent("Stop", "Bash"),
    }
    assert not get_manifest(build_files(files, lenient=True)).skills
