"""Git repositories as sources: the system's git, on real repositories that this test makes."""

import asyncio
import os
import subprocess
from pathlib import Path

import pytest

from support.bundles.secret_tokens import TOKEN_KINDS, make_token
from yoi_bundle.authoring.source.provenance import describe_address
from yoi_bundle.limits import DEFAULT_LIMITS
from yoi_wire.backend.workspaces import DirectorySource, GitSource, PublishedSource
from yoi_workspace_server.sources.checkout import SourceUnreadableError
from yoi_workspace_server.sources.git import GitReader, verify_git_source
from yoi_workspace_server.sources.git_program import GitProgram
from yoi_workspace_server.sources.reading import SourceReader

_TOKEN = make_token(next(kind for kind in TOKEN_KINDS if kind.name == "github-classic"))
_WRITER = {
    **os.environ,
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_AUTHOR_NAME": "Writer",
    "GIT_AUTHOR_EMAIL": "writer@library.example",
    "GIT_COMMITTER_NAME": "Writer",
    "GIT_COMMITTER_EMAIL": "writer@library.example",
}


def _git(directory: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(directory), *arguments], env=_WRITER, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def _commit(repository: Path, files: dict[str, str], *, message: str = "Change") -> str:
    for name, text in files.items():
        path = repository / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    _git(repository, "add", "--all")
    _git(repository, "commit", "--quiet", "--message", message)
    return _git(repository, "rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    place = tmp_path / "repositories" / "library"
    place.mkdir(parents=True)
    _git(place, "init", "--quiet", "--initial-branch=main")
    _commit(
        place,
        {".yoi/workspace.toml": 'id = "library"\n', "agents/guide.md": "---\nname: guide\n---\nGuide.\n"},
    )
    return place


@pytest.fixture
def reader(tmp_path: Path) -> SourceReader:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    git = GitReader(GitProgram(os.environ, timeout_seconds=30), temporary=temporary)
    return SourceReader(git, roots=(tmp_path / "repositories",))


def _list_files(directory: Path) -> dict[str, str]:
    return {
        path.relative_to(directory).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(directory.rglob("*"))
        if path.is_file()
    }


async def _read(reader: SourceReader, source: GitSource) -> tuple[dict[str, str], str]:
    async with reader.open(source) as checkout:
        return _list_files(checkout.directory), checkout.provenance.commit


@pytest.mark.req("K-01")
@pytest.mark.parametrize("ref", ["main", "v1", "annotated"])
def test_a_branch_or_tag_gives_the_files_of_its_commit(
    reader: SourceReader, repository: Path, ref: str
) -> None:
    commit = _git(repository, "rev-parse", "HEAD")
    _git(repository, "tag", "v1")
    _git(repository, "tag", "--annotate", "annotated", "--message", "A release")
    files, found = asyncio.run(_read(reader, GitSource(url=str(repository), ref=ref)))
    assert found == commit
    assert sorted(files) == [".yoi/workspace.toml", "agents/guide.md"]


@pytest.mark.req("K-01")
def test_a_commit_can_be_named_itself(reader: SourceReader, repository: Path) -> None:
    first = _git(repository, "rev-parse", "HEAD")
    _commit(repository, {"agents/guide.md": "another\n"})
    _git(repository, "config", "uploadpack.allowAnySHA1InWant", "true")
    files, found = asyncio.run(_read(reader, GitSource(url=str(repository), ref=first)))
    assert found == first
    assert "Guide." in files["agents/guide.md"]


@pytest.mark.req("K-01")
def test_the_version_of_a_source_changes_with_its_commit(reader: SourceReader, repository: Path) -> None:
    source = GitSource(url=str(repository), ref="main")
    before = asyncio.run(reader.find_version(source))
    assert before == asyncio.run(reader.find_version(source))
    after = _commit(repository, {"agents/guide.md": "another\n"})
    assert asyncio.run(reader.find_version(source)) == after != before


@pytest.mark.req("K-01")
def test_a_subdirectory_is_the_workspace(reader: SourceReader, repository: Path) -> None:
    _commit(repository, {"teams/shop/agents/seller.md": "Sell.\n", "teams/shop/a b.md": "Spaces.\n"})
    files, _ = asyncio.run(
        _read(reader, GitSource(url=str(repository), ref="main", subdirectory="teams/shop"))
    )
    assert sorted(files) == ["a b.md", "agents/seller.md"]


@pytest.mark.req("K-01")
def test_a_checkout_leaves_nothing_behind(reader: SourceReader, repository: Path, tmp_path: Path) -> None:
    asyncio.run(_read(reader, GitSource(url=str(repository), ref="main")))
    assert list((tmp_path / "temporary").iterdir()) == []
    with pytest.raises(SourceUnreadableError):
        asyncio.run(_read(reader, GitSource(url=str(repository), ref="main", subdirectory="nowhere")))
    assert list((tmp_path / "temporary").iterdir()) == []


@pytest.mark.req("K-01")
def test_a_repository_runs_nothing_on_the_server(
    reader: SourceReader, repository: Path, tmp_path: Path
) -> None:
    mark = tmp_path / "ran"
    hook = repository / ".git" / "hooks" / "post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {mark}\n", encoding="utf-8")
    hook.chmod(0o755)
    _git(repository, "config", "filter.mark.smudge", f"touch {mark}")
    _commit(
        repository,
        {
            ".gitattributes": "*.md filter=mark\n",
            ".gitmodules": '[submodule "x"]\n\tpath = x\n\turl = ext::sh -c touch\n',
        },
    )
    mark.unlink(missing_ok=True)
    asyncio.run(_read(reader, GitSource(url=str(repository), ref="main")))
    assert not mark.exists()


@pytest.mark.req("K-01")
def test_a_link_that_leads_out_stays_a_link(reader: SourceReader, repository: Path) -> None:
    (repository / "out.md").symlink_to("/etc/hostname")
    _git(repository, "add", "--all")
    _git(repository, "commit", "--quiet", "--message", "Link")

    async def read() -> bool:
        async with reader.open(GitSource(url=str(repository), ref="main")) as checkout:
            return (checkout.directory / "out.md").is_symlink()

    assert asyncio.run(read())


@pytest.mark.req("K-01")
def test_more_than_a_bundle_may_hold_is_refused_before_it_is_written(
    repository: Path, tmp_path: Path
) -> None:
    from msgspec.structs import replace

    temporary = tmp_path / "small"
    temporary.mkdir()
    limits = replace(DEFAULT_LIMITS, bundle_bytes=20)
    reader = SourceReader(
        GitReader(GitProgram(os.environ), temporary=temporary, limits=limits), roots=(tmp_path,)
    )
    with pytest.raises(SourceUnreadableError, match="2 files"):
        asyncio.run(_read(reader, GitSource(url=str(repository), ref="main")))


@pytest.mark.req("K-01", "K-07")
@pytest.mark.parametrize(
    ("url", "ref"),
    [
        ("ext::sh -c true", "main"),
        ("--upload-pack=true", "main"),
        ("https://git.library.example/x", "--exec=true"),
        ("https://git.library.example/x", "main..other"),
        ("https://name:word@git.library.example/x", "main"),
        *(
            (f"{scheme}://name:word@git.library.example/x", "main")
            for scheme in ("ssh", "git", "http", "https", "file")
        ),
        ("https://word@git.library.example/x", "main"),
        ("ssh://:word@git.library.example/x", "main"),
        ("ssh://name%3Aword@git.library.example/x", "main"),
        ("ssh://name%253Aword@git.library.example/x", "main"),
        ("https://name%3Aword%40git.library.example/x", "main"),
        ("name:word@git.library.example:x/y", "main"),
        ("git@git.library.example:x/y?access_token=word", "main"),
        ("git@git.library.example:x/y#word", "main"),
        ("https://git.library.example/x;access_token=word/y", "main"),
        ("https://git.library.example/x;private%5Ftoken%3Dword", "main"),
        ("git@git.library.example:x;password=word/y", "main"),
        ("ssh://na%3Ame:wo@rd@git.library.example/x", "main"),
        ("https://git.library.example/x?access=word", "main"),
        ("ssh://git@git.library.example/x?word", "main"),
        ("https://git.library.example/x#word", "main"),
        (f"https://git.library.example/{_TOKEN}/x", "main"),
        (f"git@git.library.example:{_TOKEN}/x", "main"),
        (f"https://git.library.example/{_TOKEN.replace('_', '%5F')}/x", "main"),
        ("https://git.library.example/x", _TOKEN),
        ("https://git.library.example/x\0", "main"),
        ("/srv/x\n", "main"),
        ("git@git.library.example:x\x1b", "main"),
        ("", "main"),
        ("https://git.library.example/x", ""),
    ],
)
def test_an_address_or_ref_that_could_mean_more_is_refused_before_git_runs(url: str, ref: str) -> None:
    with pytest.raises(SourceUnreadableError) as caught:
        verify_git_source(GitSource(url=url, ref=ref))
    assert "word" not in str(caught.value.details())
    assert _TOKEN[4:] not in str(caught.value.details())


@pytest.mark.req("K-01", "K-07")
@pytest.mark.parametrize(
    "url",
    [
        "ssh://git@git.library.example/x",
        "git@git.library.example:x/y",
        "https://git.library.example/x",
        "https://git.library.example/a%20name/token-service.git",
        "ssh://git@git.library.example:2222/auth/secrets",
    ],
)
def test_an_address_with_a_user_alone_is_taken(url: str) -> None:
    verify_git_source(GitSource(url=url, ref="main"))


@pytest.mark.req("B-03", "B-07")
def test_a_credential_in_the_path_of_an_address_is_not_in_the_provenance() -> None:
    assert describe_address(f"https://git.library.example/{_TOKEN}/x") == ""
    assert describe_address("https://name:word@git.library.example/x?word") == "https://git.library.example/x"


@pytest.mark.req("K-01", "K-07")
def test_a_failure_of_git_says_nothing_of_addresses_or_places(reader: SourceReader, tmp_path: Path) -> None:
    empty = tmp_path / "repositories" / "empty"
    empty.mkdir(parents=True)
    with pytest.raises(SourceUnreadableError) as caught:
        asyncio.run(_read(reader, GitSource(url=str(empty), ref="main")))
    said = f"{caught.value} {caught.value.details()} {caught.value.remedy}"
    assert str(tmp_path) not in said


@pytest.mark.req("K-07", "K-09")
def test_a_directory_outside_of_the_roots_is_no_source(reader: SourceReader, tmp_path: Path) -> None:
    (tmp_path / "repositories").mkdir()
    inside = tmp_path / "repositories" / "shop"
    inside.mkdir()
    reader.verify(DirectorySource(path=str(inside)))
    (tmp_path / "repositories" / "link").symlink_to("/etc")
    for path in (
        "/etc",
        str(tmp_path),
        str(inside / ".." / ".."),
        str(tmp_path / "repositories" / "link"),
        str(inside / "x"),
    ):
        with pytest.raises(SourceUnreadableError):
            reader.verify(DirectorySource(path=path))
    with pytest.raises(SourceUnreadableError):
        reader.verify(GitSource(url="file:///etc", ref="main"))


@pytest.mark.req("K-01")
def test_a_published_workspace_has_nothing_to_build(reader: SourceReader) -> None:
    async def read() -> None:
        async with reader.open(PublishedSource()):
            pass

    with pytest.raises(SourceUnreadableError):
        asyncio.run(read())


def _lead_out(kind: str, inside: Path, private: Path) -> str:
    """Prepare a repository below the root that leads to a private one outside of it; return the address to try."""
    if kind == "file of git":
        inside.mkdir()
        (inside / ".git").write_text(f"gitdir: {private / '.git'}\n")
        return str(inside)
    if kind == "link":
        inside.mkdir()
        (inside / ".git").symlink_to(private / ".git")
        return str(inside)
    if kind == "escape":
        (inside / "%2e%2e").mkdir(parents=True)
        return f"file://{inside}/%2e%2e/../../{private.name}"
    _git(inside.parent, "init", "--quiet", "--initial-branch=main", inside.name)
    commit = _git(private, "rev-parse", "HEAD")
    (inside / ".git" / "refs" / "heads" / "main").write_text(f"{commit}\n")
    if kind == "alternates":
        (inside / ".git" / "objects" / "info" / "alternates").write_text(f"{private / '.git' / 'objects'}\n")
    elif kind == "common directory":
        (inside / ".git" / "commondir").write_text(f"{private / '.git'}\n")
    elif kind == "objects":
        for folder in (private / ".git" / "objects").glob("??"):
            (inside / ".git" / "objects" / folder.name).symlink_to(folder)
    else:
        return {"host": f"file://localhost{inside}", "relative": f"file://{inside.name}"}[kind]
    return str(inside)


@pytest.mark.req("K-07", "K-09")
@pytest.mark.parametrize(
    "kind",
    ["file of git", "link", "escape", "alternates", "common directory", "objects", "host", "relative"],
)
def test_no_repository_leads_out_of_the_roots(reader: SourceReader, tmp_path: Path, kind: str) -> None:
    private = tmp_path / "private"
    private.mkdir()
    _git(private, "init", "--quiet", "--initial-branch=main")
    _commit(private, {"secret.md": "PRIVATE BODY\n"})
    root = tmp_path / "repositories"
    root.mkdir()
    source = GitSource(url=_lead_out(kind, root / "led", private), ref="main")
    with pytest.raises(SourceUnreadableError):
        reader.verify(source)
    with pytest.raises(SourceUnreadableError):
        asyncio.run(_read(reader, source))


@pytest.mark.req("K-01")
def test_a_bare_repository_below_a_root_is_read(reader: SourceReader, repository: Path) -> None:
    bare = repository.parent / "bare.git"
    _git(repository.parent, "clone", "--quiet", "--bare", "--no-local", str(repository), str(bare))
    for url in (str(bare), f"file://{bare}"):
        files, _ = asyncio.run(_read(reader, GitSource(url=url, ref="main")))
        assert "agents/guide.md" in files
