"""Claude Code's agents and commands."""

import pytest

from yoi_bundle.authoring.dialects.claude.markdown import read_claude_agent, read_claude_command
from yoi_bundle.authoring.dialects.claude.vocabulary import UNASKED_TOOLS
from yoi_bundle.authoring.drafts.draft import (
    Contribution,
    NameReference,
    ProfileDraft,
    SourceFile,
    WorkflowDraft,
)
from yoi_bundle.manifest import Ask, ExactMatch, StdioServer, WorkerLimits
from yoi_bundle.vocabulary import BUILTIN_TOOLS

pytestmark = pytest.mark.req("B-14")


def read_agent(header: str, body: str = "Help.\n") -> Contribution:
    return read_claude_agent(
        SourceFile(path=".claude/agents/a.md", data=f"---\n{header}\n---\n{body}".encode())
    )


def get_profile(header: str) -> ProfileDraft:
    found = read_agent(header)
    assert found.profiles, found.diagnostics
    return found.profiles[0]


def read_command(header: str, body: str = "Do $ARGUMENTS with @file.\n") -> Contribution:
    text = f"---\n{header}\n---\n{body}" if header else body
    return read_claude_command(SourceFile(path=".claude/commands/c.md", data=text.encode()))


def get_workflow(header: str, body: str = "Do it.\n") -> WorkflowDraft:
    found = read_command(header, body)
    assert found.workflows, found.diagnostics
    return found.workflows[0]


def get_rules(found: Contribution) -> list[tuple[str, int]]:
    return [(one.rule, one.line) for one in found.diagnostics]


def test_an_agent_becomes_a_profile_with_its_body_as_read() -> None:
    found = read_agent(
        "name: 3000\ndescription: Tunes\ntools: Read, Grep\nmodel: sonnet\nmaxTurns: 7\nskills: [pdf]",
        "Hi\r\nyou",
    )
    (profile,) = found.profiles
    assert (profile.title, profile.description, profile.body) == ("3000", "Tunes", b"Hi\r\nyou")
    assert profile.models == (NameReference(written="sonnet", line=5),)
    assert profile.skills == (NameReference(written="pdf", line=7),)
    assert profile.asks.limits == WorkerLimits(turns=7)
    assert [reference.pattern for reference in profile.tools or ()] == ["file.read", "file.search"]
    assert found.diagnostics == ()


def test_no_list_is_all_tools_and_an_empty_one_is_none() -> None:
    assert get_profile("name: a").tools is None
    assert get_profile("tools:").tools == ()
    assert get_profile("tools: Unheard").tools == ()


def test_a_list_repaired_from_no_yaml_means_what_it_meant_or_the_agent_goes() -> None:
    assert [reference.pattern for reference in get_profile("tools: *").tools or ()] == ["*"]
    found = read_agent("tools: [Read] | [Write]")
    assert found.profiles == ()
    assert get_rules(found) == [("frontmatter.repaired", 2), ("tools.unreadable", 2)]


def test_tools_taken_away_are_rules_that_deny() -> None:
    profile = get_profile("disallowedTools: Bash(rm:*), Write")
    assert {rule.effect for rule in profile.rules} == {"deny"}
    assert [rule.tool.pattern for rule in profile.rules] == ["shell.run", "file.edit", "notebook.edit"]
    assert profile.rules_default == "allow"


def test_a_restriction_that_cannot_be_said_is_marked_for_the_profile() -> None:
    found = read_agent("disallowedTools: Unheard")
    assert [one.effect for one in found.profiles[0].unsaid] == ["deny"]
    assert get_rules(found) == [("policy.rule_unsaid", 2)]


@pytest.mark.parametrize(
    ("mode", "rules", "unsaid"),
    [("default", 0, 0), ("bypassPermissions", 0, 0), ("plan", 3, 0), ("dontAsk", 0, 1), ("new", 0, 1)],
)
def test_a_permission_mode_never_widens(mode: str, rules: int, unsaid: int) -> None:
    profile = get_profile(f"permissionMode: {mode}")
    assert (len(profile.rules), len(profile.unsaid)) == (rules, unsaid)
    assert all(rule.effect == "deny" for rule in profile.rules)


def test_an_agent_with_servers_and_no_list_is_confined_to_them() -> None:
    profile = get_profile("mcpServers:\n  - github\n  - local:\n      command: npx")
    tools = profile.tools
    assert tools is not None
    assert {reference.pattern for reference in tools if reference.pattern} == {
        *BUILTIN_TOOLS,
        "http:*",
        "plugin:*",
    }
    assert [reference.server for reference in tools if reference.server] == ["github", "local"]
    assert [(one.local_name, one.transport) for one in profile.servers] == [
        ("local", StdioServer(command="npx"))
    ]


def test_a_bad_server_leaves_the_profile_and_a_bad_limit_does_not() -> None:
    found = read_agent("mcpServers:\n  local:\n    command: /opt/x")
    assert found.profiles[0].servers == ()
    assert get_rules(found) == [("mcp.command_path", 2)]
    assert read_agent("maxTurns: many").profiles == ()


def test_unmapped_keys_are_reported_by_name_with_their_lines() -> None:
    found = read_agent("name: a\nmemory: user\nhooks:\n  Stop: []\nvibe: calm")
    assert found.profiles
    assert get_rules(found) == [
        ("hooks.left_out", 4),
        ("frontmatter.unmapped_key", 3),
        ("frontmatter.unmapped_key", 6),
    ]
    assert [one.message.split(" ")[0] for one in found.diagnostics] == ["the", "`memory`", "`vibe`"]


@pytest.mark.parametrize("key", ["allowed-tools", "disallowed_tools", "Tools", "permission-mode"])
def test_a_misspelt_restriction_is_an_error_and_no_profile(key: str) -> None:
    found = read_agent(f"{key}: Read")
    assert found.profiles == ()
    assert get_rules(found) == [("frontmatter.misspelt_key", 2)]


def test_a_command_becomes_a_workflow_that_lets_its_tools_pass_and_asks_for_the_rest() -> None:
    workflow = get_workflow(
        "description: Commits\nallowed-tools: Bash(git add:*), Read\nargument-hint: [file] [mode]"
    )
    assert [(rule.effect, rule.tool.pattern) for rule in workflow.rules] == [
        ("allow", "shell.run"),
        ("allow", "file.read"),
        *(("allow", tool) for tool, _ in UNASKED_TOOLS),
    ]
    assert workflow.rules_default == "ask"
    assert workflow.tools is None
    assert workflow.argument_hint == "[file] [mode]"


def test_an_allow_of_writing_is_said_only_with_edit() -> None:
    named = [one.tool.pattern for one in get_workflow("allowed-tools: Read, Write").rules]
    assert "file.edit" not in named
    found = read_command("allowed-tools: Write, Edit")
    assert [one.tool.pattern for one in found.workflows[0].rules][:2] == ["file.edit", "notebook.edit"]
    assert found.diagnostics == ()


def test_a_command_without_frontmatter_is_all_text() -> None:
    workflow = get_workflow("", "Do $ARGUMENTS with @file.\n")
    assert workflow.body == b"Do $ARGUMENTS with @file.\n"
    assert (workflow.rules, workflow.rules_default) == ((), "allow")


def test_a_host_command_stays_text_and_asks_for_the_shell() -> None:
    found = read_command("description: x", "One\nNow: !`git status` and !`ls`\n")
    assert found.workflows[0].asks.host == {"shell": Ask()}
    assert found.workflows[0].body == b"One\nNow: !`git status` and !`ls`\n"
    assert get_rules(found) == [("workflow.host_command", 5)]
    assert get_workflow("description: x", "Wow! `code`\n").asks.host == {}


def test_hostile_headers_give_diagnostics_and_no_item() -> None:
    for header in ("a: 1\na: 2", "tools: [", "x:\n - [", "tools: {Read: no}"):
        for found in (read_agent(header), read_command(header.replace("tools", "allowed-tools"))):
            assert (found.profiles, found.workflows) == ((), ())
            assert any(one.severity == "error" for one in found.diagnostics)


@pytest.mark.parametrize("tool", ["Agent", "Task"])
@pytest.mark.parametrize("names", ["worker, researcher", "worker,researcher"])
def test_a_list_of_agents_confines_the_tool_to_each_of_them(tool: str, names: str) -> None:
    references = get_profile(f"tools: {tool}({names}), Read").tools
    assert references is not None
    assert [(one.pattern, one.where) for one in references] == [
        ("agent.spawn", ExactMatch(argument="profile", value="worker")),
        ("agent.spawn", ExactMatch(argument="profile", value="researcher")),
        ("file.read", None),
    ]


def test_a_deny_of_a_list_of_agents_denies_each() -> None:
    rules = get_profile("disallowedTools: Agent(a, b)").rules
    assert [(one.effect, one.tool.where) for one in rules] == [
        ("deny", ExactMatch(argument="profile", value="a")),
        ("deny", ExactMatch(argument="profile", value="b")),
    ]


@pytest.mark.parametrize("model", ["opus[1m]", "sonnet[1M]", "claude-opus-4-6[1m]"])
def test_a_models_length_of_context_is_the_hosts(model: str) -> None:
    found = read_agent(f"model: {model}")
    assert [one.written for one in found.profiles[0].models] == [model.partition("[")[0]]
    assert get_rules(found) == [("model.context_left_out", 2)]


def test_an_empty_list_of_forbidden_tools_is_said_to_forbid_nothing() -> None:
    found = read_agent("disallowedTools:")
    assert found.profiles[0].rules == ()
    [one] = found.diagnostics
    assert "forbids nothing" in one.message


@pytest.mark.parametrize(
    "dialogue",
    [
        'description: Use when x. Examples: <example>\nuser: "a"\nassistant: "b"\nuser: "c"\nassistant: "d"\n</example>',
        'description: Use when x. Examples: <example>\nuser: "a"\nassistant: "b"\n</example>',
        'description: Use when x.\nuser: "a"\nassistant: "b"\nuser: "c"\nassistant: "d"',
        'description: x\n<example>\nuser: "a"\nuser: "b"\n</example>',
    ],
)
def test_a_dialogue_in_a_description_is_text_up_to_the_next_key(dialogue: str) -> None:
    draft = get_profile(f"name: a\n{dialogue}\nmodel: opus\ntools: Read")
    assert 'user: "a"' in draft.description
    assert [one.written for one in draft.models] == ["opus"]
    assert [one.pattern for one in draft.tools or ()] == ["file.read"]


def test_a_restriction_inside_a_dialogue_is_not_taken_for_text() -> None:
    found = read_agent('name: a\ndescription: x. <example>\nuser: "a"\ntools: Read\n</example>\nmodel: opus')
    assert found.profiles == ()
