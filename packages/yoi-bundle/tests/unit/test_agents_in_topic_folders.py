"""Agents that lie in folders of other names: read by their shape, or where the workspace says so."""

import pytest

from support.bundles.source_trees import WordScanner, build_files, get_manifest, make_tree
from yoi_bundle.authoring.build import build_bundle

pytestmark = pytest.mark.req("B-14")


def page(*lines: str) -> str:
    return "\n".join(["---", *lines, "---", "Help.", ""])


@pytest.mark.parametrize("key", ["color: red", "tools: Read", "model: opus", "vibe: calm"])
def test_an_agent_in_a_topic_folder_is_read_by_its_shape(key: str) -> None:
    files = {"engineering/pump-fixer.md": page("name: Pump fixer", "description: d: e", key)}
    assert list(get_manifest(build_files(files)).profiles) == ["engineering/pump-fixer"]


@pytest.mark.parametrize(
    "text", [page("title: x", "description: d"), page("name: x", "description: d"), "name: x\ntools: y\n"]
)
def test_a_page_is_no_agent(text: str) -> None:
    files = {"guides/page.md": text, "agents/a.md": page("name: a", "description: d")}
    assert list(get_manifest(build_files(files)).profiles) == ["agents/a"]


def test_an_empty_workspace_is_told_the_line_to_write() -> None:
    result = build_files({"guides/page.md": page("name: x", "description: d")}, lenient=True)
    [one] = [one for one in result.diagnostics if one.rule == "workspace.empty"]
    assert "[source]" in one.remedy
    assert "--agents" in one.remedy


def test_the_workspace_or_its_reader_says_where_agents_lie() -> None:
    text = page("name: x", "description: d")
    said = {".yoi/workspace.toml": '[source]\nagents = ["guides/*.md"]\n', "guides/page.md": text}
    assert list(get_manifest(build_files(said)).profiles) == ["guides/page"]
    tree = make_tree({"guides/page.md": text.encode(), "README.md": text.encode()})
    result = build_bundle(tree, scanner=WordScanner(), agents=("guides/*.md",))
    assert list(get_manifest(result).profiles) == ["guides/page"]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("src/hooks/useX.ts", "export {}"),
        ("src/hooks/useX.tsx", "x"),
        (".eslintrc.json", '{"env": {}, "plugins": []}'),
    ],
)
def test_a_programs_own_source_is_no_configuration_of_an_agents_host(path: str, text: str) -> None:
    result = build_files({path: text, "agents/a.md": page("name: a", "description: d")})
    assert [(one.severity, one.rule) for one in result.diagnostics if one.file == path] == [
        ("info", "kind.unknown")
    ]
