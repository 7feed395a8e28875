"""Keys of other programs' files: one that is not known to restrict nothing costs its item, never the restriction."""

import json

import pytest

from support.bundles.source_trees import build_files, get_manifest
from yoi_bundle.authoring.build import BuildResult

pytestmark = pytest.mark.req("B-14")


def agent(header: str) -> str:
    return f"---\nname: a\ndescription: d\n{header}\n---\nHelp.\n"


def list_errors(result: BuildResult, file: str) -> list[str]:
    return [one.rule for one in result.diagnostics if one.severity == "error" and one.file == file]


@pytest.mark.parametrize(
    "path", [".claude/agents/a.md", ".opencode/agents/a.md", ".cursor/agents/a.md", "a.agent.md"]
)
@pytest.mark.parametrize(
    "header",
    [
        "permission: deny",
        "permission: {edit: deny, bash: deny}",
        "permission: {bash: {'*': ask, 'git *': allow}}",
        "mode: plan",
        "deny: Bash",
        "ask: Bash",
        "blockedTools: Bash",
        "excludeTools: Bash",
        "readonly: true",
        "read-only: yes",
        "sandbox: true",
        "maxSteps: 3",
        "forbidden_paths: [secrets]",
        "disable: true",
        "permissions: {allow: [Read], deny: [Bash]}",
        "permissions: {defaultMode: plan, allow: [Read]}",
    ],
)
def test_an_agent_with_a_key_that_may_restrict_is_left_out(path: str, header: str) -> None:
    files = {path: agent(header), "agents/good.md": agent("tools: Read")}
    strict = build_files(files)
    assert strict.bundle is None
    assert list_errors(strict, path) == ["frontmatter.misspelt_key"]
    assert list(get_manifest(build_files(files, lenient=True)).profiles) == ["agents/good"]


@pytest.mark.parametrize(
    "header",
    [
        "permissions: {allow: [Read, 'Bash(npm test)']}",
        "permissions: {allow: [Read], deny: []}",
        "permission: {edit: allow, bash: {'*': allow}}",
        "readonly: false",
        "mode: subagent",
        "capabilities: [review]\nactivation_triggers: [x]\nvibe: calm\ndifficulty: hard\nColor: red",
    ],
)
def test_an_agent_with_keys_that_restrict_nothing_stays_with_an_info(header: str) -> None:
    result = build_files({".claude/agents/a.md": agent(header)})
    assert [one.severity for one in result.diagnostics if one.rule == "frontmatter.unmapped_key"]
    assert list(get_manifest(result).profiles)


@pytest.mark.parametrize(
    "settings",
    [
        {"Permissions": {"deny": ["Bash"]}},
        {"permission": {"deny": ["Bash"]}},
        {"deny": ["Bash"]},
        {"blockedCommands": ["rm"]},
        {"excludeTools": ["Bash"]},
    ],
)
def test_settings_with_a_key_that_may_restrict_leave_no_profile(settings: dict[str, object]) -> None:
    files = {".claude/settings.json": json.dumps(settings), "agents/a.md": agent("tools: Read")}
    assert list_errors(build_files(files), ".claude/settings.json")
    assert not get_manifest(build_files(files, lenient=True)).profiles


@pytest.mark.parametrize("key", ["theme", "env", "outputStyle", "enabledPlugins", "spinnerVerbs", "fastMode"])
def test_settings_of_the_program_itself_are_left_out_with_an_info(key: str) -> None:
    files = {".claude/settings.json": json.dumps({key: {}}), "agents/a.md": agent("tools: Read")}
    assert list(get_manifest(build_files(files)).profiles)


@pytest.mark.parametrize("key", ["excludeTools", "coreTools", "tools", "policy"])
def test_servers_beside_a_key_that_may_confine_them_are_left_out(key: str) -> None:
    document = {"name": "x", "version": "1", "mcpServers": {"s": {"command": "npx"}}, key: ["a"]}
    result = build_files({"gemini-extension.json": json.dumps(document), "agents/a.md": agent("tools: Read")})
    assert list_errors(result, "gemini-extension.json") == ["mcp.restriction_unsaid"]


@pytest.mark.parametrize("key", ["readOnly", "toolFilter", "denied", "sandbox"])
def test_a_server_with_a_key_that_may_confine_it_is_left_out_alone(key: str) -> None:
    servers = {"s": {"command": "npx", key: True}, "t": {"command": "npx", "timeout": 3, "description": "d"}}
    files = {".mcp.json": json.dumps({"mcpServers": servers}), "agents/a.md": agent("tools: Read")}
    tools = get_manifest(build_files(files, lenient=True)).tools
    assert [name for name in tools if name.rsplit("/", 1)[-1].removeprefix("mcp:") == "t"]
    assert not [name for name in tools if name.rsplit("/", 1)[-1].removeprefix("mcp:") == "s"]


@pytest.mark.parametrize("path", [".claude-plugin/plugin.json", "plugin.json"])
def test_a_plugin_with_a_key_that_may_restrict_is_left_out(path: str) -> None:
    manifest = {
        "$schema": "https://agent-plugins.org/schemas/1.0.0/plugin.schema.json",
        "name": "p",
        "excludeTools": ["Bash"],
    }
    result = build_files({path: json.dumps(manifest), "agents/a.md": agent("tools: Read")}, lenient=True)
    assert "plugin.may_restrict" in list_errors(result, path)
    assert not get_manifest(result).plugins


def test_a_workspace_may_say_that_a_key_restricts_nothing() -> None:
    files = {
        ".yoi/workspace.toml": '[source]\nharmless_keys = ["review-board"]\n',
        "agents/a.md": agent("Review_Board: x"),
    }
    assert list(get_manifest(build_files(files)).profiles) == ["agents/a"]


def test_a_command_that_lists_its_tools_under_another_name_asks_for_the_rest() -> None:
    files = {
        "commands/c.md": "---\ndescription: d\ntool_access: [Read]\n---\nDo it.\n",
        "agents/a.md": agent("tools: Read"),
    }
    manifest = get_manifest(build_files(files))
    [flow] = manifest.workflows.values()
    assert [manifest.policies[name].default for name in flow.policies] == ["ask"]


def test_settings_of_an_editor_are_not_read_as_rules() -> None:
    files = {".vscode/settings.json": '{"editor.rulers": [100]}', "agents/a.md": agent("tools: Read")}
    assert list(get_manifest(build_files(files)).profiles) == ["agents/a"]
