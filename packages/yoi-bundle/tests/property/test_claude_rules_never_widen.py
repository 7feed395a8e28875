"""What an imported policy lets pass, Claude Code would let pass; what Claude Code refuses, the policy refuses.

The other side is a small model of Claude Code's own documented evaluation, written here and sharing nothing with the
importer: deny, then ask, then allow; prefixes and globs for commands; gitignore patterns for paths.
"""

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yoi_bundle.authoring.dialects.claude.permissions import read_claude_settings
from yoi_bundle.authoring.drafts.draft import PolicyDraft, SourceFile
from yoi_bundle.calls.call import ToolCall
from yoi_bundle.calls.policy import CompiledPolicy, compute_policy_verdict
from yoi_bundle.manifest import Policy, Rule, compute_rule_id

pytestmark = pytest.mark.req("B-14", "S-11")

COMMANDS = [
    "git status",
    "git push origin main",
    "git pushy",
    "npm run test",
    "npm runx",
    "npm",
    "rm -rf build",
    "ls",
    "lsof",
]
COMMAND_SPECS = [
    "git status", "git:*", "git push:*", "git push *", "git push*", "git * main", "npm run:*", "npm run*", "ls *", "ls*", "*", "rm:*",
    "git * main *", "npm run test", "git *:*",
]  # fmt: skip
PATHS = [
    ".env",
    "src/.env",
    "src/a.py",
    "src/deep/b.py",
    "secrets/key",
    "src/secrets/key",
    "README.md",
    "a.py",
]
PATH_SPECS = [
    "./.env", ".env", "/.env", "**/.env", "*.py", "**/*.py", "src/**", "/src/**", "./src/*.py", "src", "secrets/", "secrets/**", "**",
    "~/x", "//etc/**", "../x", "?.py", "src/[ab].py", "README.md", "*",
]  # fmt: skip
HOSTS = ["example.com", "docs.example.com", "other.org"]
SERVER_TOOLS = [("db", "query"), ("db", "drop"), ("web", "get")]
SAME_CALL = {
    "file.read": ("Read",),
    "file.search": ("Grep", "Glob"),
    "file.edit": ("Edit",),
    "notebook.edit": ("NotebookEdit",),
    "shell.run": ("Bash",),
    "web.fetch": ("WebFetch",),
    "web.search": ("WebSearch",),
}
COVERS = {"Read": {"Read", "Grep", "Glob"}, "Edit": {"Edit", "Write", "MultiEdit", "NotebookEdit"}}

rules = st.one_of(
    st.sampled_from(
        [
            "Bash",
            "Read",
            "Edit",
            "Write",
            "MultiEdit",
            "Grep",
            "Glob",
            "LS",
            "WebFetch",
            "WebSearch",
            "NotebookEdit",
        ]
    ),
    st.sampled_from(COMMAND_SPECS).map("Bash({})".format),
    st.builds(
        "{}({})".format, st.sampled_from(["Read", "Edit", "Write", "Grep"]), st.sampled_from(PATH_SPECS)
    ),
    st.sampled_from(HOSTS).map("WebFetch(domain:{})".format),
    st.sampled_from(["mcp__db", "mcp__db__query", "mcp__db__*", "mcp__web", "mcp__db__dr*"]),
)
settings_files = st.fixed_dictionaries(
    {kind: st.lists(rules, max_size=4) for kind in ("allow", "deny", "ask")}
)
CALLS = [
    *(ToolCall("shell.run", {"command": command}) for command in COMMANDS),
    *(
        ToolCall(tool, {"path": path})
        for tool in ("file.read", "file.search", "file.edit", "notebook.edit")
        for path in PATHS
    ),
    *(ToolCall("web.fetch", {"url": f"https://{host}/page"}) for host in HOSTS),
    ToolCall("web.search", {"query": "x"}),
    *(ToolCall(f"mcp:{server}/{tool}") for server, tool in SERVER_TOOLS),
]


def matches_command(spec: str, command: str) -> bool:
    if spec == "*":
        return True
    if spec.endswith(":*"):
        spec = spec[:-2] + " *"
    pattern = ".*".join(re.escape(piece) for piece in spec.removesuffix(" *").split("*"))
    return re.fullmatch(pattern + ("(?: .*)?" if spec.endswith(" *") else ""), command) is not None


def matches_path(spec: str, path: str, *, loose: bool) -> bool:
    """Follow gitignore; a bare name fits at any depth when `loose`, and only at the top when not."""
    if spec.startswith(("~", "//", "../")):
        return False
    anchored = "/" in spec.rstrip("/") or not loose
    spec = spec.removeprefix("./").lstrip("/").rstrip("/")
    pattern = re.escape(spec).replace(r"\*\*/", "(?:.*/)?").replace(r"\*\*", ".*").replace(r"\*", "[^/]*")
    pattern = re.sub(r"\\\?", "[^/]", pattern).replace(r"\[ab\]", "[ab]")
    return re.fullmatch(("" if anchored else "(?:.*/)?") + pattern + "(?:/.*)?", path) is not None


def claude_takes(rule: str, effect: str, tool: str, call: ToolCall) -> bool:
    if call.tool.startswith("mcp:"):
        server, _, name = call.tool.removeprefix("mcp:").partition("/")
        wanted = rule.split("__")
        return wanted[:2] == ["mcp", server] and (
            len(wanted) == 2 or re.fullmatch(re.escape(wanted[2]).replace(r"\*", ".*"), name) is not None
        )
    name, _, spec = rule.rstrip(")").partition("(")
    if tool not in COVERS.get(name, {name}):
        return False
    if not spec:
        return True
    if name == "Bash":
        return matches_command(spec, call.arguments["command"])
    if name == "WebFetch":
        return call.arguments["url"].split("/")[2] == spec.removeprefix("domain:")
    if name not in ("Read", "Edit"):
        return False  # a path of any other tool is never consulted
    # The documentation leaves open whether a bare name fits at any depth: the reading that is worse for us counts.
    return matches_path(spec, call.arguments["path"], loose=effect != "allow")


def judge_as_claude(file: dict[str, list[str]], call: ToolCall) -> str:
    """Return the verdict of the strictest of Claude Code's tools that do what this call does."""
    verdicts = set()
    for tool in SAME_CALL.get(call.tool, ("",)):
        found = [
            kind
            for kind in ("deny", "ask", "allow")
            if any(claude_takes(one, kind, tool, call) for one in file[kind])
        ]
        # Claude Code asks neither about a search nor about a read of the project; this model has it ask about the rest.
        unasked = call.tool in ("file.search", "file.read")
        verdicts.add(found[0] if found else "allow" if unasked else "ask")
    return next(kind for kind in ("deny", "ask", "allow") if kind in verdicts)


def make_policy(draft: PolicyDraft) -> Policy:
    made: dict[str, Rule] = {}
    for one in draft.rules:
        pattern = one.tool.pattern or f"mcp:{one.tool.server}/{one.tool.tool or '*'}"
        rule = Rule(effect=one.effect, tool=pattern, where=one.tool.where)
        made[compute_rule_id(rule)] = rule
    return Policy(default=draft.default, rules=made)


@settings(max_examples=600, deadline=None)
@given(settings_files)
def test_an_imported_policy_is_never_laxer_than_the_rules_it_was_read_from(
    file: dict[str, list[str]],
) -> None:
    found = read_claude_settings(
        SourceFile(path="settings.json", data=json.dumps({"permissions": file}).encode())
    )
    (draft,) = found.policies
    if any(one.effect != "allow" for one in draft.unsaid):
        assert any(one.severity == "error" for one in found.diagnostics)
        return  # the policy goes, and with it whatever depends on it
    policy = CompiledPolicy(make_policy(draft))
    order = ["deny", "ask", "allow"]
    for call in CALLS:
        ours, theirs = policy.compute_verdict(call).effect, judge_as_claude(file, call)
        assert order.index(ours) <= order.index(theirs), (call, ours, theirs)


@pytest.mark.parametrize(
    ("rule", "call"),
    [
        ("Bash(git:*)", ToolCall("shell.run", {"command": "git push origin main"})),
        ("Read(src/**)", ToolCall("file.read", {"path": "src/deep/b.py"})),
        ("Edit", ToolCall("file.edit", {"path": "a.py"})),
        ("WebFetch(domain:example.com)", ToolCall("web.fetch", {"url": "https://example.com/page"})),
        ("mcp__db__query", ToolCall("mcp:db/query")),
    ],
)
def test_what_the_rules_let_pass_the_policy_lets_pass(rule: str, call: ToolCall) -> None:
    data = json.dumps({"permissions": {"allow": [rule]}}).encode()
    (draft,) = read_claude_settings(SourceFile(path="settings.json", data=data)).policies
    assert compute_policy_verdict(make_policy(draft), call).effect == "allow"
