"""Source reader for every kind of source, within the roots that the operator named."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from importlib.metadata import version
from pathlib import Path

from msgspec.structs import replace

from yoi_bundle.authoring.source.provenance import describe_provenance
from yoi_wire.backend.workspaces import DirectorySource, GitSource, PublishedSource, Source
from yoi_workspace_server.sources.checkout import BUILDER, Checkout, SourceUnreadableError
from yoi_workspace_server.sources.git import GitReader, verify_git_source
from yoi_workspace_server.sources.local_repository import find_local_path, verify_self_contained

_REMEDY = "name a directory below one of the server's `source_roots`, or publish finished bundles"


def verify_allowed(path: Path, roots: Sequence[Path]) -> Path:
    """Return the directory that a path means, links followed, when it lies in or below a root.

    Without roots no directory of this host may be a source: who can add a workspace over the network could otherwise
    read whatever the server can.

    Raises:
        SourceUnreadableError: It lies elsewhere, or is no directory.
    """
    try:
        found = path.resolve(strict=True)
    except (OSError, RuntimeError):
        raise SourceUnreadableError("the directory is not there", remedy=_REMEDY) from None
    if not any(found.is_relative_to(root.resolve()) for root in roots):
        raise SourceUnreadableError("the server may not read this directory", remedy=_REMEDY)
    if not found.is_dir():
        raise SourceUnreadableError("it is no directory", remedy=_REMEDY)
    return found


class SourceReader:
    """Opens workspaces' sources.

    Args:
        git: For repositories.
        roots: Directories of this host below which sources may lie; see `verify_allowed`.
    """

    def __init__(self, git: GitReader, *, roots: Sequence[Path] = ()) -> None:
        self._git = git
        self._roots = tuple(roots)

    def verify(self, source: Source) -> None:
        """Check that a source is one that this server may read; it may still not be there.

        Raises:
            SourceUnreadableError: It may not.
        """
        match source:
            case DirectorySource(path=path):
                verify_allowed(Path(path), self._roots)
            case GitSource():
                self._locate(source, has_to_be_one=False)
            case PublishedSource():
                pass

    def _locate(self, source: GitSource, *, has_to_be_one: bool = True) -> GitSource:
        """Return a source whose address git cannot read in another way than it was checked."""
        verify_git_source(source)
        path = find_local_path(source.url)
        if path is None:
            return source
        found = verify_allowed(path, self._roots)
        verify_self_contained(found, has_to_be_one=has_to_be_one)
        return replace(source, url=str(found))

    async def find_version(self, source: Source) -> str | None:
        """Return what differs when the content does, if that can be told without reading it all: a commit.

        Raises:
            SourceUnreadableError: It cannot be reached.
        """
        if isinstance(source, GitSource):
            return await self._git.find_commit(await asyncio.to_thread(self._locate, source))
        self.verify(source)
        return None

    @asynccontextmanager
    async def open(self, source: Source, version_found: str | None = None) -> AsyncIterator[Checkout]:
        """Give a source's files as a directory, while the context lasts.

        Args:
            source: The source.
            version_found: What `find_version` returned, when it was asked.

        Raises:
            SourceUnreadableError: There is none, or it cannot be read.
        """
        match source:
            case DirectorySource(path=path):
                directory = verify_allowed(Path(path), self._roots)
                provenance = await asyncio.to_thread(
                    describe_provenance,
                    directory,
                    builder=BUILDER,
                    builder_version=version("yoi-workspace-server"),
                )
                yield Checkout(directory=directory, provenance=provenance)
            case GitSource():
                located = await asyncio.to_thread(self._locate, source)
                commit = version_found or await self._git.find_commit(located)
                async with self._git.open(located, commit) as checkout:
                    yield checkout
            case PublishedSource():
                raise SourceUnreadableError(
                    "the workspace has no source to build", remedy="publish a finished bundle to it"
                )
