"""Leaving out never widens: what depends on a restriction that had to go goes too; one bad file hides no other."""

import json

import pytest

from support.bundles.source_trees import WordScanner, build_files, get_manifest, list_rules, make_tree
from yoi_bundle.authoring.build import BuildResult, build_bundle
from yoi_bundle.authoring.source.tree import SourceTree
from yoi_bundle.boundary.allowances import compute_line_hash
from yoi_bundle.builtin import make_builtin_set
from yoi_bundle.diagnostics import Diagnostic
from yoi_bundle.limits import Limits
from yoi_bundle.manifest import ExactMatch, Manifest, Profile, ToolList

pytestmark = pytest.mark.req("B-14")

GOOD = "---\nname: good\ndescription: d\n---\nHelp.\n"


def agent(header: str, body: str = "Help.\n") -> str:
    return f"---\n{header}\n---\n{body}"


def list_profiles(files: dict[str, str]) -> list[str]:
    """Return the profiles of a lenient build; a strict build of the same files has no bundle."""
    assert build_files(files).bundle is None
    return sorted(get_manifest(build_files(files, lenient=True)).profiles)


@pytest.mark.parametrize(
    "settings",
    [
        '{"permissions": {"deny": ["Frobnicate(x)"]}}',
        '{"permissions": {"ask": 3}}',
        '{"permissions": {"deny": ["Read"]',
        '{"permissions": {"denied": ["Read"]}}',
    ],
)
def test_with_a_restriction_of_the_workspace_lost_no_profile_stays(settings: str) -> None:
    files = {".claude/settings.json": settings, "agents/a.md": GOOD, ".yoi/profiles/b.md": agent("title: b")}
    assert list_profiles(files) == []
    result = build_files(files, lenient=True)
    assert {("item.depends", "agents/a.md"), ("item.depends", ".yoi/profiles/b.md")} <= set(
        list_rules(result)
    )


def build_without(left_out: str) -> BuildResult:
    """Build leniently a workspace of one agent in which one path could not be read."""
    remark = Diagnostic(
        severity="error", rule="source.outside", file=left_out, message="not followed", remedy="copy it"
    )
    files = make_tree({"agents/a.md": GOOD.encode()}).files
    tree = SourceTree(files=files, left_out=(left_out,), diagnostics=(remark,))
    return build_bundle(tree, scanner=WordScanner(), lenient=True)


@pytest.mark.parametrize("left_out", [".claude", ".claude/settings.json", ".claude/settings.local.json"])
def test_with_settings_that_could_not_be_read_no_profile_stays(left_out: str) -> None:
    result = build_without(left_out)
    assert dict(get_manifest(result).profiles) == {}
    assert ("item.depends", "agents/a.md") in list_rules(result)


@pytest.mark.parametrize("left_out", [".yoi", ".yoi/workspace.toml"])
def test_with_a_workspace_file_that_could_not_be_read_there_is_no_bundle(left_out: str) -> None:
    assert build_without(left_out).bundle is None
    assert list(get_manifest(build_without(f"{left_out}.old")).profiles) == ["agents/a"]


def test_a_lost_permission_of_the_workspace_merely_warns() -> None:
    files = {".claude/settings.json": '{"permissions": {"allow": ["Frobnicate(x)"]}}', "agents/a.md": GOOD}
    assert list(get_manifest(build_files(files)).profiles) == ["agents/a"]


def test_built_in_profiles_go_with_the_policy_that_governs_them() -> None:
    builtins = make_builtin_set(
        Manifest(schema_version=1, workspace="builtin", profiles={"x": Profile(tools=ToolList())}), {}
    )
    files = {".claude/settings.json": "{}", ".yoi/workspace.toml": 'builtin_profiles = ["x"]\n'}
    assert get_manifest(build_files(files, builtins=builtins)).builtin is not None
    files[".claude/settings.json"] = "{"
    assert get_manifest(build_files(files, builtins=builtins, lenient=True)).builtin is None


def test_a_policy_named_in_the_workspace_file_that_is_not_there_takes_every_profile_along() -> None:
    files = {".yoi/workspace.toml": 'policies = ["strict"]\n', "agents/a.md": GOOD}
    assert list_profiles(files) == []


def test_a_profile_goes_with_a_policy_that_it_names() -> None:
    files = {
        ".yoi/policies/strict.toml": 'rules = ["deny nonsense"]\n',
        ".yoi/profiles/a.md": agent("policies: [strict]"),
        ".yoi/profiles/b.md": agent("policies: [missing]"),
        ".yoi/profiles/c.md": agent("title: c"),
        ".yoi/profiles/d.md": agent("extends: a"),
        ".yoi/workflows/w.md": agent("policies: [strict]"),
    }
    assert list_profiles(files) == ["c"]
    assert get_manifest(build_files(files, lenient=True)).workflows == {}


def test_a_profile_goes_with_a_rule_of_its_own_that_cannot_be_read() -> None:
    files = {
        ".yoi/profiles/a.md": agent("rules: ['deny nonsense']"),
        "agents/b.md": agent("name: b\ndisallowedTools: Frobnicate(x)"),
        "agents/c.md": GOOD,
    }
    assert list_profiles(files) == ["agents/c"]


def test_a_profile_goes_with_the_prompts_that_make_it() -> None:
    files = {".yoi/profiles/a.md": agent("prompts: [missing]"), "agents/c.md": GOOD}
    assert list_profiles(files) == ["agents/c"]


def test_servers_go_with_their_plugin_and_are_never_taken_for_the_workspaces_own() -> None:
    files = {
        "p/.claude-plugin/plugin.json": '{"version": 3}',
        "p/.mcp.json": json.dumps({"mcpServers": {"db": {"command": "npx"}}}),
        "p/agents/a.md": agent("name: a\ntools: mcp__db, Read"),
    }
    assert build_files(files).bundle is None
    result = build_files(files, lenient=True)
    manifest = get_manifest(result)
    assert not [key for key in manifest.tools if key.startswith("mcp:")]
    assert ("item.depends", "p/.mcp.json") in list_rules(result)
    tools = manifest.profiles["p/agents/a"].tools
    assert isinstance(tools, ToolList)
    assert list(tools.tools) == ["file.read"]


def test_private_servers_go_with_their_profile() -> None:
    header = "description: a\ntools: ['db/*']\nmcp-servers:\n  db:\n    command: npx\n    type: local"
    files = {"agents/a.agent.md": agent(header, "PLANTED"), "agents/c.md": GOOD}
    assert len(get_manifest(build_files(files)).tools) == 13
    manifest = get_manifest(build_files(files, lenient=True, word=b"PLANTED"))
    assert (list(manifest.profiles), len(manifest.tools)) == (["agents/c"], 12)
    ungoverned = build_files({**files, ".claude/settings.json": "{"}, lenient=True)
    assert len(get_manifest(ungoverned).tools) == 12
    assert "bundle.unresolved_reference" not in {rule for rule, _ in list_rules(ungoverned)}


def test_a_profile_goes_with_a_model_that_the_workspace_declares() -> None:
    files = {
        ".yoi/workspace.toml": '[models.desk]\nprovider = "p"\nmodel = "m"\ntitle = "PLANTED"\n',
        ".yoi/profiles/a.md": agent("models: [desk]"),
        ".yoi/profiles/b.md": agent("models: [other]"),
    }
    assert len(get_manifest(build_files(files)).profiles) == 2
    manifest = get_manifest(build_files(files, lenient=True, word=b"PLANTED"))
    assert (list(manifest.profiles), list(manifest.models)) == (["b"], ["other"])


@pytest.mark.req("B-07")
def test_a_profile_goes_with_its_own_text_and_the_rest_stays() -> None:
    files = {
        "agents/a.md": agent("name: a", "Line.\nUse PLANTED here.\n"),
        "agents/b.md": agent("name: b\ndescription: PLANTED"),
        "skills/s/SKILL.md": agent("name: s\ndescription: d"),
        "skills/s/deep/x.txt": "PLANTED",
        "skills/t/SKILL.md": agent("name: t\ndescription: d"),
        "agents/c.md": GOOD,
    }
    strict = build_files(files, word=b"PLANTED")
    assert strict.bundle is None
    places = [(one.rule, one.file, one.line) for one in strict.diagnostics if one.severity == "error"]
    assert places == [
        ("bundle.secret_value", "agents/a.md", 5),
        ("bundle.secret_value", "agents/b.md", 3),
        ("bundle.secret_value", "skills/s/deep/x.txt", 1),
    ]
    assert not [one for one in strict.diagnostics if "PLANTED" in one.message + one.remedy]
    result = build_files(files, word=b"PLANTED", lenient=True)
    manifest = get_manifest(result)
    assert (list(manifest.profiles), list(manifest.skills)) == (["agents/c"], ["skills/t"])
    assert list(manifest.prompts) == ["agents/c"]
    assert result.bundle is not None
    assert not [
        data for data in (result.bundle.manifest, *result.bundle.blobs.values()) if b"PLANTED" in data
    ]


@pytest.mark.req("B-09")
def test_hidden_text_is_refused_where_it_stands() -> None:
    files = {
        "agents/a.md": agent("name: a", "One.\nTw\u202eo.\n"),
        "agents/c.md": GOOD,
        "AGENTS.md": "zero\u200bwidth",
    }
    result = build_files(files)
    assert [(one.rule, one.file, one.line) for one in result.diagnostics if one.severity == "error"] == [
        ("bundle.hidden_text", "agents/a.md", 5)
    ]
    assert ("text.invisible", "AGENTS.md") in list_rules(result, "warning")
    assert list_profiles(files) == ["agents/c"]


@pytest.mark.req("B-07")
def test_a_file_with_the_name_of_a_credentials_file_takes_its_skill_along() -> None:
    files = {
        "skills/s/SKILL.md": agent("name: s\ndescription: d"),
        "skills/s/.env": "A=1",
        "skills/t/SKILL.md": agent("name: t\ndescription: d"),
    }
    assert ("bundle.secret_value", "skills/s/.env") in list_rules(build_files(files))
    assert list(get_manifest(build_files(files, lenient=True)).skills) == ["skills/t"]


@pytest.mark.req("B-07")
def test_a_reviewed_false_alarm_warns_until_its_line_changes() -> None:
    key = "a key of enough characters"
    line_hash = compute_line_hash(b"Use PLANTED here.", key=key)
    toml = (
        f'[allow]\nkey = "{key}"\n[[allow.findings]]\nrule = "test.word"\nfile = "agents/a.md"\n'
        f'line_hash = "{line_hash}"\n'
    )
    files = {".yoi/workspace.toml": toml, "agents/a.md": agent("name: a", "Use PLANTED here.\n")}
    allowed = build_files(files, word=b"PLANTED")
    assert list(get_manifest(allowed).profiles) == ["agents/a"]
    assert list_rules(allowed, "warning") == [("secret.allowed", "agents/a.md")]
    changed = {**files, "agents/a.md": agent("name: a", "Use PLANTED there.\n")}
    assert list_rules(build_files(changed, word=b"PLANTED")) == [("bundle.secret_value", "agents/a.md")]
    gone = {**files, "agents/a.md": GOOD}
    assert list_rules(build_files(gone, word=b"PLANTED"), "warning") == [
        ("allow.unused", ".yoi/workspace.toml")
    ]


@pytest.mark.req("B-08")
def test_a_place_on_a_host_in_prose_warns() -> None:
    home = "/" + "home" + "/mkowalski/notes"
    result = build_files({"agents/a.md": agent("name: a", f"See {home}.\n")})
    get_manifest(result)
    assert list_rules(result, "warning") == [("text.host_place", "agents/a.md")]


@pytest.mark.req("B-06")
def test_an_item_that_does_not_verify_is_left_out_alone_and_named_with_its_pointer() -> None:
    files = {"agents/a.md": agent(f"name: {'x' * 2000}"), "agents/c.md": GOOD}
    faults = [one for one in build_files(files).diagnostics if one.severity == "error"]
    assert {(one.rule, one.file) for one in faults} == {("bundle.invalid", "agents/a.md")}
    assert "/profiles/agents~1a/title" in {one.pointer for one in faults}
    assert list_profiles(files) == ["agents/c"]


@pytest.mark.req("B-11")
def test_a_limit_of_the_whole_bundle_refuses_even_a_lenient_build() -> None:
    result = build_files({"agents/a.md": GOOD}, limits=Limits(manifest_bytes=200), lenient=True)
    assert result.bundle is None
    (fault,) = [one for one in result.diagnostics if one.severity == "error"]
    assert fault.rule == "limit.exceeded"
    assert "manifest_bytes" in fault.message


@pytest.mark.req("B-11")
def test_a_frontmatter_of_ten_megabytes_is_refused_and_an_alias_bomb_never_expanded() -> None:
    bomb = "a0: &a0 x\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 30))
    keys = ", ".join(f'"a{n}"' for n in range(30))
    files = {
        ".yoi/workspace.toml": f"[source]\nharmless_keys = [{keys}]\n",
        "agents/big.md": f"---\nname: {'x' * 10_000_000}\n---\nHelp.\n",
        "agents/bomb.md": f"---\n{bomb}---\nHelp.\n",
        "agents/c.md": GOOD,
    }
    assert list_profiles(files) == ["agents/bomb", "agents/c"]
    result = build_files(files)
    assert list_rules(result) == [("frontmatter.too_large", "agents/big.md")]
    assert ("frontmatter.repaired", "agents/bomb.md") in list_rules(result, "warning")
    assert "a29" not in str(get_manifest(build_files(files, lenient=True)))


@pytest.mark.parametrize(
    ("path", "header"),
    [
        (".claude/agents/a.md", "permissionMode:\n  - plan"),
        (".claude/agents/a.md", "permissionMode:\n  mode: plan"),
        (".github/prompts/a.prompt.md", "mode:\n  - ask"),
        (".github/prompts/a.prompt.md", "agent:\n  - plan"),
    ],
)
def test_a_mode_that_is_no_word_takes_its_file_along(path: str, header: str) -> None:
    result = build_files({path: agent(header)}, lenient=True)
    assert ("frontmatter.wrong_type", path) in list_rules(result)
    manifest = get_manifest(result)
    assert (dict(manifest.profiles), dict(manifest.workflows)) == ({}, {})


def test_an_empty_agent_does_not_hide_the_mode_of_a_prompt() -> None:
    files = {".github/prompts/a.prompt.md": agent("agent:\nmode: ask")}
    (policy,) = get_manifest(build_files(files)).policies.values()
    assert {rule.tool for rule in policy.rules.values() if rule.effect == "deny"} == {
        "file.edit",
        "notebook.edit",
        "shell.run",
    }


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (".claude/settings.json", '{"permissions": {"deny": ["mcp__notes"]}}'),
        (".yoi/policies/strict.toml", 'default = "allow"\nrules = ["deny mcp:notes/*"]\n'),
    ],
)
def test_a_deny_of_the_workspace_reaches_the_private_servers_of_every_profile(path: str, text: str) -> None:
    private = "mcpServers:\n  - notes:\n      command: npx"
    files = {
        ".claude/agents/a.md": agent(private),
        ".claude/agents/b.md": agent(private),
        ".yoi/workspace.toml": 'policies = ["strict"]\n' if path.startswith(".yoi") else "",
        path: text,
    }
    result = build_files(files)
    (policy,) = get_manifest(result).policies.values()
    assert {rule.tool for rule in policy.rules.values() if rule.effect == "deny"} == {
        "mcp:.claude/agents/a/notes/*",
        "mcp:.claude/agents/b/notes/*",
    }
    assert list_rules(result, "warning") == []


def test_a_deny_of_a_plugins_item_by_its_qualified_name_names_that_item() -> None:
    denied = ["Skill(desk:index)", "Task(desk:keeper)", "SlashCommand(/desk:sort)"]
    files = {
        "p/.claude-plugin/plugin.json": '{"name": "desk"}',
        "p/skills/index/SKILL.md": "---\nname: index\ndescription: d\n---\nHelp.\n",
        "p/agents/keeper.md": GOOD,
        "p/commands/sort.md": "Sort.\n",
        ".claude/settings.json": json.dumps({"permissions": {"deny": denied}}),
    }
    (policy,) = get_manifest(build_files(files)).policies.values()
    named = {
        (rule.tool, rule.where.value) for rule in policy.rules.values() if isinstance(rule.where, ExactMatch)
    }
    assert {
        ("skill.use", "p/skills/index"),
        ("agent.spawn", "p/agents/keeper"),
        ("workflow.run", "p/commands/sort"),
    } <= named


@pytest.mark.parametrize("source", ['include = [".claude/agents"]', 'exclude = [".claude/settings*"]'])
def test_settings_that_the_workspace_file_excludes_are_warned_about(source: str) -> None:
    files = {
        ".claude/agents/a.md": GOOD,
        ".claude/settings.json": '{"permissions": {"deny": ["Bash"]}}',
        ".yoi/workspace.toml": f"[source]\n{source}\n",
    }
    assert list_rules(build_files(files), "warning") == [("source.excluded", ".claude/settings.json")]


@pytest.mark.parametrize(("denied", "tool"), [("mcp__a__b", "*"), ("mcp__a__b__c", "c")])
def test_a_deny_reaches_a_server_whose_name_holds_the_separator(denied: str, tool: str) -> None:
    files = {
        ".mcp.json": '{"mcpServers": {"a__b": {"command": "npx"}}}',
        ".claude/settings.json": json.dumps({"permissions": {"deny": [denied]}}),
    }
    (policy,) = get_manifest(build_files(files)).policies.values()
    denies = [rule.tool for rule in policy.rules.values() if rule.effect == "deny"]
    assert denies == [f"mcp:.mcp/a__b/{tool}"]
