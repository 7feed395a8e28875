"""The agent that a command runs in elsewhere: its confinement holds for the workflow."""

import pytest

from support.bundles.source_trees import build_files, get_manifest, list_rules
from yoi_bundle.authoring.build import BuildResult
from yoi_bundle.calls.call import ToolCall
from yoi_bundle.calls.policy import compute_verdict
from yoi_bundle.closure import matches_tool

pytestmark = pytest.mark.req("B-14")

TOOLS = ("file.read", "file.edit", "shell.run", "web.fetch")


def command(fields: str) -> str:
    return f"---\ndescription: d\n{fields}\n---\nDo it.\n"


def agent(fields: str = "", name: str = "worker") -> str:
    return f"---\nname: {name}\ndescription: d\n{fields}---\nHelp.\n"


def judge(result: BuildResult, workflow: str) -> dict[str, str]:
    """Return the verdict of a workflow's own layers on a call of each tool."""
    manifest = get_manifest(result)
    item = manifest.workflows[workflow]
    layers = [manifest.policies[name] for name in item.policies]
    verdicts = {}
    for tool in TOOLS:
        listed = item.tools is None or any(matches_tool(pattern, tool) for pattern in item.tools.tools)
        call = ToolCall(tool, {"command": "ls", "path": "a", "url": "https://example.com"})
        allowed = compute_verdict(layers, call).effect if layers else "allow"
        verdicts[tool] = allowed if listed else "deny"
    return verdicts


@pytest.mark.parametrize("name", ["Explore", "Plan", "plan"])
@pytest.mark.parametrize("fork", ["context: fork\n", ""])
def test_a_command_run_by_an_agent_that_only_reads_edits_nothing(name: str, fork: str) -> None:
    result = build_files({".claude/commands/c.md": command(f"{fork}agent: {name}")})
    expected = {"file.read": "allow", "file.edit": "deny", "shell.run": "ask", "web.fetch": "allow"}
    assert judge(result, ".claude/commands/c") == expected


@pytest.mark.parametrize("name", ["general-purpose", "build", "General-Purpose"])
def test_an_agent_that_withholds_nothing_confines_nothing(name: str) -> None:
    result = build_files({".claude/commands/c.md": command(f"agent: {name}")})
    assert set(judge(result, ".claude/commands/c").values()) == {"allow"}
    assert list_rules(result) == []


@pytest.mark.parametrize(
    ("fields", "allowed"),
    [
        ("tools: Read\n", {"file.read"}),
        ("disallowedTools: Bash, Edit\n", {"file.read", "web.fetch"}),
        ("tools: Read, Bash(git:*)\n", {"file.read"}),
        ("permissionMode: plan\n", {"file.read", "web.fetch"}),
        ("", set(TOOLS)),
    ],
)
@pytest.mark.parametrize("written", ["worker", "kit:worker"])
def test_a_command_is_confined_as_the_agent_of_the_workspace_is(
    fields: str, allowed: set[str], written: str
) -> None:
    files = {
        "p/.claude-plugin/plugin.json": '{"name": "kit"}',
        "p/commands/c.md": command(f"agent: {written}"),
        "p/agents/worker.md": agent(fields),
        "agents/other.md": agent("", "other"),
    }
    verdicts = judge(build_files(files), "p/commands/c")
    assert {tool for tool, effect in verdicts.items() if effect == "allow"} == allowed


def test_what_a_command_lets_pass_does_not_widen_its_agent() -> None:
    files = {
        "commands/c.md": command("allowed-tools: Bash, Read\nagent: worker"),
        "agents/worker.md": agent("disallowedTools: Bash\n"),
    }
    verdicts = judge(build_files(files), "commands/c")
    assert (verdicts["shell.run"], verdicts["file.read"], verdicts["file.edit"]) == ("deny", "allow", "ask")


@pytest.mark.parametrize(
    "files",
    [
        {"commands/c.md": command("agent: nobody")},
        {".github/prompts/c.prompt.md": command("agent: nobody")},
        {"commands/c.md": command("agent: [a, b]")},
        {
            "commands/c.md": command("agent: worker"),
            "x/agents/worker.md": agent(),
            "y/agents/worker.md": agent(),
        },
        {"commands/c.md": command("agent: worker"), "agents/worker.md": agent("disallowedTools: Nope(x)\n")},
        {
            "commands/c.md": command("agent: worker"),
            ".yoi/profiles/worker.md": "---\nextends: x\n---\nHelp.\n",
        },
    ],
)
def test_a_command_whose_agent_is_unknown_is_left_out_with_an_error(files: dict[str, str]) -> None:
    result = build_files(files | {"agents/a.md": agent("", "a")}, lenient=True)
    assert get_manifest(result).workflows == {}
    assert {file for _, file in list_rules(result)} & {"commands/c.md", ".github/prompts/c.prompt.md"}


def test_a_workspace_may_say_that_the_agent_of_commands_restricts_nothing() -> None:
    files = {
        "commands/c.md": command("agent: nobody"),
        ".yoi/workspace.toml": '[source]\nharmless_keys = ["agent"]\n',
    }
    assert set(judge(build_files(files), "commands/c").values()) == {"allow"}


@pytest.mark.parametrize("fields", ["tools: Read\n", "tools: Read, Bash(git:*)\n"])
def test_tools_of_a_prompt_file_are_instead_of_its_agents(fields: str) -> None:
    files = {
        ".github/prompts/c.prompt.md": command("agent: worker\ntools: [edit]"),
        "agents/worker.md": agent(fields),
    }
    verdicts = judge(build_files(files), ".github/prompts/c.prompt")
    assert (verdicts["file.edit"], verdicts["shell.run"]) == ("allow", "deny")


@pytest.mark.parametrize(
    ("name", "warned"), [("Explore", True), ("worker", True), ("general-purpose", False)]
)
def test_a_skill_that_runs_in_an_agent_elsewhere_says_that_nothing_confines_it_here(
    name: str, warned: bool
) -> None:
    skill = f"---\nname: s\ndescription: d\ncontext: fork\nagent: {name}\n---\nUse it.\n"
    result = build_files({"skills/s/SKILL.md": skill})
    assert "skills/s" in get_manifest(result).skills
    assert (("skill.agent_left_out", "skills/s/SKILL.md") in list_rules(result, "warning")) == warned
