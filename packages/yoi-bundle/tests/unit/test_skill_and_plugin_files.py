"""Skills and plugin manifests."""

import json
from typing import Any

import pytest

from support.bundles.source_trees import build_files, get_manifest, list_rules
from yoi_bundle.authoring.dialects.agent_skills import read_skill
from yoi_bundle.authoring.dialects.plugins.agent_plugins import read_agent_plugin, read_claude_plugin
from yoi_bundle.authoring.drafts.draft import ComponentPath, Contribution, SourceFile
from yoi_bundle.authoring.drafts.reader import ReadingContext
from yoi_bundle.manifest import PluginPath, StdioServer

pytestmark = pytest.mark.req("B-14", "B-04")

SCHEMA = "https://agent-plugins.org/schemas/1.0.0/plugin.schema.json"


def read_one_skill(header: str, directory: str = "skills/pdf") -> Contribution:
    skill = SourceFile(path=f"{directory}/SKILL.md", data=f"---\n{header}\n---\nUse it.\n".encode())
    script = SourceFile(path=f"{directory}/scripts/run.py", data=b"print()", executable=True)
    return read_skill(skill, ReadingContext(skills={directory: (script, skill)}))


def read_plugin(manifest: dict[str, Any]) -> Contribution:
    data = json.dumps({"$schema": SCHEMA, "name": "kit", **manifest}, indent=1).encode()
    return read_agent_plugin(SourceFile(path="plugins/kit/plugin.json", data=data))


def read_claude(manifest: object) -> Contribution:
    data = json.dumps(manifest, indent=1).encode()
    return read_claude_plugin(SourceFile(path="plugins/kit/.claude-plugin/plugin.json", data=data))


def get_rules(found: Contribution) -> list[tuple[str, str]]:
    return [(one.severity, one.rule) for one in found.diagnostics]


def test_a_skill_keeps_its_files_as_they_are() -> None:
    found = read_one_skill("name: pdf\ndescription: Reads PDF files\nlicense: MIT")
    (skill,) = found.skills
    assert (skill.title, skill.description, skill.license) == ("pdf", "Reads PDF files", "MIT")
    assert [(file.path, file.executable) for file in skill.files] == [
        ("skills/pdf/scripts/run.py", True),
        ("skills/pdf/SKILL.md", False),
    ]
    assert found.diagnostics == ()


@pytest.mark.parametrize(
    ("header", "rule"),
    [
        ("name: Pdf Tool\ndescription: x", ("warning", "skill.bad_name")),
        ("name: a--b\ndescription: x", ("warning", "skill.bad_name")),
        ("description: x", ("warning", "skill.bad_name")),
        ("name: other\ndescription: x", ("warning", "skill.name_differs")),
        (f"name: pdf\ndescription: {'x' * 1025}", ("warning", "skill.long_description")),
        ("name: pdf", ("error", "skill.no_description")),
        (
            "name: pdf\ndescription: x\nallowed-tools: Read Bash(git:*)",
            ("info", "skill.preapproval_left_out"),
        ),
        ("name: pdf\ndescription: x\ndisallowed-tools: Bash", ("error", "skill.restriction_unsaid")),
        ("name: pdf\ndescription: x\nmetadata: {a: b}", ("info", "frontmatter.unmapped_key")),
        ("name: pdf\nname: x", ("error", "frontmatter.duplicate_key")),
    ],
)
def test_a_skill_is_judged_by_its_frontmatter(header: str, rule: tuple[str, str]) -> None:
    found = read_one_skill(header)
    assert get_rules(found) == [rule]
    assert bool(found.skills) == (rule[0] != "error")


def test_a_plugin_without_our_extension_brings_nothing_that_executes() -> None:
    found = read_plugin(
        {"version": "1.0.0", "description": "x", "extensions": {"com.example": {}}, "author": {"name": "a"}}
    )
    (plugin,) = found.plugins
    assert (plugin.root, plugin.name, plugin.version) == ("plugins/kit", "kit", "1.0.0")
    assert (plugin.surfaces, plugin.permissions, plugin.config) == ((), {}, None)
    assert get_rules(found) == [("info", "plugin.unmapped_key"), ("info", "plugin.foreign_extension")]


@pytest.mark.req("S-06")
def test_our_extension_declares_surfaces_permissions_and_configuration() -> None:
    extension = {
        "surfaces": {
            "search": {
                "type": "tool",
                "entry": "./bin/find it",
                "description": "d",
                "input_schema": {"b": 1, "a": 0.5},
            }
        },
        "permissions": {"network": {"required": True}, "state.write": {}},
        "config": {"depth": 2},
    }
    (plugin,) = read_plugin({"extensions": {"dev.yoi": extension}}).plugins
    (surface,) = plugin.surfaces
    assert (surface.name, surface.type, surface.entry) == ("search", "tool", "bin/find%20it")
    assert surface.input_schema == b'{"a":0.5,"b":1}'
    assert plugin.permissions == {"network": True, "state.write": False}
    assert plugin.config == b'{"depth":2}'


@pytest.mark.parametrize(
    "manifest",
    [
        {"version": 1},
        {"name": "Bad Name"},
        {"name": "a--b"},
        {"name": "kit\n"},
        {"$schema": "https://example.com/other.json"},
        {"extensions": []},
        {"extensions": {"dev.yoi": 3}},
        {"extensions": {"dev.yoi": {"surface": {}}}},
        {"extensions": {"dev.yoi": {"surfaces": {"a": {"type": "tol", "entry": "./a"}}}}},
        {
            "extensions": {
                "dev.yoi": {"surfaces": {"a": {"type": "tol", "entry": "./a", "input_schema": {"b": 0.5}}}}
            }
        },
        {"extensions": {"dev.yoi": {"surfaces": {"a": {"type": "tool", "entry": "../a"}}}}},
        {"extensions": {"dev.yoi": {"surfaces": {"a": {"type": "tool", "entry": "/a"}}}}},
        {"extensions": {"dev.yoi": {"permissions": {"NET": {}}}}},
    ],
)
def test_a_wrong_type_or_place_rejects_the_plugin(manifest: dict[str, Any]) -> None:
    found = read_plugin(manifest)
    assert found.plugins == ()
    errors = [one for one in found.diagnostics if one.severity == "error"]
    assert errors and all(one.line and one.remedy for one in errors)


def test_an_unknown_field_is_reported_and_ignored() -> None:
    found = read_plugin({"hooks": {}})
    assert found.plugins
    assert get_rules(found) == [("warning", "plugin.unknown_field")]


def test_a_claude_plugin_names_its_components_and_servers() -> None:
    found = read_claude(
        {
            "name": "Kit",
            "agents": ["./agents/a.md"],
            "commands": "./more/",
            "mcpServers": {"db": {"command": "${CLAUDE_PLUGIN_ROOT}/serve"}},
            "hooks": "./hooks.json",
            "author": "x",
        }
    )
    (plugin,) = found.plugins
    assert (plugin.root, plugin.name) == ("plugins/kit", "Kit")
    assert plugin.components == (
        ComponentPath(kind="agents", path="agents/a.md", line=4),
        ComponentPath(kind="commands", path="more", line=6),
        ComponentPath(kind="hooks", path="hooks.json", line=12),
    )
    assert [server.transport for server in plugin.servers] == [
        StdioServer(command=PluginPath(base="root", path="serve"))
    ]
    assert get_rules(found) == [("info", "plugin.unmapped_key")]


@pytest.mark.parametrize(
    "manifest",
    [
        [],
        {},
        {"name": 3},
        {"name": "a", "agents": "../x"},
        {"name": "a", "skills": ["/x"]},
        {"name": "a", "version": 1},
    ],
)
def test_a_claude_plugin_of_another_shape_is_an_error(manifest: object) -> None:
    found = read_claude(manifest)
    assert found.plugins == ()
    assert "error" in {one.severity for one in found.diagnostics}


PARTS = {
    "p/skills/s/SKILL.md": "---\nname: s\ndescription: d\n---\nUse it.\n",
    "p/team/one.md": "---\nname: one\ndescription: d\n---\nHelp.\n",
    "p/servers.json": '{"mcpServers": {"db": {"command": "db-server"}}}',
}


@pytest.mark.parametrize(
    "manifest",
    [
        {"name": "x", "version": "1.0.0", "skills": "./skills/", "agents": "./team/"},
        {"name": "My plugin", "agents": ["team/one.md"], "mcpServers": "./servers.json"},
        {"$schema": "https://example.com/plugin.json", "name": "x", "agents": "./team/one.md"},
    ],
)
def test_a_manifest_of_another_host_program_at_a_plugins_top_is_followed(manifest: dict[str, object]) -> None:
    built = get_manifest(result := build_files(PARTS | {"p/plugin.json": json.dumps(manifest)}))
    assert list_rules(result) == []
    assert set(built.plugins) == {"workspace:p"}
    assert {"p/team/one"} == set(built.profiles)
    assert "p/skills/s" in built.skills
    assert built.tools["mcp:p/servers/db"].plugin == "workspace:p"


@pytest.mark.parametrize(
    "manifest", [{"name": "x", "type": "panel", "id": "a-b"}, {"name": "x", "main": "x.js"}]
)
def test_a_plugin_file_that_names_no_parts_is_left_out_without_an_error(manifest: dict[str, object]) -> None:
    result = build_files(PARTS | {"p/plugin.json": json.dumps(manifest)})
    assert list_rules(result) == []
    assert ("kind.unknown", "p/plugin.json") in list_rules(result, "info")
    assert get_manifest(result).plugins == {}


def test_a_place_outside_the_plugin_is_an_error_whose_remedy_is_true() -> None:
    result = build_files(PARTS | {"p/plugin.json": json.dumps({"name": "x", "skills": "../skills"})})
    (error,) = [one for one in result.diagnostics if one.rule == "plugin.malformed"]
    assert "skills" in error.message
    assert "`./`" in error.remedy


def test_a_later_version_of_agent_plugins_is_refused() -> None:
    schema = "https://agent-plugins.org/schemas/2.0.0/plugin.schema.json"
    result = build_files({"p/plugin.json": json.dumps({"$schema": schema, "name": "x"})})
    assert ("plugin.schema_unknown", "p/plugin.json") in list_rules(result)
