"""From files to a verified bundle: ids, names, inheritance, policies, grants."""

import gc
import io
import json
import tarfile
from collections.abc import Iterable
from itertools import pairwise

import pytest

from support.bundles.source_trees import build_files, get_manifest, list_rules, make_tree
from yoi_bundle.authoring.assembly.inheritance import take_least
from yoi_bundle.authoring.build import build_bundle
from yoi_bundle.authoring.dialects.plugins.plugin_package import pack_plugin
from yoi_bundle.authoring.drafts.draft import SourceFile
from yoi_bundle.boundary.scanner import SecretFinding
from yoi_bundle.builtin import make_builtin_set
from yoi_bundle.digest import compute_digest
from yoi_bundle.manifest import (
    AllTools,
    Ask,
    Descriptor,
    ExactMatch,
    HostModel,
    Manifest,
    McpServer,
    Member,
    MountAsk,
    MountGrant,
    PackageBlob,
    Policy,
    PrefixMatch,
    Profile,
    Prompt,
    PromptUse,
    ToolList,
    WorkerLimits,
)

pytestmark = pytest.mark.req("B-14")


def agent(header: str = "name: a", body: str = "Help.\n") -> str:
    return f"---\n{header}\n---\n{body}"


def servers(*names: str) -> str:
    return json.dumps({"mcpServers": {name: {"command": "npx", "args": ["server"]} for name in names}})


def list_effects(policy: Policy) -> set[tuple[str, str]]:
    return {(rule.effect, rule.tool) for rule in policy.rules.values()}


@pytest.mark.parametrize("lenient", [False, True])
@pytest.mark.parametrize("files", [{}, {"README.md": "For people.\n"}])
def test_a_workspace_without_agent_configuration_is_refused(files: dict[str, str], lenient: bool) -> None:
    result = build_files(files, lenient=lenient)
    assert result.bundle is None
    assert result.files.read == 0
    errors = [(one.rule, one.file) for one in result.diagnostics if one.severity == "error"]
    assert errors == [("workspace.empty", ".")]


def test_ids_are_encoded_paths_and_native_ones_lose_their_folder() -> None:
    manifest = get_manifest(
        build_files(
            {
                ".yoi/profiles/案内係.md": agent("title: 案内係"),
                ".yoi/prompts/style.md": "Be brief.\n",
                "plugins/x/agents/y.md": agent(),
                "plugins/x/commands/do.it.md": "Do it.\n",
                "plugins/x/skills/s/SKILL.md": agent("name: s\ndescription: d"),
                "plugins/x/.mcp.json": servers("My Server"),
                ".github/agents/z.agent.md": agent("description: z"),
            }
        )
    )
    assert sorted(manifest.profiles) == [
        "%E6%A1%88%E5%86%85%E4%BF%82",
        ".github/agents/z.agent",
        "plugins/x/agents/y",
    ]
    assert "style" in manifest.prompts
    assert list(manifest.workflows) == ["plugins/x/commands/do.it"]
    assert list(manifest.skills) == ["plugins/x/skills/s"]
    assert "mcp:plugins/x/.mcp/My%20Server" in manifest.tools


def test_a_file_named_with_a_no_break_space_is_a_file_like_any_other() -> None:
    manifest = get_manifest(build_files({"agents/\u00a0.md": agent()}))
    assert list(manifest.profiles) == ["agents/%C2%A0"]


def test_two_files_with_one_id_are_both_at_fault() -> None:
    files = {".yoi/profiles/agents/a.md": agent("title: x"), "agents/a.md": agent(), "agents/b.md": agent()}
    assert list_rules(build_files(files)) == [
        ("id.collision", ".yoi/profiles/agents/a.md"),
        ("id.collision", "agents/a.md"),
    ]
    assert list(get_manifest(build_files(files, lenient=True)).profiles) == ["agents/b"]


def test_a_body_is_what_follows_the_fence_with_its_bytes() -> None:
    result = build_files({"agents/a.md": b"---\r\nname: a\r\n---\r\n\r\nHi \tthere\r\nno end"})
    manifest = get_manifest(result)
    assert result.bundle is not None
    digest = manifest.prompts["agents/a"].content.digest
    assert result.bundle.blobs[digest] == b"\r\nHi \tthere\r\nno end"


@pytest.mark.req("B-05")
def test_equal_texts_are_one_blob_under_two_prompts() -> None:
    result = build_files({"AGENTS.md": "Same.\n", "CLAUDE.md": "Same.\n"})
    assert set(get_manifest(result).prompts) == {"AGENTS", "CLAUDE"}
    assert result.bundle is not None
    assert list(result.bundle.blobs) == [compute_digest(b"Same.\n")]


@pytest.mark.req("B-10")
def test_a_server_is_found_by_nearness_and_a_foreign_one_is_left_out_of_a_list_that_stays_a_list() -> None:
    result = build_files(
        {
            "plugins/a/.mcp.json": servers("db"),
            "plugins/a/agents/near.md": agent("name: near\ntools: Read, mcp__db__query"),
            "plugins/b/.mcp.json": servers("db"),
            "plugins/b/agents/near.md": agent("name: near\ntools: mcp__db"),
            "agents/torn.md": agent("name: torn\ntools: mcp__db__query"),
            "agents/foreign.md": agent("name: foreign\ntools: mcp__elsewhere"),
        }
    )
    profiles = get_manifest(result).profiles
    assert profiles["plugins/a/agents/near"].tools == ToolList(
        tools={"file.read": Ask(), "mcp:plugins/a/.mcp/db/query": Ask()}
    )
    assert profiles["plugins/b/agents/near"].tools == ToolList(tools={"mcp:plugins/b/.mcp/db/*": Ask()})
    assert profiles["agents/torn"].tools == ToolList()
    assert profiles["agents/foreign"].tools == ToolList()
    assert list_rules(result, "warning") == [
        ("tool.foreign", "agents/foreign.md"),
        ("tool.ambiguous", "agents/torn.md"),
    ]


@pytest.mark.req("B-10")
def test_a_restriction_on_a_name_takes_in_every_server_of_that_name() -> None:
    manifest = get_manifest(
        build_files(
            {
                "plugins/a/.mcp.json": servers("db"),
                "plugins/b/.mcp.json": servers("db"),
                "plugins/a/agents/a.md": agent("name: a\ndisallowedTools: mcp__db__drop"),
            }
        )
    )
    assert list_effects(manifest.policies["plugins/a/agents/a/rules"]) == {
        ("deny", "mcp:plugins/a/.mcp/db/drop"),
        ("deny", "mcp:plugins/b/.mcp/db/drop"),
    }
    assert manifest.policies["plugins/a/agents/a/rules"].default == "allow"


def test_an_entry_with_arguments_makes_the_list_a_policy_with_default_deny() -> None:
    manifest = get_manifest(build_files({"agents/a.md": agent("name: a\ntools: Read, Bash(git log:*)")}))
    policy = manifest.policies["agents/a/tools"]
    assert policy.default == "deny"
    assert list_effects(policy) == {("allow", "file.read"), ("allow", "shell.run")}
    (shell,) = [rule for rule in policy.rules.values() if rule.tool == "shell.run"]
    assert isinstance(shell.where, PrefixMatch)
    assert manifest.profiles["agents/a"].policies == {"agents/a/tools": Member()}


def test_a_private_server_is_its_profiles_alone() -> None:
    header = "description: a\ntools: ['db/*']\nmcp-servers:\n  db:\n    type: local\n    command: npx\n    args: [db]"
    manifest = get_manifest(
        build_files({"agents/a.agent.md": agent(header), "agents/b.md": agent("name: b\ntools: mcp__db")})
    )
    server = manifest.tools["mcp:agents/a.agent/db"]
    assert isinstance(server, McpServer)
    assert server.private_to == "agents/a.agent"
    assert manifest.profiles["agents/a.agent"].tools == ToolList(tools={"mcp:agents/a.agent/db/*": Ask()})
    assert manifest.profiles["agents/b"].tools == ToolList()


def test_an_unknown_model_is_the_hosts_and_inherit_is_none() -> None:
    manifest = get_manifest(
        build_files(
            {"agents/a.md": agent("name: a\nmodel: sonnet"), "agents/b.md": agent("name: b\nmodel: inherit")}
        )
    )
    assert manifest.profiles["agents/a"].models == ("sonnet",)
    assert manifest.models == {"sonnet": HostModel(alias="sonnet")}
    assert manifest.profiles["agents/b"].models == ()


def test_settings_at_the_top_govern_every_profile_and_others_none() -> None:
    manifest = get_manifest(
        build_files(
            {
                ".claude/settings.json": '{"permissions": {"deny": ["Bash(rm:*)"]}}',
                "presets/settings.json": '{"permissions": {"deny": ["Read"]}}',
                "agents/a.md": agent(),
                ".yoi/profiles/b.md": agent("title: b"),
            }
        )
    )
    for name in ("agents/a", "b"):
        assert manifest.profiles[name].policies == {".claude/settings": Member()}
    assert "presets/settings" in manifest.policies


def test_a_spawn_limited_to_a_profile_names_it_by_id() -> None:
    manifest = get_manifest(
        build_files(
            {"agents/a.md": agent("name: a\ntools: Agent(helper)"), "agents/helper.md": agent("name: helper")}
        )
    )
    (rule,) = manifest.policies["agents/a/tools"].rules.values()
    assert rule.where == ExactMatch(argument="profile", value="agents/helper")


@pytest.mark.req("B-10")
def test_a_child_takes_over_what_it_does_not_mention_and_adds_up_restrictions() -> None:
    files = {
        ".yoi/prompts/house.md": "House rules.\n",
        ".yoi/profiles/parent.md": agent(
            "prompts: [house]\nmodels: [fast]\ntools: ['file.read', 'shell.run(command prefix: git)']\n"
            "rules: ['deny web.fetch']\nasks:\n  mounts: {workspace: ro}\n  limits: {turns: 9}\nlanguage: ja",
            "Parent.\n",
        ),
        ".yoi/profiles/child.md": agent(
            "extends: parent\nrules: ['deny web.search']\nasks:\n  limits: {turns: 20, tokens: 5}", "Child.\n"
        ),
        ".yoi/profiles/grandchild.md": agent("extends: child\ntools: [file.read, file.edit]", ""),
    }
    result = build_files(files)
    profiles = get_manifest(result).profiles
    child = profiles["child"]
    assert child.prompts == tuple(
        PromptUse(prompt=name) for name in ("house", ".yoi/profiles/parent", ".yoi/profiles/child")
    )
    assert (child.models, child.language) == (("fast",), "ja")
    assert child.tools == profiles["parent"].tools
    assert set(child.policies) == {
        ".yoi/profiles/parent/tools",
        ".yoi/profiles/parent/rules",
        ".yoi/profiles/child/rules",
    }
    assert child.asks.mounts == {"workspace": MountAsk(access="ro")}
    assert child.asks.limits == WorkerLimits(turns=9, tokens=5)
    grandchild = profiles["grandchild"]
    assert ".yoi/profiles/parent/tools" not in grandchild.policies
    assert {".yoi/profiles/parent/rules", ".yoi/profiles/child/rules"} <= set(grandchild.policies)
    assert list_rules(result, "warning") == [("profile.widens", ".yoi/profiles/grandchild.md")]
    (remark,) = [one for one in result.diagnostics if one.rule == "profile.widens"]
    assert "file.edit" in remark.message
    assert "shell.run" in remark.message


@pytest.mark.req("B-10")
def test_profiles_that_inherit_in_a_circle_are_refused_by_name() -> None:
    files = {
        ".yoi/profiles/a.md": agent("extends: b"),
        ".yoi/profiles/b.md": agent("extends: a"),
        ".yoi/profiles/c.md": agent("extends: a"),
        ".yoi/profiles/d.md": agent("extends: d"),
        ".yoi/profiles/e.md": agent("title: e"),
    }
    assert list_rules(build_files(files)) == [
        ("profile.cycle", ".yoi/profiles/a.md"),
        ("profile.cycle", ".yoi/profiles/b.md"),
        ("reference.unresolved", ".yoi/profiles/c.md"),
        ("profile.cycle", ".yoi/profiles/d.md"),
    ]
    assert list(get_manifest(build_files(files, lenient=True)).profiles) == ["e"]


@pytest.mark.req("B-11")
@pytest.mark.parametrize("first", ["p{:04}", "q{:04}"])
def test_profiles_that_inherit_one_from_another_without_end_are_refused_by_their_number(first: str) -> None:
    """Whichever end of the chain is read first."""
    order = range(1_900) if first.startswith("p") else range(1_899, -1, -1)
    names = [first.format(number) for number in order]
    files = {f".yoi/profiles/{names[0]}.md": agent("title: root")}
    for parent, child in pairwise(names):
        files[f".yoi/profiles/{child}.md"] = agent(f"extends: {parent}")
    result = build_files(files, lenient=True)
    assert set(get_manifest(result).profiles) == set(names[:33])
    lost = [one for one in result.diagnostics if one.rule == "limit.exceeded"]
    assert len(lost) == 1_900 - 33
    assert (lost[0].severity, lost[0].line) == ("error", 2)


@pytest.mark.req("B-10")
def test_a_long_circle_is_named_by_its_first_profiles() -> None:
    names = [f"p{number}" for number in range(500)]
    files = {
        f".yoi/profiles/{name}.md": agent(f"extends: {names[number - 1]}")
        for number, name in enumerate(names)
    }
    said = [one for one in build_files(files).diagnostics if one.rule == "profile.cycle"]
    assert len(said) == 500
    assert max(len(one.message) for one in said) < 200


def test_limits_take_the_least() -> None:
    one, other = WorkerLimits(turns=3, seconds=9), WorkerLimits(turns=5, tokens=7)
    assert take_least(one, other) == take_least(other, one) == WorkerLimits(turns=3, tokens=7, seconds=9)


@pytest.mark.req("B-04")
def test_silence_grants_what_is_asked_and_says_so() -> None:
    files = {
        "agents/0.md": agent("name: reader\ntools: Read"),
        "agents/a.md": agent("name: a\ntools: Read, Bash"),
        "agents/b.md": agent("name: other reader\ntools: Read"),
        ".mcp.json": '{"mcpServers": {"db": {"command": "npx", "env": {"DB_TOKEN": "${DB_TOKEN}"}}}}',
        ".yoi/profiles/b.md": agent("asks:\n  network: [x.example]\n  mounts: {data: ro}"),
    }
    result = build_files(files)
    grants = get_manifest(result).grants
    assert grants.mounts == {"workspace": MountGrant(access="rw"), "data": MountGrant(access="ro")}
    assert (set(grants.host), set(grants.network), set(grants.secrets)) == (
        {"shell"},
        {"x.example"},
        {"DB_TOKEN"},
    )
    (remark,) = [one for one in result.diagnostics if one.rule == "grants.implied"]
    assert "DB_TOKEN" in remark.message
    declared = get_manifest(build_files({**files, ".yoi/workspace.toml": "[grants]\n"}))
    assert declared.grants.mounts == {}


def test_an_imported_profile_asks_for_what_its_tools_need() -> None:
    files = {
        "agents/reader.md": agent("name: reader\ntools: Read"),
        "agents/all.md": agent("name: all"),
        "agents/none.md": agent("name: none\ntools: TodoWrite"),
    }
    profiles = get_manifest(build_files(files)).profiles
    assert profiles["agents/reader"].asks.mounts == {"workspace": MountAsk(access="ro")}
    assert profiles["agents/all"].asks.mounts == {"workspace": MountAsk(access="rw")}
    assert set(profiles["agents/all"].asks.host) == {"shell"}
    assert profiles["agents/none"].asks.mounts == {}


def test_an_imported_profile_may_use_its_neighbours_and_no_one_elses() -> None:
    files = {
        "p/.claude-plugin/plugin.json": '{"name": "p"}',
        "p/agents/a.md": agent(),
        "p/skills/s/SKILL.md": agent("name: s\ndescription: d"),
        "q/skills/t/SKILL.md": agent("name: t\ndescription: d"),
        ".claude/agents/b.md": agent("name: b\ntools: Read"),
        ".claude/agents/c.md": agent("name: c"),
        ".claude/commands/d.md": "Do.\n",
    }
    profiles = get_manifest(build_files(files)).profiles
    assert profiles["p/agents/a"].skills == {"p/skills/s": Ask()}
    assert profiles[".claude/agents/b"].workflows == {}
    assert profiles[".claude/agents/c"].workflows == {".claude/commands/d": Ask()}


def test_a_plugin_has_a_package_only_when_something_of_it_executes() -> None:
    run = '{"mcpServers": {"own": {"command": "${CLAUDE_PLUGIN_ROOT}/run.py"}}}'
    files = {
        "p/.claude-plugin/plugin.json": '{"name": "p", "version": "1.2"}',
        "p/.mcp.json": run,
        "p/run.py": "print()\n",
        "q/.claude-plugin/plugin.json": '{"name": "q"}',
        "q/.mcp.json": servers("other"),
        "q/notes.txt": "x",
    }
    result = build_files(files, executable=frozenset({"p/run.py"}))
    manifest = get_manifest(result)
    package = manifest.plugins["workspace:p"].package
    assert isinstance(package, PackageBlob)
    assert manifest.plugins["workspace:q"].package is None
    for name, plugin in (("mcp:p/.mcp/own", "workspace:p"), ("mcp:q/.mcp/other", "workspace:q")):
        server = manifest.tools[name]
        assert isinstance(server, McpServer)
        assert server.plugin == plugin
    assert [one.file for one in result.files.left_out] == ["q/notes.txt"]


def test_a_workspace_that_is_one_plugin_travels_whole() -> None:
    run = '{"mcpServers": {"own": {"command": "${CLAUDE_PLUGIN_ROOT}/run.py"}}}'
    files = {".claude-plugin/plugin.json": '{"name": "p"}', ".mcp.json": run, "run.py": "x", "lib/a.py": "y"}
    result = build_files(files)
    assert isinstance(get_manifest(result).plugins["workspace:p"].package, PackageBlob)
    assert (result.files.read, result.files.left_out) == (4, ())


@pytest.mark.req("B-05")
def test_a_package_has_the_same_bytes_whatever_the_order_of_its_files() -> None:
    files = [
        SourceFile(path=f"p/{name}", data=name.encode(), executable=name == "run")
        for name in ("b", "run", "ä/a")
    ]
    packed = pack_plugin("p", files)
    assert packed == pack_plugin("p", reversed(files))
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        headers = [(one.name, one.mode, one.mtime, one.uid, one.uname) for one in archive.getmembers()]
    assert headers == [("b", 0o644, 0, 0, ""), ("run", 0o755, 0, 0, ""), ("ä/a", 0o644, 0, 0, "")]


@pytest.mark.req("B-04")
def test_built_in_profiles_in_use_are_copied_under_the_workspaces_policies() -> None:
    text = b"You help.\n"
    digest = compute_digest(text)
    builtin = Manifest(
        schema_version=1,
        workspace="builtin",
        profiles={
            name: Profile(tools=AllTools(), prompts=(PromptUse(prompt=f"builtin/{name}"),))
            for name in ("companion", "coder")
        },
        prompts={
            f"builtin/{name}": Prompt(
                content=Descriptor(media_type="text/markdown", digest=digest, size=len(text))
            )
            for name in ("companion", "coder")
        },
    )
    builtins = make_builtin_set(builtin, {digest: text})
    files = {
        ".yoi/workspace.toml": 'default_profile = "builtin:companion"\npolicies = ["strict"]\n',
        ".yoi/policies/strict.toml": "rules = []\n",
        ".yoi/profiles/mine.md": agent("extends: builtin:companion"),
    }
    result = build_files(files, builtins=builtins)
    manifest = get_manifest(result)
    assert manifest.builtin is not None
    assert list(manifest.builtin.profiles) == ["companion"]
    assert manifest.builtin.profiles["companion"].policies == {"strict": Member()}
    assert manifest.builtin.set_digest == builtins.digest
    assert [use.prompt for use in manifest.profiles["mine"].prompts] == [
        "builtin/companion",
        ".yoi/profiles/mine",
    ]
    assert manifest.default_profile == "builtin:companion"
    unknown = build_files({".yoi/workspace.toml": 'builtin_profiles = ["nobody"]\n'}, builtins=builtins)
    assert list_rules(unknown) == [("builtin.unknown", ".yoi/workspace.toml")]


def test_the_default_profile_is_found_by_name_or_is_an_error() -> None:
    files = {
        ".yoi/workspace.toml": 'default_profile = "案内係"\n',
        ".yoi/profiles/案内係.md": agent("title: x"),
    }
    assert get_manifest(build_files(files)).default_profile == "workspace:%E6%A1%88%E5%86%85%E4%BF%82"
    result = build_files({".yoi/workspace.toml": 'default_profile = "nobody"\n'})
    assert list_rules(result) == [("reference.unresolved", ".yoi/workspace.toml")]


def test_files_present_are_files_read_and_left_out_each_with_its_line() -> None:
    files = {
        "agents/a.md": agent(),
        "agents/b.md": "---\nname: b\n",
        "hooks/h.json": '{"hooks": {}}',
        "LICENSE": "MIT",
        "skills/s/SKILL.md": agent("name: s"),
        "skills/s/x.txt": "x",
        ".claude/settings.json": "{}",
        ".yoi/tools/unused.json": "{}",
    }
    result = build_files(files, lenient=True)
    get_manifest(result)
    assert result.files.read == 1
    assert [one.file for one in result.files.left_out] == sorted(set(files) - {"agents/a.md"})
    assert {one.file for one in result.files.left_out} <= {one.file for one in result.diagnostics}


class _FailingScanner:
    def scan(self, texts: Iterable[tuple[str, bytes]]) -> list[SecretFinding]:
        assert not gc.isenabled()
        raise RuntimeError("the scanner broke")


def test_a_build_leaves_the_cycle_collector_as_it_was_also_when_it_fails() -> None:
    assert gc.isenabled()
    tree = make_tree({".claude/agents/a.md": agent("name: a\ndescription: b").encode()})
    with pytest.raises(RuntimeError, match="the scanner broke"):
        build_bundle(tree, scanner=_FailingScanner())
    assert gc.isenabled()
