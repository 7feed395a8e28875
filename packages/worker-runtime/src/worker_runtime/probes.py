"""What lies on this host's disk: mounted directories and programs."""

import asyncio
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from yoi_bundle.manifest import Access


class DirectoryProbe:
    """Implements `MountProbe` on the paths of one workspace's bindings."""

    def __init__(self, paths: Mapping[str, str]) -> None:
        self._paths = dict(paths)

    async def probe_mount(self, name: str) -> Access | None:
        path = self._paths.get(name)
        return None if path is None else await asyncio.to_thread(_probe, Path(path))


class PathProbe:
    """Implements `CommandProbe` on a search path.

    Attributes:
        search_path: Directories joined as in `PATH`; absent for the process's own.
    """

    def __init__(self, search_path: str | None = None) -> None:
        self._search_path = search_path

    async def has_command(self, command: str) -> bool:
        if "/" in command:
            return False
        return await asyncio.to_thread(shutil.which, command, path=self._search_path) is not None


def _probe(path: Path) -> Access | None:
    if not path.is_dir() or not os.access(path, os.R_OK | os.X_OK):
        return None
    return "rw" if os.access(path, os.W_OK) else "ro"
