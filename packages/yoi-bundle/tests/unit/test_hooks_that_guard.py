"""Hooks that guard tools: the tool goes with the hook, unless the workspace says otherwise."""

import json

import pytest

from support.bundles.source_trees import build_files, get_manifest
from yoi_bundle.authoring.build import BuildResult
from yoi_bundle.authoring.dialects.mcp.mcp_json import AGENT_PLUGINS_SCHEMAS
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


SHELL_HOOK = {"PreToolUse": [{"matcher": "Bash", "hooks": [{"type": "command", "command": "./check.sh"}]}]}
PLAIN_AGENT = "---\nname: a\ndescription: d\n---\nHelp.\n"
MANIFEST = "p/.claude-plugin/plugin.json"


@pytest.mark.parametrize(
    "files",
    [
        {MANIFEST: {"name": "p"}, "p/hooks/hooks.json": {"description": "d", "hooks": SHELL_HOOK}},
        {MANIFEST: {"name": "p", "hooks": SHELL_HOOK}},
        {MANIFEST: {"name": "p", "hooks": {"hooks": SHELL_HOOK}}},
        {MANIFEST: {"name": "p", "hooks": "./guards/all.json"}, "p/guards/all.json": {"hooks": SHELL_HOOK}},
        {MANIFEST: {"name": "p", "hooks": ["./x.json", SHELL_HOOK]}, "p/x.json": {"hooks": {}}},
        {"p/plugin.json": {"name": "p", "hooks": "hooks.json"}, "p/hooks.json": {"hooks": SHELL_HOOK}},
        {"p/hooks/hooks.json": {"hooks": SHELL_HOOK}},
        {
            "p/plugin.json": {
                "$schema": f"{AGENT_PLUGINS_SCHEMAS}plugin.schema.json",
                "name": "p",
                "hooks": SHELL_HOOK,
            }
        },
        {"p/.cursor/hooks.json": {"version": 1, "hooks": {"beforeShellExecution": [{"command": "./x.sh"}]}}},
    ],
)
def test_a_hook_of_a_plugin_takes_the_tool_from_its_agents_and_commands_alone(
    files: dict[str, object],
) -> None:
    texts = {path: json.dumps(value) for path, value in files.items()}
    texts |= dict.fromkeys(("p/agents/a.md", "agents/b.md"), PLAIN_AGENT) | {"p/commands/c.md": "Do.\n"}
    result = build_files(texts)
    assert decide(result, "shell.run", "p/agents/a") == "deny"
    assert decide(result, "file.read", "p/agents/a") == "allow"
    assert decide(result, "shell.run", "agents/b") == "allow"
    manifest = get_manifest(result)
    layers = [manifest.policies[name] for name in manifest.workflows["p/commands/c"].policies]
    assert compute_verdict(layers, ToolCall("shell.run", {"command": "ls"})).effect == "deny"
    assert len(list_warnings(result)) == 1


@pytest.mark.parametrize(
    ("path", "hooks", "denied"),
    [
        (
            ".github/hooks/guard.json",
            {"preToolUse": [{"type": "command", "bash": "./x.sh"}]},
            {"shell.run", "file.read"},
        ),
        (
            ".cursor/hooks.json",
            {"beforeShellExecution": [{"command": "./x.sh", "matcher": "curl"}]},
            {"shell.run"},
        ),
        (".cursor/hooks.json", {"beforeReadFile": [{"command": "./x.sh"}]}, {"file.read"}),
        (
            ".cursor/hooks.json",
            {"afterFileEdit": [{"command": "./x.sh"}], "stop": [{"command": "./x.sh"}]},
            set(),
        ),
        (
            ".gemini/settings.json",
            {"BeforeTool": [{"matcher": "run_shell_command", "hooks": [{"command": "./x"}]}]},
            {"shell.run", "file.read"},
        ),
        ("hooks/hooks.json", SHELL_HOOK, {"shell.run"}),
    ],
)
def test_hooks_of_a_program_at_the_top_hold_for_every_profile(
    path: str, hooks: dict[str, object], denied: set[str]
) -> None:
    profile = {".yoi/profiles/own.md": "---\ntitle: Own\n---\nHelp.\n", "agents/a.md": PLAIN_AGENT}
    result = build_files({path: json.dumps({"version": 1, "hooks": hooks}), **profile})
    for name in ("own", "agents/a"):
        assert {tool for tool in ("shell.run", "file.read") if decide(result, tool, name) == "deny"} == denied


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("p/hooks/hooks.json", "{"),
        (MANIFEST, json.dumps({"name": "p", "hooks": "../outside.json"})),
        (MANIFEST, json.dumps({"name": "p", "tools": ["x"], "hooks": SHELL_HOOK, "skills": 3})),
    ],
)
def test_agents_do_not_outlive_hooks_that_cannot_be_read(path: str, text: str) -> None:
    result = build_files({path: text, "p/agents/a.md": PLAIN_AGENT, "agents/b.md": PLAIN_AGENT}, lenient=True)
    assert result.has_errors
    profiles = get_manifest(result).profiles
    assert "agents/b" in profiles
    assert "p/agents/a" not in profiles or decide(result, "shell.run", "p/agents/a") == "deny"


def test_hooks_among_templates_hold_for_nobody_and_have_a_line() -> None:
    template = json.dumps({"hooks": SHELL_HOOK})
    result = build_files(
        {"components/hooks/security/guard.json": template, "components/agents/a.md": PLAIN_AGENT}
    )
    assert decide(result, "shell.run", "components/agents/a") == "allow"
    assert [one.rule for one in result.diagnostics if one.file.endswith("guard.json")] == [
        "declaration.unsupported"
    ]


def test_a_workspace_keeps_a_tool_that_a_plugins_hook_guarded() -> None:
    files = {
        "p/hooks/hooks.json": json.dumps({"hooks": SHELL_HOOK}),
        "p/agents/a.md": PLAIN_AGENT,
        ".yoi/workspace.toml": '[source]\nunguarded_tools = ["shell.run"]\n',
    }
    assert decide(build_files(files), "shell.run", "p/agents/a") == "allow"
