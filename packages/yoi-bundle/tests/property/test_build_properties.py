"""What holds for any workspace: order never matters, lists stay lists, leaving out never widens."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.bundles.source_trees import WordScanner, build_files, get_manifest
from yoi_bundle.authoring.build import build_bundle
from yoi_bundle.authoring.drafts.draft import SourceFile
from yoi_bundle.authoring.source.tree import SourceTree
from yoi_bundle.identifiers import decode_path
from yoi_bundle.manifest import AllTools, ToolList

pytestmark = pytest.mark.req("B-14")

_NAMES = st.sampled_from(["a", "b", "案内係", "c d"])
_TOOLS = st.lists(
    st.sampled_from(["Read", "Bash", "Bash(git:*)", "mcp__db", "mcp__db__query", "mcp__gone", "Frobnicate"]),
    unique=True,
    max_size=4,
)
_RULES = st.lists(
    st.sampled_from(["Bash(rm:*)", "mcp__db", "mcp__gone__x", "Read(~/.ssh/**)", "Frobnicate(x)", "Bash(("]),
    max_size=2,
)


@st.composite
def _agents(draw: st.DrawFn) -> str:
    lines = ["name: someone"]
    tools = draw(st.none() | _TOOLS)
    if tools is not None:
        lines.append(f"tools: [{', '.join(repr(tool) for tool in tools)}]")
    denied = draw(_RULES)
    if denied:
        lines.append(f"disallowedTools: [{', '.join(repr(rule) for rule in denied)}]")
    return "\n".join(["---", *lines, "---", draw(st.sampled_from(["Help.", "PLANTED", ""])), ""])


_FILES = st.dictionaries(
    st.one_of(
        st.builds("plugins/{}/agents/{}.md".format, st.sampled_from("pq"), _NAMES),
        st.builds(".claude/agents/{}.md".format, _NAMES),
    ),
    _agents(),
    min_size=1,
    max_size=5,
)
_EXTRA = st.fixed_dictionaries(
    {},
    optional={
        "plugins/p/.mcp.json": st.just('{"mcpServers": {"db": {"command": "npx"}}}'),
        "plugins/q/.mcp.json": st.just(
            '{"mcpServers": {"db": {"command": "npx", "env": {"A_TOKEN": "x1"}}}}'
        ),
        "plugins/p/.claude-plugin/plugin.json": st.sampled_from(['{"name": "p"}', '{"name": 3}']),
        ".claude/settings.json": st.builds(
            '{{"permissions": {{"allow": ["Read"], "deny": [{}]}}}}'.format,
            st.sampled_from(["", '"Bash(rm:*)"', '"Frobnicate(x)"']),
        ),
        "AGENTS.md": st.sampled_from(["Be kind.", "PLANTED"]),
    },
)
_WORKSPACES = st.builds(lambda one, other: {**one, **other}, _FILES, _EXTRA)


@settings(max_examples=40, deadline=None)
@given(_WORKSPACES, st.randoms(use_true_random=False))
def test_no_order_of_files_changes_the_digest(files: dict[str, str], chance: random.Random) -> None:
    sources = [SourceFile(path=path, data=text.encode()) for path, text in files.items()]
    results = []
    for _ in range(2):
        chance.shuffle(sources)
        results.append(build_bundle(SourceTree(files=tuple(sources)), scanner=WordScanner(), lenient=True))
    first, second = results
    assert first == second
    assert first.bundle is not None


@settings(max_examples=40, deadline=None)
@given(_WORKSPACES)
def test_a_list_that_loses_members_stays_a_list(files: dict[str, str]) -> None:
    manifest = get_manifest(build_files(files, lenient=True, word=b"PLANTED"))
    by_id = {path.removesuffix(".md"): text for path, text in files.items()}
    for name, profile in manifest.profiles.items():
        written = by_id[decode_path(name)]
        assert isinstance(profile.tools, ToolList if "\ntools:" in written else AllTools)


@settings(max_examples=40, deadline=None)
@given(_WORKSPACES)
def test_every_profile_that_stays_is_under_every_restriction_that_was_written(files: dict[str, str]) -> None:
    manifest = get_manifest(build_files(files, lenient=True, word=b"PLANTED"))
    settings_text = files.get(".claude/settings.json", "")
    for name, profile in manifest.profiles.items():
        if settings_text:
            assert ".claude/settings" in profile.policies
            assert "Frobnicate" not in settings_text
        written = files[f"{decode_path(name)}.md"]
        if "disallowedTools" in written:
            assert "Bash((" not in written
            assert "Frobnicate" not in written.partition("disallowedTools")[2]
            assert f"{name}/rules" in profile.policies
        if "Bash(git:*)" in written:
            assert f"{name}/tools" in profile.policies


@settings(max_examples=25, deadline=None)
@given(_WORKSPACES, st.data())
def test_a_broken_file_more_never_adds_anything_to_a_profile(
    files: dict[str, str], data: st.DataObject
) -> None:
    before = get_manifest(build_files(files, lenient=True))
    path = data.draw(st.sampled_from(sorted(files)))
    after = get_manifest(build_files({**files, path: "---\nname: broken\n"}, lenient=True))
    for name, profile in after.profiles.items():
        if name not in before.profiles:
            continue
        was = before.profiles[name]
        if isinstance(was.tools, ToolList):
            assert isinstance(profile.tools, ToolList)
            if not path.endswith(".mcp.json"):  # without it another server of that name may be the nearest
                assert set(profile.tools.tools) <= set(was.tools.tools)
        assert set(was.policies) <= set(profile.policies)
