"""Permission rules of Claude Code in our vocabulary: exactly, or broader for a restriction, or not at all."""

import json

import pytest

from yoi_bundle.authoring.dialects.claude.permissions import read_claude_settings
from yoi_bundle.authoring.dialects.claude.rules import Saying, Target, say_rule
from yoi_bundle.authoring.drafts.draft import Contribution, SourceFile
from yoi_bundle.calls import ToolCall, compute_policy_verdict
from yoi_bundle.manifest import (
    DomainMatch,
    Effect,
    ExactMatch,
    GlobMatch,
    HostPathMatch,
    Match,
    PathMatch,
    Policy,
    PrefixMatch,
    Rule,
    compute_rule_id,
)

pytestmark = pytest.mark.req("B-14")


def say(written: str, effect: Effect) -> list[tuple[str, Match | None]] | None:
    said = say_rule(written, effect)
    if not isinstance(said, Saying):
        return None
    return [
        (target.pattern or f"{target.server}:{target.tool or '*'}", target.where)
        for target in said.targets
        if not is_path_for_commands(target)
    ]


def is_path_for_commands(target: Target) -> bool:
    return target.pattern == "shell.run" and isinstance(target.where, PathMatch | HostPathMatch)


def say_for_commands(written: str, effect: Effect) -> list[tuple[Effect, str]]:
    said = say_rule(written, effect)
    assert isinstance(said, Saying)
    return [
        (target.effect or effect, target.where.pattern)
        for target in said.targets
        if isinstance(target.where, PathMatch | HostPathMatch) and target.where.argument == "command"
    ]


def test_a_restriction_of_a_path_holds_for_shell_commands_too() -> None:
    assert say_for_commands("Read(./.env)", "deny") == [("deny", ".env")]
    assert say_for_commands("Read(~/.ssh/**)", "deny") == [("deny", "~/.ssh/**")]
    assert say_for_commands("Read(.env)", "ask") == [("ask", ".env"), ("ask", "**/.env")]
    assert say_for_commands("Edit(src/gen/**)", "deny") == [("ask", "src/gen/**")]
    assert say_for_commands("Read(**)", "deny") == [("ask", "**")]
    assert say_for_commands("Read(./.env)", "allow") == []


def read(settings: object) -> Contribution:
    return read_claude_settings(
        SourceFile(path=".claude/settings.json", data=json.dumps(settings, indent=1).encode())
    )


def get_rules(found: Contribution) -> list[str]:
    return [one.rule for one in found.diagnostics]


def command(value: str) -> PrefixMatch:
    return PrefixMatch(argument="command", value=value)


def path(pattern: str) -> PathMatch:
    return PathMatch(argument="path", pattern=pattern)


def test_a_shell_rule_is_exact_a_prefix_or_a_glob() -> None:
    assert say("Bash(npm run build)", "allow") == [
        ("shell.run", ExactMatch(argument="command", value="npm run build"))
    ]
    assert (
        say("Bash(npm run:*)", "allow")
        == say("Bash(npm run *)", "allow")
        == [("shell.run", command("npm run"))]
    )
    assert say("Bash(npm run*)", "allow") == [
        ("shell.run", GlobMatch(argument="command", pattern="npm run*"))
    ]
    assert say("Bash(git * main)", "deny") == [
        ("shell.run", GlobMatch(argument="command", pattern="git * main"))
    ]
    assert say("Bash(git * main *)", "deny") == [
        ("shell.run", GlobMatch(argument="command", pattern="git * main")),
        ("shell.run", GlobMatch(argument="command", pattern="git * main *")),
    ]
    assert say("Bash", "deny") == say("Bash(*)", "deny") == [("shell.run", None)]


def test_an_asterisk_before_the_prefix_sign_is_not_guessed_for_an_allow() -> None:
    assert say("Bash(git push feature/*:*)", "allow") is None
    denied = say("Bash(git push feature/*:*)", "deny")
    assert denied is not None
    assert ("shell.run", GlobMatch(argument="command", pattern="git push feature/*")) in denied


def test_a_restriction_covers_all_our_tools_and_an_allow_only_what_was_said() -> None:
    assert say("Read", "allow") == [("file.read", None)]
    assert say("Read", "deny") == [("file.read", None), ("file.search", None)]
    assert say("Edit", "allow") == say("Edit", "deny") == [("file.edit", None), ("notebook.edit", None)]
    assert say("Write", "deny") == [("file.edit", None), ("notebook.edit", None)]
    assert say("Write", "allow") is None
    assert say("Skill(pdf)", "allow") == [("skill.use", ExactMatch(argument="skill", value="pdf"))]
    assert say("Skill(pdf)", "deny") == [
        ("skill.use", ExactMatch(argument="skill", value="pdf")),
        ("workflow.run", ExactMatch(argument="workflow", value="pdf")),
    ]


@pytest.mark.parametrize(
    ("written", "allowed", "denied"),
    [
        ("Read(./.env)", [".env"], [".env"]),
        ("Read(.env)", [".env"], [".env", "**/.env"]),
        ("Read(/src/**)", ["src/**"], ["src/**"]),
        ("Read(src/a.py)", ["src/a.py"], ["src/a.py"]),
        ("Read(**/*.py)", ["**/*.py"], ["**/*.py"]),
        ("Read(secrets/)", ["secrets"], ["secrets", "**/secrets"]),
    ],
)
def test_a_path_is_relative_to_the_workspace(written: str, allowed: list[str], denied: list[str]) -> None:
    assert say(written, "allow") == [("file.read", path(one)) for one in allowed]
    assert say(written, "deny") == [
        (tool, path(one)) for tool in ("file.read", "file.search") for one in denied
    ]


@pytest.mark.parametrize(
    ("written", "pattern"), [("Read(//etc/**)", "/etc/**"), ("Read(~/.ssh/**)", "~/.ssh/**")]
)
def test_a_path_of_the_host_may_be_restricted_and_not_allowed(written: str, pattern: str) -> None:
    assert say(written, "allow") is None
    where = HostPathMatch(argument="path", pattern=pattern)
    assert say(written, "ask") == [("file.read", where), ("file.search", where)]


def test_single_character_wildcards_widen_a_restriction_and_end_an_allow() -> None:
    assert say("Read(./a?.[ch])", "allow") is None
    assert say("Read(./a?.[ch])", "deny") == [("file.read", path("a*.*")), ("file.search", path("a*.*"))]


@pytest.mark.parametrize(
    "written", ["Read(../x)", "Read(!x)", "Read(C:\\x)", "Read($HOME/x)", "Read(~bob/x)"]
)
def test_a_path_that_we_have_no_word_for_is_not_said(written: str) -> None:
    assert say(written, "deny") is None
    assert say(written, "allow") is None


def test_hosts_agents_and_servers_are_said() -> None:
    assert say("WebFetch(domain:Docs.Example.com)", "allow") == [
        ("web.fetch", DomainMatch(argument="url", host="docs.example.com"))
    ]
    assert say("Agent(tuner)", "deny") == say("Task(tuner)", "deny")
    assert say("mcp__db__query", "allow") == [("db:query", None)]
    assert say("mcp__db", "deny") == say("mcp__db__*", "deny") == [("db:*", None)]
    assert say("mcp__db__get_*", "allow") is None
    assert say("mcp__db__get_*", "deny") == [("db:*", None)]
    assert say("*", "deny") == [("*", None)]


@pytest.mark.parametrize(
    "written",
    ["*", "Raed", "Bash(a\nb)", "WebFetch(https://x)", "mcp__", "Skill(a b)", "mcp__*__x", "(x)", ""],
)
def test_an_allow_that_cannot_be_said_is_not_said(written: str) -> None:
    assert say(written, "allow") is None


def test_a_settings_file_is_one_policy_that_asks_by_default() -> None:
    found = read({"permissions": {"allow": ["Bash(git:*)"], "deny": ["Read(./.env)"], "ask": ["WebFetch"]}})
    (policy,) = found.policies
    assert policy.default == "ask"
    assert [(rule.effect, rule.tool.pattern) for rule in policy.rules] == [
        ("allow", "shell.run"),
        ("deny", "file.read"),
        ("deny", "file.search"),
        ("deny", "shell.run"),
        ("ask", "web.fetch"),
        *(("allow", tool) for tool in UNASKED),
    ]
    assert get_rules(found) == ["policy.unasked_calls"]


UNASKED = ("file.read", "file.search", "task.track", "user.ask", "agent.spawn")


def judge(permissions: dict[str, object], call: ToolCall) -> str:
    (draft,) = read({"permissions": permissions}).policies
    made = [Rule(effect=one.effect, tool=one.tool.pattern, where=one.tool.where) for one in draft.rules]
    policy = Policy(default=draft.default, rules={compute_rule_id(rule): rule for rule in made})
    return compute_policy_verdict(policy, call).effect


@pytest.mark.parametrize(
    ("tool", "arguments", "effect"),
    [
        ("file.read", {"path": "src/a.py"}, "allow"),
        ("file.read", {"path": "./deep/../a.py"}, "allow"),
        ("file.read", {"path": "/etc/passwd"}, "ask"),
        ("file.read", {"path": "../outside"}, "ask"),
        ("file.read", {"path": "mount:other/a"}, "ask"),
        ("file.search", {"pattern": "x"}, "allow"),
        ("file.search", {"path": "src", "pattern": "x"}, "allow"),
        ("task.track", {}, "allow"),
        ("user.ask", {}, "allow"),
        ("agent.spawn", {"profile": "x"}, "allow"),
        ("shell.run", {"command": "npm test"}, "allow"),
        ("shell.run", {"command": "ls"}, "ask"),
        ("file.edit", {"path": "src/a.py"}, "ask"),
        ("notebook.edit", {"path": "a.ipynb"}, "ask"),
        ("web.fetch", {"url": "https://example.com"}, "ask"),
        ("web.search", {"query": "x"}, "ask"),
        ("skill.use", {"skill": "x"}, "ask"),
        ("workflow.run", {"workflow": "x"}, "ask"),
        ("mcp:db/query", {}, "ask"),
    ],
)
@pytest.mark.parametrize("mode", [{}, {"defaultMode": "default"}, {"defaultMode": "acceptEdits"}])
def test_what_needs_no_approval_in_the_dialect_passes_beside_allow_rules(
    tool: str, arguments: dict[str, str], effect: str, mode: dict[str, str]
) -> None:
    assert judge({"allow": ["Bash(npm test)"], **mode}, ToolCall(tool, arguments)) == effect


@pytest.mark.parametrize(
    ("permissions", "call", "effect"),
    [
        ({"deny": ["Read"]}, ToolCall("file.read", {"path": "a"}), "deny"),
        ({"ask": ["Read"]}, ToolCall("file.read", {"path": "a"}), "ask"),
        ({"deny": ["Read(./.env)"]}, ToolCall("file.read", {"path": ".env"}), "deny"),
        ({"deny": ["Read(./.env)"]}, ToolCall("file.search", {"pattern": "x"}), "ask"),
        ({"ask": ["Read(secrets/**)"]}, ToolCall("file.read", {"path": "secrets/a"}), "ask"),
        ({"ask": ["Grep"]}, ToolCall("file.search", {"pattern": "x"}), "ask"),
        ({"deny": ["Agent(worker)"]}, ToolCall("agent.spawn", {"profile": "worker"}), "deny"),
        ({"ask": ["Task"]}, ToolCall("agent.spawn", {"profile": "x"}), "ask"),
        ({"deny": ["TodoWrite"]}, ToolCall("task.track", {}), "deny"),
        ({"deny": ["*"]}, ToolCall("user.ask", {}), "deny"),
        ({"defaultMode": "dontAsk"}, ToolCall("file.read", {"path": "a"}), "deny"),
        ({"defaultMode": "plan"}, ToolCall("file.edit", {"path": "a"}), "deny"),
    ],
)
def test_what_needs_no_approval_lifts_no_restriction_of_the_same_file(
    permissions: dict[str, object], call: ToolCall, effect: str
) -> None:
    assert judge({"allow": ["Bash(npm test)"], **permissions}, call) == effect


def test_a_lost_allow_is_a_remark_and_a_lost_restriction_takes_the_policy_with_it() -> None:
    found = read({"permissions": {"allow": ["Raed"], "deny": ["Read(../x)"], "ask": ["Foo"]}})
    (policy,) = found.policies
    assert [one.effect for one in policy.unsaid] == ["allow", "deny", "ask"]
    assert [(one.severity, one.rule) for one in found.diagnostics] == [
        ("info", "policy.allow_left_out"),
        ("error", "policy.rule_unsaid"),
        ("error", "policy.rule_unsaid"),
        ("info", "policy.unasked_calls"),
    ]
    assert [one.line for one in found.diagnostics] == [4, 7, 10, 2]


@pytest.mark.parametrize(
    ("mode", "default", "rule"),
    [
        ("default", "ask", None),
        ("acceptEdits", "ask", "policy.mode_left_out"),
        ("bypassPermissions", "ask", "policy.mode_left_out"),
        ("dontAsk", "deny", "policy.mode_as_rules"),
        ("plan", "ask", "policy.mode_as_rules"),
        ("new", "ask", "policy.rule_unsaid"),
    ],
)
def test_a_mode_never_widens(mode: str, default: str, rule: str | None) -> None:
    found = read({"permissions": {"defaultMode": mode}})
    (policy,) = found.policies
    assert policy.default == default
    assert not [one for one in policy.rules if one.effect == "allow"]
    assert get_rules(found) == ([rule] if rule else [])
    assert bool(policy.unsaid) == (mode == "new")
    assert bool(policy.rules) == (mode == "plan")


def test_forbidden_servers_are_denied_and_lists_of_allowed_ones_end_the_policy() -> None:
    found = read({"disabledMcpjsonServers": ["web"], "deniedMcpServers": [{"serverName": "db"}]})
    assert [(one.effect, one.tool.server) for one in found.policies[0].rules] == [
        ("deny", "web"),
        ("deny", "db"),
    ]
    assert read({"allowedMcpServers": [{"serverName": "db"}]}).policies[0].unsaid
    assert read({"deniedMcpServers": [{"serverUrl": "https://x"}]}).policies[0].unsaid
    assert read({"sandbox": {"enabled": True}}).policies[0].unsaid


def test_everything_else_is_left_out_by_name_and_without_its_value() -> None:
    value = "zq" * 10
    found = read(
        {
            "apiKeyHelper": value,
            "env": {"A": value},
            "hooks": {"PostToolUse": [{"hooks": [{"command": value}]}], "Stop": []},
            "statusLine": {"command": value},
            "model": value,
            "permissions": {"additionalDirectories": [value]},
        }
    )
    assert found.policies == ()
    assert get_rules(found) == [
        "settings.secret_helper",
        "settings.left_out",
        "hooks.left_out",
        "hooks.left_out",
        "settings.left_out",
        "settings.left_out",
        "settings.directories_left_out",
    ]
    assert value not in repr(found.diagnostics)
    assert all(one.line and one.remedy for one in found.diagnostics)


@pytest.mark.parametrize(
    "settings", [[], 3, {"permissions": 3}, {"permissions": {"deny": "Bash"}}, {"permissions": {"new": []}}]
)
def test_a_settings_file_of_another_shape_is_an_error(settings: object) -> None:
    found = read(settings)
    assert [one.severity for one in found.diagnostics] == ["error"]
    assert all(policy.unsaid for policy in found.policies)
