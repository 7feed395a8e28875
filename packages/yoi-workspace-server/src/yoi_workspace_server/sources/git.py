"""Git repository as a source: one commit of it, as a directory of files (K-01)."""

import re
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

from yoi_bundle.authoring.source.provenance import describe_address
from yoi_bundle.limits import DEFAULT_LIMITS, Limits
from yoi_bundle.metadata import Provenance, holds_path_credential
from yoi_wire.backend.workspaces import GitSource
from yoi_workspace_server.sources.checkout import BUILDER, Checkout, SourceUnreadableError
from yoi_workspace_server.sources.git_program import GitProgram

_ADDRESS = re.compile(
    r"(?:https?|ssh|git|file)://[^\s]{1,2000}|[A-Za-z0-9._-]+@[A-Za-z0-9.-]+:[^\s]{1,2000}|/[^\0]{1,2000}"
)
_REF = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/+-]{0,254}")
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_WEB_USERINFO = re.compile(r"(?:https?|git)://[^/?#]*@", re.IGNORECASE)
_PASSWORD = re.compile(r"[a-z][a-z0-9+.-]*://[^/?#@]*:[^/?#]*@", re.IGNORECASE)
"""Userinfo with a password, of any scheme; `ssh://git@HOST` names a user alone."""
_ENCODED_HOST = re.compile(r"[a-z][a-z0-9+.-]*://[^/?#]*%", re.IGNORECASE)
"""Git decodes what stands before the path, so that `u%3Aword@` is a user with a password, too."""
_SECRET_WORD = re.compile(
    r"(?:token|password|passwd|pwd|secret|credential|private[_-]?key|api[_-]?key|auth)\s*[=:]", re.IGNORECASE
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_MAX_FILES = 100_000


def verify_git_source(source: GitSource) -> None:
    """Check the form of an address and a ref, before git sees them.

    Raises:
        SourceUnreadableError: One of them is none, or the address holds a credential.
    """
    if _CONTROL.search(f"{source.url}{source.subdirectory}"):
        raise SourceUnreadableError(
            "a control character in an address or a path", remedy="write it without any"
        )
    if not _ADDRESS.fullmatch(source.url):
        raise SourceUnreadableError(
            "no address of a repository", remedy="write https://HOST/PATH or USER@HOST:PATH"
        )
    if _holds_credential(source.url) or holds_path_credential(f"{source.ref} {source.subdirectory}"):
        raise SourceUnreadableError(
            "the address holds a credential",
            remedy="take it out; the server's git configuration names a credential helper",
        )
    if _ENCODED_HOST.match(source.url):
        raise SourceUnreadableError(
            "an encoded character before the path of an address", remedy="write user and host as they are"
        )
    if not source.url.startswith("/") and re.search(r"[?#]", source.url):
        raise SourceUnreadableError(
            "an address with a query or fragment", remedy="write scheme, host and path alone"
        )
    if not _REF.fullmatch(source.ref) or ".." in source.ref or source.ref.endswith((".lock", "/", ".")):
        raise SourceUnreadableError("no name of a branch, tag or commit", remedy="write for example `main`")
    parts = PurePosixPath(source.subdirectory).parts
    if source.subdirectory and (source.subdirectory.startswith("/") or ".." in parts):
        raise SourceUnreadableError(
            "no path in the repository", remedy="write it relative to the repository's root"
        )


def _holds_credential(url: str) -> bool:
    """Tell whether an address holds a password, a token, or a word of a path by which programs hand one over."""
    if _WEB_USERINFO.match(url) or _PASSWORD.match(url) or holds_path_credential(url):
        return True
    return not url.startswith("/") and _SECRET_WORD.search(unquote(url)) is not None


class GitReader:
    """Reads commits of repositories; each checkout is fetched anew and gone afterwards."""

    def __init__(self, git: GitProgram, *, temporary: Path, limits: Limits = DEFAULT_LIMITS) -> None:
        self._git = git
        self._temporary = temporary
        self._limits = limits

    async def find_commit(self, source: GitSource) -> str:
        """Ask the repository which commit a ref is; nothing is fetched.

        Raises:
            SourceUnreadableError: It cannot be reached, or has no such ref.
        """
        verify_git_source(source)
        if _COMMIT.fullmatch(source.ref):
            return source.ref
        patterns = [
            source.ref,
            f"refs/heads/{source.ref}",
            f"refs/tags/{source.ref}",
            f"refs/tags/{source.ref}^{{}}",
        ]
        output = await self._git.run(
            *("ls-remote", "--", source.url, *patterns),
            directory=self._temporary,
            failure="the repository cannot be read",
        )
        found: dict[str, str] = {}
        for line in output.decode("utf-8", "replace").splitlines():
            commit, _, name = line.partition("\t")
            found[name] = commit
        for name in (patterns[3], patterns[1], patterns[2], source.ref):
            commit = found.get(name, "")
            if _COMMIT.fullmatch(commit):
                return commit
        raise SourceUnreadableError(
            "the repository has no such ref", remedy="name a branch, tag or commit that is there"
        )

    @asynccontextmanager
    async def open(self, source: GitSource, commit: str) -> AsyncIterator[Checkout]:
        """Fetch one commit, and give its files as a directory while the context lasts.

        Raises:
            SourceUnreadableError: It cannot be fetched, or holds more than a bundle may.
        """
        place = Path(tempfile.mkdtemp(prefix="git-", dir=self._temporary))
        try:
            repository = place / "repository"
            repository.mkdir()
            await self._git.run(
                "init", "--quiet", "--bare", directory=repository, failure="git cannot be used"
            )
            await self._git.run(
                *("fetch", "--quiet", "--depth=1", "--no-tags", "--no-recurse-submodules"),
                *("--end-of-options", source.url, commit if _COMMIT.fullmatch(source.ref) else source.ref),
                directory=repository,
                failure="the commit cannot be fetched",
            )
            fetched = await self._git.run(
                "rev-parse",
                "--verify",
                "FETCH_HEAD^{commit}",
                directory=repository,
                failure="it is no commit",
            )
            commit = fetched.decode("ascii").strip()
            tree = f"{commit}:{source.subdirectory.strip('/')}"
            await self._verify_size(repository, tree)
            files = place / "files"
            files.mkdir()
            await self._write_files(repository, tree, files, index=place / "index")
            yield Checkout(directory=files, provenance=_describe(source, commit))
        finally:
            shutil.rmtree(place, ignore_errors=True)

    async def _verify_size(self, repository: Path, tree: str) -> None:
        listing = await self._git.run(
            *("ls-tree", "-r", "-l", "-z", "--end-of-options", tree),
            directory=repository,
            failure="the commit has no such directory",
        )
        entries = [entry for entry in listing.split(b"\0") if entry]
        sizes = (entry.split(b"\t", 1)[0].split()[3] for entry in entries)
        total = sum(int(size) for size in sizes if size.isdigit())
        if len(entries) > _MAX_FILES or total > self._limits.bundle_bytes:
            raise SourceUnreadableError(
                f"the directory holds {len(entries)} files of {total} bytes",
                remedy="name a subdirectory that holds the workspace alone",
            )

    async def _write_files(self, repository: Path, tree: str, files: Path, *, index: Path) -> None:
        """Write the files as a checkout does, links as links; the walk over them follows none that lead out."""
        failure = "the files cannot be written"
        await self._git.run("read-tree", tree, directory=repository, failure=failure, index=index)
        await self._git.run(
            *("-c", "core.bare=false", "-c", "core.autocrlf=false", f"--work-tree={files}"),
            *("checkout-index", "--all", "--force", "--quiet", f"--prefix={files}/"),
            directory=repository,
            failure=failure,
            index=index,
        )


def _describe(source: GitSource, commit: str) -> Provenance:
    return Provenance(
        kind="git",
        source=describe_address(source.url),
        commit=commit,
        builder=BUILDER,
        builder_version=version("yoi-workspace-server"),
    )
