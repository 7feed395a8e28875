"""Local git repositories as sources: none that leads git out of the roots that the operator named (K-07, K-09).

Git follows by itself what a check of the path alone does not see: a `.git` file, links, alternates, a common directory.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from yoi_workspace_server.sources.checkout import SourceUnreadableError

_REMEDY = "name a repository that is whole in itself, made with `git clone --no-local`"
_LEADING_OUT = ("commondir", "objects/info/alternates", "objects/info/http-alternates")
_MAX_ENTRIES = 200_000


def find_local_path(url: str) -> Path | None:
    """Return the path that an address of this host means; None for one of another host.

    Raises:
        SourceUnreadableError: It is a `file:` URL of another form than `file:///PATH`, which git reads in its own way.
    """
    if url.startswith("/"):
        return Path(url)
    if not url.lower().startswith("file:"):
        return None
    path = url.removeprefix("file://")
    if not url.startswith("file:///") or "%" in path:
        raise SourceUnreadableError("no plain address of a directory", remedy="write the path itself")
    return Path(path)


def verify_self_contained(directory: Path, *, has_to_be_one: bool = True) -> None:
    """Check that nothing in a repository leads git to another place.

    Args:
        directory: The repository, bare or with a work tree; links in the path are resolved already.
        has_to_be_one: Whether to refuse what is no repository yet. Git must never be sent to one: it would try the
            directory's name with `.git` behind it.

    Raises:
        SourceUnreadableError: Something does, or it is no repository.
    """
    repository = directory / ".git"
    if not os.path.lexists(repository):
        repository = directory
    try:
        _verify(repository, has_to_be_one=has_to_be_one)
    except OSError:
        raise SourceUnreadableError("no repository that the server can read", remedy=_REMEDY) from None


def _verify(repository: Path, *, has_to_be_one: bool) -> None:
    if repository.is_symlink() or not repository.is_dir():
        raise SourceUnreadableError("the repository lies elsewhere", remedy=_REMEDY)
    if not (repository / "objects").is_dir() or not (repository / "HEAD").is_file():
        if has_to_be_one:
            raise SourceUnreadableError("it is no repository", remedy=_REMEDY)
        return
    for name in _LEADING_OUT:
        if os.path.lexists(repository / name):
            raise SourceUnreadableError("the repository takes objects from elsewhere", remedy=_REMEDY)
    for number, entry in enumerate(_walk(repository)):
        if entry.is_symlink():
            raise SourceUnreadableError("a link in the repository leads elsewhere", remedy=_REMEDY)
        if number >= _MAX_ENTRIES:
            raise SourceUnreadableError("the repository has too many files", remedy="run `git gc` in it")


def _walk(directory: Path) -> Iterator[os.DirEntry[str]]:
    with os.scandir(directory) as entries:
        for entry in entries:
            yield entry
            if entry.is_dir(follow_symlinks=False) and entry.name not in {"hooks", "logs"}:
                yield from _walk(Path(entry.path))
