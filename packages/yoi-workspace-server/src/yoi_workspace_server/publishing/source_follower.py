"""Follower of sources: builds what changes; the timer finds a change that nobody saw (K-01, K-04)."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path

from watchfiles import DefaultFilter, awatch

from yoi_bundle.errors import YoiError
from yoi_wire.backend.workspaces import DirectorySource, PublishedSource, Source
from yoi_wire.paging import MAX_PAGE_SIZE, collect_pages
from yoi_workspace_server.event_log import LOG
from yoi_workspace_server.publishing.builder import Builder
from yoi_workspace_server.revisions import BuildRecord
from yoi_workspace_server.sources.checkout import SourceUnreadableError
from yoi_workspace_server.store.store import Store
from yoi_workspace_server.workspaces import Workspace

_TURN_SECONDS = 1.0


class SourceFollower:
    """Builds workspaces whose sources change, until it is told to stop.

    Args:
        store: Where workspaces are.
        builder: Builds.
        poll_seconds: How often a repository is asked for its commit, and a directory is built although nobody saw a
            change; spread by a fifth either way.
        announce: Told of every build.
        draw: Uniform in [0, 1).
    """

    def __init__(
        self,
        store: Store,
        builder: Builder,
        *,
        poll_seconds: float,
        announce: Callable[[BuildRecord], None] = lambda _: None,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self._store = store
        self._builder = builder
        self._poll_seconds = poll_seconds
        self._announce = announce
        self._draw = draw
        self._following: dict[str, tuple[Source, asyncio.Task[None]]] = {}

    async def run(self, stopping: asyncio.Event) -> None:
        """Follow the sources of all workspaces; those that come, go or change are noticed within a second."""
        try:
            while not stopping.is_set():
                try:
                    self._adapt(await self._list_workspaces())
                except YoiError as error:
                    LOG.event("following_paused", code=error.code)
                except Exception as error:  # noqa: BLE001 - the supervising loop
                    LOG.event("following_fault", error=type(error).__name__)
                with suppress(TimeoutError):
                    async with asyncio.timeout(_TURN_SECONDS):
                        await stopping.wait()
        finally:
            self._adapt([])

    def _adapt(self, workspaces: list[Workspace]) -> None:
        wanted = {one.id: one.source for one in workspaces if not isinstance(one.source, PublishedSource)}
        for workspace, (source, task) in list(self._following.items()):
            if wanted.get(workspace) != source or task.done():
                task.cancel()
                del self._following[workspace]
        for workspace, source in wanted.items():
            if workspace not in self._following:
                task = asyncio.create_task(self._follow(workspace, source), name=f"follow {workspace}")
                self._following[workspace] = (source, task)

    async def _follow(self, workspace: str, source: Source) -> None:
        changed = asyncio.Event()
        watching = None
        if isinstance(source, DirectorySource):
            watching = asyncio.create_task(self._watch(Path(source.path), changed))
        try:
            while True:
                changed.clear()
                await self._build(workspace)
                wait = self._poll_seconds * (0.8 + 0.4 * self._draw())
                with suppress(TimeoutError):
                    async with asyncio.timeout(wait):
                        await changed.wait()
        finally:
            if watching is not None:
                watching.cancel()
                await asyncio.gather(watching, return_exceptions=True)

    async def _build(self, workspace: str) -> None:
        try:
            try:
                needed = await self._builder.needs_build(workspace)
            except SourceUnreadableError:
                needed = True  # the build says so, and records it
            if needed:
                self._announce(await self._builder.build(workspace))
        except YoiError as error:
            LOG.event("build_not_recorded", workspace=workspace, code=error.code)
        except Exception as error:  # noqa: BLE001 - a supervising loop outlives what it supervises
            LOG.event("build_fault", workspace=workspace, error=type(error).__name__)

    async def _watch(self, directory: Path, changed: asyncio.Event) -> None:
        """Watch for as long as the directory is there; without a watch the timer alone goes on."""
        never = asyncio.Event()
        with suppress(OSError, RuntimeError):
            async for _ in watch_directory(directory, stop=never):
                changed.set()

    async def _list_workspaces(self) -> list[Workspace]:
        return await collect_pages(
            lambda cursor: self._store.workspaces.list_workspaces(limit=MAX_PAGE_SIZE, cursor=cursor)
        )


_SETTLE_MILLISECONDS = 200
"""An editor writes several times for one save."""

_FILTER = DefaultFilter(ignore_dirs=(".git", ".hg", ".jj", ".svn", "__pycache__", "node_modules"))
"""Leaves out what version control and editors write for themselves."""


async def watch_directory(directory: Path, *, stop: asyncio.Event) -> AsyncIterator[None]:
    """Yield after each burst of changes below a directory, until told to stop; ends when the directory goes away."""
    async for _ in awatch(
        directory, watch_filter=_FILTER, step=_SETTLE_MILLISECONDS, stop_event=stop, recursive=True
    ):
        yield
