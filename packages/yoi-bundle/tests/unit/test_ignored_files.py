"""What git ignores, and what programs install, is no part of a workspace; a work tree and its commit give one bundle."""

import os
import subprocess
from pathlib import Path

import pytest

from support.bundles.source_trees import WordScanner
from yoi_bundle.authoring.build import BuildResult, build_bundle
from yoi_bundle.authoring.source.ignored import find_ignored
from yoi_bundle.authoring.source.walk import walk_directory

pytestmark = pytest.mark.req("B-14")

AGENT = "---\nname: a\ndescription: d\ntools: Read\n---\nHelp.\n"


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def git(root: Path, *arguments: str) -> None:
    names = {
        f"GIT_{who}_{what}": "a@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
    }
    subprocess.run(["git", *arguments], cwd=root, check=True, capture_output=True, env=os.environ | names)


def build(root: Path) -> BuildResult:
    return build_bundle(walk_directory(root, ignored=find_ignored(root)), scanner=WordScanner(), lenient=True)


def list_profiles(result: BuildResult) -> list[str]:
    assert result.bundle is not None
    return sorted(result.bundle.verified.manifest.profiles)


def list_ignored(result: BuildResult) -> list[tuple[str, str]]:
    return [(one.file, one.severity) for one in result.diagnostics if one.rule == "source.ignored"]


def test_what_git_ignores_is_left_out_and_a_commit_gives_the_same_digest(tmp_path: Path) -> None:
    tree, copy = tmp_path / "tree", tmp_path / "copy"
    write(
        tree,
        {
            ".gitignore": "generated/\n*.tmp.md\ntracked/\n.claude/settings.local.json\n",
            "agents/a.md": AGENT,
            "tracked/agents/t.md": AGENT,
        },
    )
    git(tree, "init", "-q", ".")
    git(tree, "add", "-A", "-f")
    git(tree, "commit", "-qm", "x")
    git(tmp_path, "clone", "-q", str(tree), str(copy))
    write(
        tree,
        {
            "generated/agents/g.md": AGENT,
            "agents/x.tmp.md": AGENT,
            ".claude/settings.local.json": '{"permissions": {"deny": ["Read"]}}',
            "node_modules/p/agents/y.md": AGENT,
            "node_modules/p/.mcp.json": '{"mcpServers": {"s": {"command": "npx"}}}',
        },
    )
    result = build(tree)
    assert list_profiles(result) == ["agents/a", "tracked/agents/t"]
    assert list_ignored(result) == [
        (".claude", "warning"),
        ("agents/x.tmp.md", "info"),
        ("generated", "info"),
        ("node_modules", "info"),
    ]
    assert result.bundle is not None
    clone = build(copy)
    assert clone.bundle is not None
    assert result.bundle.digest == clone.bundle.digest


@pytest.mark.parametrize("folder", ["node_modules", ".venv", "dist", "__pycache__"])
def test_folders_that_programs_make_are_left_out_without_git_too(tmp_path: Path, folder: str) -> None:
    write(tmp_path, {"agents/a.md": AGENT, f"x/{folder}/agents/b.md": AGENT})
    result = build(tmp_path)
    assert list_profiles(result) == ["agents/a"]
    assert list_ignored(result) == [(f"x/{folder}", "info")]


def test_a_skill_keeps_all_of_its_files(tmp_path: Path) -> None:
    skill = "---\nname: s\ndescription: d\n---\nHelp.\n"
    write(tmp_path, {"agents/a.md": AGENT, "skills/s/SKILL.md": skill, "skills/s/dist/page.md": "x\n"})
    result = build(tmp_path)
    assert result.bundle is not None
    [item] = result.bundle.verified.manifest.skills.values()
    assert sorted(item.files) == ["SKILL.md", "dist/page.md"]


def test_a_workspace_inside_an_ignored_directory_is_read(tmp_path: Path) -> None:
    write(tmp_path, {".gitignore": "scratch/\n", "scratch/w/agents/a.md": AGENT})
    git(tmp_path, "init", "-q", ".")
    assert list_profiles(build(tmp_path / "scratch" / "w")) == ["agents/a"]
