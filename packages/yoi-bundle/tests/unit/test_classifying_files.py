"""Which path becomes which kind; the guide's table and the code say the same."""

import re
from pathlib import Path

import pytest

from support.bundles.source_trees import make_tree
from yoi_bundle.authoring.source.classify import Kind, classify_files

pytestmark = pytest.mark.req("B-14")

FRONTMATTER = b"---\nname: a\n---\nx\n"
SERVERS = b'{"mcpServers": {}}'


def classify(files: dict[str, bytes]) -> dict[str, Kind]:
    return {one.file.path: one.kind for one in classify_files(make_tree(files).files)}


@pytest.mark.parametrize(
    ("path", "data", "kind"),
    [
        (".yoi/workspace.toml", b"", Kind.WORKSPACE),
        (".yoi/profiles/案内係.md", b"", Kind.NATIVE_PROFILE),
        (".yoi/prompts/deep/a.md", b"", Kind.NATIVE_PROMPT),
        (".yoi/workflows/a.md", b"", Kind.NATIVE_WORKFLOW),
        (".yoi/policies/a.toml", b"", Kind.NATIVE_POLICY),
        (".yoi/policies/a.yaml", b"", Kind.NATIVE_POLICY),
        (".yoi/tools/a.json", b"{}", Kind.NATIVE_PART),
        (".yoi/notes.txt", b"", Kind.LEFT_OUT),
        (".claude/agents/a.md", FRONTMATTER, Kind.CLAUDE_AGENT),
        ("plugins/x/agents/deep/a.md", b"\xef\xbb\xbf" + FRONTMATTER, Kind.CLAUDE_AGENT),
        ("agents/a.md", b"# Title\n", Kind.AGENT_WITHOUT_FRONTMATTER),
        ("agents/README.md", b"# Title\n", Kind.LEFT_OUT),
        ("commands/a.md", b"text", Kind.CLAUDE_COMMAND),
        ("commands/agents/a.md", FRONTMATTER, Kind.CLAUDE_AGENT),
        ("agents/commands/a.md", FRONTMATTER, Kind.CLAUDE_COMMAND),
        (".github/agents/a.agent.md", FRONTMATTER, Kind.COPILOT_AGENT),
        (".github/a.instructions.md", FRONTMATTER, Kind.COPILOT_INSTRUCTIONS),
        (".github/prompts/a.prompt.md", FRONTMATTER, Kind.COPILOT_PROMPT),
        (".github/copilot-instructions.md", b"", Kind.AGENT_INSTRUCTIONS),
        ("src/AGENTS.md", b"", Kind.AGENT_INSTRUCTIONS),
        ("CLAUDE.md", b"", Kind.AGENT_INSTRUCTIONS),
        (".mcp.json", b"{", Kind.MCP_SERVERS),
        ("tools/db.json", SERVERS, Kind.MCP_SERVERS),
        (".claude/settings.json", b"", Kind.CLAUDE_SETTINGS),
        ("presets/strict.json", b'{"permissions": {"deny": []}}', Kind.CLAUDE_SETTINGS),
        ("p/.claude-plugin/plugin.json", b"", Kind.CLAUDE_PLUGIN),
        (
            "p/plugin.json",
            b'{"$schema": "https://agent-plugins.org/schemas/1.0.0/plugin.schema.json", "name": "p"}',
            Kind.AGENT_PLUGIN,
        ),
        ("p/plugin.json", b'{"name": "p", "skills": "./skills/"}', Kind.CLAUDE_PLUGIN),
        ("p/plugin.json", b'{"name": "p", "type": "panel"}', Kind.LEFT_OUT),
        ("p/.codex-plugin/plugin.json", b'{"name": "p"}', Kind.LEFT_OUT),
        (".claude-plugin/marketplace.json", b'{"name": "p"}', Kind.LEFT_OUT),
        ("hooks/hooks.json", b'{"hooks": {}}', Kind.HOOKS),
        (".cursor/hooks.json", b"{", Kind.HOOKS),
        (".github/hooks/guard.json", b'{"version": 1, "hooks": {}}', Kind.HOOKS),
        (".gemini/settings.json", b'{"hooks": {} /* guards */}', Kind.HOOKS),
        (".gemini/settings.json", b'{"theme": "x"}', Kind.LEFT_OUT),
        (".claude/hooks/notes.json", b'{"hooks": {}}', Kind.LEFT_OUT),
        ("components/hooks/security/guard.json", b'{"hooks": {}}', Kind.LEFT_OUT),
        ("src/hooks/hooks.json", b'{"useThing": 1}', Kind.LEFT_OUT),
        ("statuslines/a.md", FRONTMATTER, Kind.LEFT_OUT),
        ("LICENSE", b"", Kind.LEFT_OUT),
        ("skills/loose.md", FRONTMATTER, Kind.LEFT_OUT),
    ],
)
def test_a_path_has_one_kind(path: str, data: bytes, kind: Kind) -> None:
    assert classify({path: data})[path] is kind


def test_inside_a_skill_everything_is_the_nearest_skills_file() -> None:
    kinds = classify_files(
        make_tree(
            {
                "skills/a/SKILL.md": b"",
                "skills/a/agents/b.agent.md": FRONTMATTER,
                "skills/a/.mcp.json": SERVERS,
                "skills/a/inner/SKILL.md": b"",
                "skills/a/inner/LICENSE": b"",
            }
        ).files
    )
    assert {one.kind for one in kinds} == {Kind.SKILL}
    assert [one.skill for one in kinds] == [
        "skills/a",
        "skills/a",
        "skills/a",
        "skills/a/inner",
        "skills/a/inner",
    ]


def test_a_skill_at_the_top_does_not_swallow_the_workspace() -> None:
    kinds = classify(
        {"SKILL.md": b"", "scripts/a.py": b"", "agents/a.md": FRONTMATTER, ".yoi/workspace.toml": b""}
    )
    assert kinds["SKILL.md"] is kinds["scripts/a.py"] is Kind.SKILL
    assert kinds["agents/a.md"] is Kind.CLAUDE_AGENT
    assert kinds[".yoi/workspace.toml"] is Kind.WORKSPACE


def test_every_file_left_out_says_why_and_what_to_do() -> None:
    left_out = [
        one
        for one in classify_files(
            make_tree({"LICENSE": b"", "hooks/a.sh": b"", ".yoi/x": b"", "a.json": b"["}).files
        )
        if one.kind is Kind.LEFT_OUT
    ]
    assert len(left_out) == 4
    assert all(one.rule and one.message and one.remedy for one in left_out)


def test_the_guides_table_names_every_kind() -> None:
    guide = Path(__file__).parents[4] / "docs" / "guides" / "authoring.md"
    table = re.findall(r"^\| .* \| ([^|]+) \|$", guide.read_text(encoding="utf-8"), re.MULTILINE)
    named = {cell.strip() for cell in table}
    assert {kind.value for kind in Kind} <= named
