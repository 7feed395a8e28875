"""Probes of this host's disk: mounted directories and programs."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from worker_runtime.host.dedicated_threads import DedicatedThreads
from yoi_bundle.manifest import Access


class DirectoryProbe:
    """Implements `MountProbe` on the paths of one workspace's bindings."""

    def __init__(self, paths: Mapping[str, str], threads: DedicatedThreads) -> None:
        self._paths = dict(paths)
        self._threads = threads

    async def probe_mount(self, name: str) -> Access | None:
        path = self._paths.get(name)
        return None if path is None else await self._threads.run(lambda: _probe(Path(path)))


class PathProbe:
    """Implements `CommandProbe` on a search path.

    Each question looks at the disk. Where a program was found last is looked at first, and the whole path again only
    when there is none any more: a program that is still there answers the question, whatever comes before it.

    Attributes:
        search_path: Directories joined as in `PATH`; absent for the process's own.
    """

    def __init__(self, threads: DedicatedThreads, search_path: str | None = None) -> None:
        self._threads = threads
        self._search_path = search_path
        self._places: dict[str, str] = {}

    async def has_command(self, command: str) -> bool:
        if "/" in command:
            return False
        return await self._threads.run(lambda: self._has_command(command))

    def _has_command(self, command: str) -> bool:
        place = self._places.get(command)
        if place is not None and _is_program(place):
            return True
        found = shutil.which(command, path=self._search_path)
        if found is not None:
            self._places[command] = found
        return found is not None


def _is_program(place: str) -> bool:
    """Tell what `shutil.which` asks of a file."""
    return os.access(place, os.F_OK | os.X_OK) and not os.path.isdir(place)  # noqa: PTH112


def _probe(path: Path) -> Access | None:
    if not path.is_dir() or not os.access(path, os.R_OK | os.X_OK):
        return None
    return "rw" if os.access(path, os.W_OK) else "ro"
