"""The source tree: what is read, what is left out, and that nothing outside is opened."""

import os
from pathlib import Path

import pytest

from support.bundles.source_trees import WordScanner, list_rules, make_tree
from yoi_bundle.authoring.build import build_bundle
from yoi_bundle.authoring.drafts.diagnostics import Diagnostics, show_path
from yoi_bundle.authoring.source.case_collisions import report_case_collisions
from yoi_bundle.authoring.source.tree import SourceTree
from yoi_bundle.authoring.source.walk import walk_directory
from yoi_bundle.errors import LimitExceededError
from yoi_bundle.limits import Limits

pytestmark = pytest.mark.req("B-14")


def write(root: Path, files: dict[str, str]) -> Path:
    for path, text in files.items():
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
    return root


def get_paths(tree: SourceTree) -> list[str]:
    return [file.path for file in tree.files]


def get_left_out(tree: SourceTree) -> list[tuple[str, str]]:
    return [(one.rule, show_path(one.file)) for one in tree.diagnostics]


def test_files_come_sorted_with_their_bytes_and_the_owners_executable_bit(tmp_path: Path) -> None:
    write(tmp_path, {"b/y.md": "y\r\n", "a.md": "", "b/x.sh": "#!"})
    (tmp_path / "b" / "x.sh").chmod(0o710)
    (tmp_path / "a.md").chmod(0o655)
    tree = walk_directory(tmp_path)
    assert [(file.path, file.data, file.executable) for file in tree.files] == [
        ("a.md", b"", False),
        ("b/x.sh", b"#!", True),
        ("b/y.md", b"y\r\n", False),
    ]


def test_the_internals_of_version_control_are_no_part_of_a_workspace(tmp_path: Path) -> None:
    write(tmp_path, {".git/config": "x", "sub/.git": "gitdir: x", "a.md": "a", ".gitignore": "x"})
    assert get_paths(walk_directory(tmp_path)) == [".gitignore", "a.md"]


def test_a_link_inside_gives_the_same_bytes_under_a_second_path(tmp_path: Path) -> None:
    write(tmp_path, {"docs/AGENTS.md": "same", "deep/er/x.md": "x"})
    (tmp_path / "CLAUDE.md").symlink_to("docs/AGENTS.md")
    (tmp_path / "linked").symlink_to("deep/er/..")
    tree = walk_directory(tmp_path)
    assert get_paths(tree) == ["CLAUDE.md", "deep/er/x.md", "docs/AGENTS.md", "linked/er/x.md"]
    assert tree.diagnostics == ()


@pytest.mark.parametrize("target", ["/etc/hostname", "../outside.md", "sub/../../outside.md", ".git/config"])
def test_a_link_that_leads_out_is_left_out_and_never_followed(tmp_path: Path, target: str) -> None:
    root = write(tmp_path / "root", {"a.md": "a", ".git/config": "x", "sub/b.md": "b"})
    write(tmp_path, {"outside.md": "secret"})
    (root / "link.md").symlink_to(target)
    tree = walk_directory(root)
    assert get_paths(tree) == ["a.md", "sub/b.md"]
    assert get_left_out(tree) == [("source.outside", "link.md")]


def test_an_absolute_link_leads_out_even_when_it_points_inside(tmp_path: Path) -> None:
    write(tmp_path, {"a.md": "a"})
    (tmp_path / "b.md").symlink_to(tmp_path / "a.md")
    assert get_left_out(walk_directory(tmp_path)) == [("source.outside", "b.md")]


def test_links_in_a_circle_end(tmp_path: Path) -> None:
    write(tmp_path, {"a/x.md": "x", "b/y.md": "y"})
    (tmp_path / "a" / "up").symlink_to("..")
    (tmp_path / "a" / "over").symlink_to("../b")
    (tmp_path / "b" / "back").symlink_to("../a")
    (tmp_path / "self").symlink_to("self")
    tree = walk_directory(tmp_path)
    assert get_paths(tree) == ["a/over/y.md", "a/x.md", "b/back/x.md", "b/y.md"]
    assert {rule for rule, _ in get_left_out(tree)} == {"source.link_not_followed", "source.outside"}


def test_a_fifo_is_left_out_without_being_opened(tmp_path: Path) -> None:
    write(tmp_path, {"agents/a.md": "---\ndescription: a\n---\nHelp.\n"})
    os.mkfifo(tmp_path / "pipe.md")
    (tmp_path / "to-pipe.md").symlink_to("pipe.md")
    tree = walk_directory(tmp_path)
    assert [rule for rule, _ in get_left_out(tree)] == ["source.not_a_file", "source.unreadable"]
    result = build_bundle(tree, scanner=WordScanner())
    assert result.bundle is None
    assert ("source.not_a_file", "pipe.md") in list_rules(result)


def test_a_name_that_is_not_utf8_is_reported_with_escapes(tmp_path: Path) -> None:
    write(tmp_path, {"a.md": "a"})
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/b\xff.md")).write_text("b", encoding="utf-8")
    tree = walk_directory(tmp_path)
    assert get_paths(tree) == ["a.md"]
    assert get_left_out(tree) == [("source.undecodable_name", "b\\xff.md")]


@pytest.mark.req("B-11")
def test_too_many_files_are_refused_with_limit_value_and_place(tmp_path: Path) -> None:
    for number in range(30):
        directory = tmp_path / f"{number:02}"
        directory.mkdir()
        for index in range(1000):
            os.close(os.open(directory / f"{index:03}.md", os.O_CREAT | os.O_WRONLY))
    with pytest.raises(LimitExceededError) as caught:
        walk_directory(tmp_path)
    assert caught.value.details() == {
        "limit": "source_files",
        "value": 25_001,
        "allowed": 25_000,
        "place": "25/000.md",
    }


@pytest.mark.req("B-11")
def test_a_file_that_is_too_large_is_left_out_unread_and_too_much_in_all_is_refused(tmp_path: Path) -> None:
    write(tmp_path, {"a.md": "a" * 10, "b.md": "b" * 11})
    tree = walk_directory(tmp_path, limits=Limits(blob_bytes=10))
    assert get_paths(tree) == ["a.md"]
    assert get_left_out(tree) == [("limit.exceeded", "b.md")]
    with pytest.raises(LimitExceededError, match="bundle_bytes is 21, at most 20"):
        walk_directory(tmp_path, limits=Limits(bundle_bytes=20))


def test_excluded_files_are_listed_and_not_read(tmp_path: Path) -> None:
    write(tmp_path, {"a.md": "a", "big/b.md": "b"})
    tree = walk_directory(
        tmp_path, limits=Limits(source_files=1), is_excluded=lambda path: path.startswith("big/")
    )
    assert get_paths(tree) == ["a.md"]
    assert tree.left_out == ("big/b.md",)


def test_names_that_differ_in_case_only_warn() -> None:
    tree = make_tree({"agents/A.md": b"", "agents/a.md": b"", "agents/b.md": b""})
    diagnostics = Diagnostics()
    report_case_collisions(tree, diagnostics)
    assert [one.file for one in diagnostics.collect()] == ["agents/a.md"]


@pytest.mark.req("B-07")
def test_a_name_that_may_be_a_credential_is_never_shown() -> None:
    token = "gh" + "p_" + "a1B2" * 9
    assert token not in show_path(f"agents/{token}.md")
    assert show_path(show_path(f"agents/{token}.md")) == show_path(f"agents/{token}.md")
    assert show_path("プロフィール/案内係 2.md") == "プロフィール/案内係 2.md"


@pytest.mark.req("B-11", "B-14")
def test_directories_nested_beyond_the_bound_are_left_out_and_hide_nothing_else(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*["d"] * 300)
    deep.mkdir(parents=True)
    (deep / "AGENTS.md").write_text("Deep.\n", encoding="utf-8")
    write(tmp_path, {"AGENTS.md": "Help.\n"})
    tree = walk_directory(tmp_path)
    assert get_paths(tree) == ["AGENTS.md"]
    assert get_left_out(tree) == [("limit.exceeded", "/".join(["d"] * 101))]


def test_a_directory_link_below_another_directory_link_is_not_followed(tmp_path: Path) -> None:
    """Such links can multiply the files of a small tree without a circle anywhere."""
    write(tmp_path, {"a/x.md": "x", "b/y.md": "y"})
    (tmp_path / "b" / "over").symlink_to("../a")
    (tmp_path / "c").symlink_to("b")
    tree = walk_directory(tmp_path)
    assert get_paths(tree) == ["a/x.md", "b/over/x.md", "b/y.md", "c/y.md"]
    assert get_left_out(tree) == [("source.link_not_followed", "c/over")]


def test_a_directory_link_in_a_directory_below_another_directory_link_is_not_followed_either(
    tmp_path: Path,
) -> None:
    write(tmp_path, {"a/x.md": "x", "b/deep/y.md": "y"})
    (tmp_path / "b" / "deep" / "over").symlink_to("../../a")
    (tmp_path / "c").symlink_to("b")
    tree = walk_directory(tmp_path)
    assert get_paths(tree) == ["a/x.md", "b/deep/over/x.md", "b/deep/y.md", "c/deep/y.md"]
    assert get_left_out(tree) == [("source.link_not_followed", "c/deep/over")]
