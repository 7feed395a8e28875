"""GitHub Copilot's agents, instructions and prompts, and whole files as prompts."""

import pytest

from yoi_bundle.authoring.dialects.copilot.markdown import (
    read_copilot_agent,
    read_copilot_instructions,
    read_copilot_prompt,
    split_globs,
)
from yoi_bundle.authoring.dialects.plain_prompt import read_agent_without_frontmatter, read_plain_prompt
from yoi_bundle.authoring.drafts.draft import Contribution, SourceFile
from yoi_bundle.manifest import ExactMatch, HttpServer, SecretRef, StdioServer

pytestmark = pytest.mark.req("B-14")


def make_file(name: str, header: str) -> SourceFile:
    return SourceFile(path=name, data=f"---\n{header}\n---\nText\n".encode())


def read_agent(header: str) -> Contribution:
    return read_copilot_agent(make_file("agents/a.agent.md", header))


def read_instructions(header: str) -> Contribution:
    return read_copilot_instructions(make_file("instructions/a.instructions.md", header))


def read_prompt(header: str) -> Contribution:
    return read_copilot_prompt(make_file("prompts/a.prompt.md", header))


def test_an_agent_becomes_a_profile() -> None:
    (profile,) = read_agent(
        "name: Tuner\ndescription: Tunes\ntools: ['read', 'search/usages', 'github/*']\nmodel: GPT-4.1"
    ).profiles
    assert (profile.title, profile.description, profile.body) == ("Tuner", "Tunes", b"Text\n")
    assert [reference.pattern or reference.server for reference in profile.tools or ()] == [
        "file.read",
        "file.search",
        "github",
    ]
    assert [model.written for model in profile.models] == ["GPT-4.1"]
    assert profile.rules == ()


@pytest.mark.parametrize(
    ("model", "names"),
    [
        ("Claude Sonnet 4.5 (copilot)", ["Claude Sonnet 4.5 (copilot)"]),
        ("['GPT-5', 'GPT-4.1']", ["GPT-5", "GPT-4.1"]),
        ("GPT-4.1 | 'gpt-5' | \"o3\"", ["GPT-4.1", "gpt-5", "o3"]),
        ("3000", ["3000"]),
    ],
)
def test_models_are_names_in_order_of_preference(model: str, names: list[str]) -> None:
    (profile,) = read_agent(f"model: {model}").profiles
    assert [reference.written for reference in profile.models] == names


def test_a_listed_agent_is_the_only_one_that_may_be_started() -> None:
    tools = read_agent("tools: [read, agent]\nagents: [helper]").profiles[0].tools
    assert tools is not None
    assert [(reference.pattern, reference.where) for reference in tools] == [
        ("file.read", None),
        ("agent.spawn", ExactMatch(argument="profile", value="helper")),
    ]
    everything = read_agent("agents: []").profiles[0].tools
    assert everything is not None
    assert "agent.spawn" not in {reference.pattern for reference in everything}
    assert {"file.read", "mcp:*", "http:*", "plugin:*"} <= {reference.pattern for reference in everything}
    assert read_agent("agents: ['*']").profiles[0].tools is None


def test_servers_of_an_agent_are_private_to_it() -> None:
    header = """mcp-servers:
  one:
    type: 'local'
    command: uvx
    args: ['scanner']
    tools: ["*"]
    env:
      SCAN_KEY: COPILOT_MCP_SCAN_KEY
  two:
    type: http
    url: https://mcp.example.com/x
    headers: {"Authorization": "Bearer ${{ secrets.COPILOT_MCP_TWO }}"}
    tools: [get]"""
    found = read_agent(header)
    one, two = found.profiles[0].servers
    assert found.servers == ()
    assert isinstance(one.transport, StdioServer)
    assert one.transport.command == "uvx"
    assert one.transport.env == {"SCAN_KEY": SecretRef(name="COPILOT_MCP_SCAN_KEY")}
    assert isinstance(two.transport, HttpServer)
    assert two.transport.headers == {"Authorization": SecretRef(name="COPILOT_MCP_TWO", prefix="Bearer ")}
    assert (one.exposes, two.exposes) == (None, ("get",))


def test_a_faulty_server_leaves_the_agent_its_others() -> None:
    found = read_agent("mcp-servers:\n  one:\n    command: /opt/x\n  two:\n    command: npx")
    assert [server.local_name for server in found.profiles[0].servers] == ["two"]
    assert [one.rule for one in found.diagnostics] == ["mcp.command_path"]


def test_what_has_no_place_is_reported_by_name() -> None:
    found = read_agent(
        "name: a\nhandoffs:\n  - label: Next\n    agent: b\nuser-invocable: false\ntarget: vscode"
    )
    assert found.profiles
    assert [(one.rule, one.line) for one in found.diagnostics] == [
        ("frontmatter.unmapped_key", line) for line in (3, 6, 7)
    ]


@pytest.mark.parametrize(
    ("written", "globs"),
    [
        ("'**/*.{ts,tsx}, src/**'", ("**/*.{ts,tsx}", "src/**")),
        ("['*.md', 'docs/**']", ("*.md", "docs/**")),
        ("*.py", ("*.py",)),
        ("'**'", ()),
        ("'**/*, a'", ()),
        ("'文書/a b.md'", ("%E6%96%87%E6%9B%B8/a%20b.md",)),
    ],
)
def test_instructions_apply_where_they_say(written: str, globs: tuple[str, ...]) -> None:
    (prompt,) = read_instructions(f"applyTo: {written}\ndescription: x").prompts
    assert prompt.applies_to == globs


def test_a_condition_that_cannot_be_read_is_no_prompt_for_everything() -> None:
    found = read_instructions("applyTo: {a: b}")
    assert found.prompts == ()
    assert [one.rule for one in found.diagnostics] == ["prompt.condition_unreadable"]


def test_globs_are_split_outside_braces() -> None:
    assert split_globs("a.{b,c},d , ,e") == ["a.{b,c}", "d", "e"]


def test_a_prompt_file_is_a_workflow_confined_to_its_tools() -> None:
    (workflow,) = read_prompt(
        "description: x\ntools: [search]\nagent: ask\nargument-hint: [x]\nmodel: o3"
    ).workflows
    assert [reference.pattern for reference in workflow.tools or ()] == ["file.search"]
    assert {rule.effect for rule in workflow.rules} == {"deny"}
    assert [rule.tool.pattern for rule in workflow.rules] == ["file.edit", "notebook.edit", "shell.run"]
    assert workflow.argument_hint == "[x]"
    assert read_prompt("agent: agent").workflows[0].rules == ()
    assert read_prompt("description: x").workflows[0].tools is None


@pytest.mark.parametrize(
    ("path", "dialect"),
    [("AGENTS.md", "agents-md"), ("a/CLAUDE.md", "claude"), (".github/copilot-instructions.md", "copilot")],
)
def test_a_file_of_instructions_is_one_prompt_with_all_its_bytes(path: str, dialect: str) -> None:
    data = b"---\nnot: frontmatter\n---\r\ntext"
    (prompt,) = read_plain_prompt(SourceFile(path=path, data=data)).prompts
    assert (prompt.body, prompt.dialect, prompt.applies_to) == (data, dialect, ())


def test_an_agent_without_frontmatter_is_a_prompt_with_a_warning() -> None:
    found = read_agent_without_frontmatter(SourceFile(path="agents/a.md", data=b"# A\n"))
    assert (found.profiles, found.prompts[0].body) == ((), b"# A\n")
    assert [(one.severity, one.rule) for one in found.diagnostics] == [("warning", "profile.no_frontmatter")]
