import pytest

from support.bundles.corpora import corpus_path
from yoi_bundle.boundary.host_places import ProsePlace, find_host_paths_in_prose, find_host_place


@pytest.mark.req("B-08")
@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("/etc/hosts", "an absolute path"),
        ("/", "an absolute path"),
        ("--dir=/srv/data", "an absolute path"),
        ("~", "a home path"),
        ("~/notes", "a home path"),
        ("~librarian/notes", "a home path"),
        ("C:\\notes", "a path with a drive letter"),
        ("c:/notes", "a path with a drive letter"),
        ("\\\\server\\share", "a UNC path"),
        ("//server/share", "a UNC path"),
        ("file:///notes", "a `file:` URL"),
        ("FILE:///notes", "a `file:` URL"),
        ("../notes", "a `..` step"),
        ("a/../b", "a `..` step"),
        ("a\\..\\b", "a `..` step"),
        ("..", "a `..` step"),
        ("https://user:word@example.com", "userinfo in a URL"),
        ("https://user@example.com", "userinfo in a URL"),
        ("$HOME/notes", "a host's own variable"),
        ("${HOME}", "a host's own variable"),
        ("%APPDATA%\\notes", "a host's own variable"),
        ("unix:/run/x.sock", "a socket of a host"),
    ],
)
def test_places_on_a_host_are_known_by_their_kind(text: str, kind: str) -> None:
    assert find_host_place(text) == kind


@pytest.mark.req("B-08")
@pytest.mark.parametrize(
    "text",
    [
        "src/server.py",
        "@scope/name@1.2.3",
        "https://example.com/a/b",
        "http://localhost:3000",
        "a..b",
        "1...3",
        "git+https://example.com/x",
        "image:tag",
        "-v",
        "%E6%A1%88",
        "user@example.com",
        "profile:x",
        "",
    ],
)
def test_what_names_no_place_on_a_host_passes(text: str) -> None:
    assert find_host_place(text) is None


HOME = "/" + "home" + "/"
USERS = "/" + "Users" + "/"


@pytest.mark.req("B-08")
def test_home_folders_of_a_named_user_and_file_urls_warn_in_prose_with_their_lines() -> None:
    text = f"One\nsee {USERS}kobayashi/notes.md\n{HOME}kobayashi/bin/run\nC:\\Users\\kobayashi\\x\nfile:///data/notes.md\n"
    assert find_host_paths_in_prose(text.encode()) == [
        ProsePlace(line=2, kind="a home folder (macOS)"),
        ProsePlace(line=3, kind="a home folder (Linux)"),
        ProsePlace(line=4, kind="a home folder (Windows)"),
        ProsePlace(line=5, kind="a `file:` URL"),
    ]


@pytest.mark.req("B-08")
@pytest.mark.parametrize(
    "path",
    [
        "/app/x",
        "/etc/hosts",
        "/tmp/x",
        "/usr/bin/env",
        f"{HOME}user/x",
        f"{HOME}node/app",
        f"{USERS}yourname/x",
        f"{USERS}username/x",
        "C:\\Users\\user\\x",
        "/path/to/file",
        "https://example.com" + HOME + "desk/x",
    ],
)
def test_container_paths_and_stand_ins_do_not_warn_in_prose(path: str) -> None:
    assert find_host_paths_in_prose(f"run {path} now".encode()) == []


@pytest.mark.req("B-08")
@pytest.mark.parametrize(
    ("name", "most"), [("wshobson-agents", 0), ("davila7-templates", 16), ("awesome-copilot", 16)]
)
def test_personal_places_in_real_prose_are_few(name: str, most: int) -> None:
    files = [path for path in corpus_path(name).rglob("*.md") if path.is_file()]
    assert sum(len(find_host_paths_in_prose(path.read_bytes())) for path in files) <= most
