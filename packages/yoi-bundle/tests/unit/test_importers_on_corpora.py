"""Every file of the kinds that are imported, as other people wrote them: each is an item or has an error, none raises."""

import posixpath
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.bundles.corpora import corpus_path
from yoi_bundle.authoring.dialects.agent_skills import read_skill
from yoi_bundle.authoring.dialects.claude.markdown import read_claude_agent, read_claude_command
from yoi_bundle.authoring.dialects.claude.permissions import read_claude_settings
from yoi_bundle.authoring.dialects.copilot.markdown import read_copilot_agent, read_copilot_instructions
from yoi_bundle.authoring.dialects.mcp.mcp_json import read_mcp_json
from yoi_bundle.authoring.dialects.plugins.agent_plugins import read_agent_plugin, read_claude_plugin
from yoi_bundle.authoring.drafts.diagnostics import FileDiagnostics
from yoi_bundle.authoring.drafts.draft import Contribution, SourceFile
from yoi_bundle.authoring.drafts.reader import ReadingContext
from yoi_bundle.authoring.formats.frontmatter import read_frontmatter, split_frontmatter

pytestmark = pytest.mark.req("B-14")

CORPORA = ["wshobson-agents", "davila7-templates", "awesome-copilot"]
Reader = Callable[[SourceFile], Contribution]


def list_files(corpus: str, pattern: str) -> Iterator[tuple[Path, SourceFile]]:
    root = corpus_path(corpus)
    for path in sorted(root.rglob(pattern)):
        if path.is_file():
            inside = path.relative_to(root)
            yield inside, SourceFile(path=inside.as_posix(), data=path.read_bytes())


def choose_reader(path: Path, data: bytes) -> tuple[str, Reader] | None:
    folders = path.parts[:-1]
    if path.name == "SKILL.md":
        return "skill", lambda file: read_skill(
            file, ReadingContext(skills={posixpath.dirname(file.path): (file,)})
        )
    if path.name.endswith(".agent.md"):
        return "copilot agent", read_copilot_agent
    if path.name.endswith(".instructions.md"):
        return "instructions", read_copilot_instructions
    if "skills" in folders:
        return None
    if "agents" in folders and data.startswith(b"---"):
        return "agent", read_claude_agent
    if "commands" in folders:
        return "command", read_claude_command
    return None


def has_item(found: Contribution) -> bool:
    return bool(found.profiles or found.workflows or found.skills or found.prompts or found.plugins)


def count_markdown(corpus: str) -> Counter[str]:
    counts: Counter[str] = Counter()
    for path, file in list_files(corpus, "*.md"):
        chosen = choose_reader(path, file.data)
        if chosen is None:
            continue
        kind, read = chosen
        found = read(file)
        assert has_item(found) or any(one.severity == "error" for one in found.diagnostics), path
        assert all(one.file and one.rule and one.message and one.remedy for one in found.diagnostics), path
        counts[kind] += has_item(found)
        counts[f"{kind} without an item"] += not has_item(found)
    return counts


@pytest.mark.parametrize(
    ("corpus", "least"),
    [
        ("wshobson-agents", {"agent": 199, "command": 100, "skill": 175}),
        ("davila7-templates", {"agent": 415, "command": 300}),
        ("awesome-copilot", {"copilot agent": 220, "instructions": 189, "skill": 395}),
    ],
)
def test_markdown_of_a_corpus_becomes_items(corpus: str, least: dict[str, int]) -> None:
    counts = count_markdown(corpus)
    for kind, count in least.items():
        assert counts[kind] >= count, counts


@pytest.mark.parametrize("corpus", CORPORA)
def test_frontmatter_that_was_no_yaml_is_repaired(corpus: str) -> None:
    counts: Counter[str] = Counter()
    for path, file in list_files(corpus, "*.md"):
        parts = split_frontmatter(file.data)
        assert file.data.endswith(parts.body), path
        diagnostics = FileDiagnostics(file.path)
        fields = read_frontmatter(parts, diagnostics)
        if parts.header is not None:
            outcome = "refused" if fields is None else "repaired" if diagnostics.collect() else "as written"
            counts[outcome] += 1
    assert counts["refused"] == 0
    assert (
        counts["repaired"] == {"wshobson-agents": 0, "davila7-templates": 222, "awesome-copilot": 6}[corpus]
    )


def test_every_mcp_file_is_a_server_or_an_error_of_its_own() -> None:
    counts: Counter[str] = Counter()
    for path, file in list_files("davila7-templates", "*.json"):
        if "mcps" not in path.parts:
            continue
        found = read_mcp_json(file)
        errors = [one for one in found.diagnostics if one.severity == "error"]
        assert found.servers or errors, path
        counts["servers" if found.servers else "errors"] += 1
    assert counts["servers"] >= 85
    assert counts.total() == 100


def test_permission_rules_become_policies() -> None:
    policies = 0
    for path, file in list_files("davila7-templates", "*.json"):
        if "settings" in path.parts:
            found = read_claude_settings(file)
            assert found.policies or found.diagnostics, path
            policies += len(found.policies)
    assert policies >= 6


@pytest.mark.parametrize("corpus", ["wshobson-agents", "awesome-copilot"])
def test_every_plugin_manifest_is_a_plugin(corpus: str) -> None:
    counts: Counter[bool] = Counter()
    for path, file in list_files(corpus, "plugin.json"):
        folder = path.parts[-2]
        if folder == ".claude-plugin":
            counts[bool(read_claude_plugin(file).plugins)] += 1
        elif not folder.startswith("."):
            counts[bool(read_agent_plugin(file).plugins)] += 1
    assert counts[True] >= 90
    assert counts[False] == 0
