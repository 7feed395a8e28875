"""Watch on directories: a change of a file is a hint to build again, the timer is the guarantee (K-04)."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from watchfiles import DefaultFilter, awatch

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
