"""Ignored files of a git work tree: what a commit of it would not have either, and so a workspace does not (B-14)."""

import subprocess
from pathlib import Path

from msgspec import Struct

_TIMEOUT_SECONDS = 30


class Ignored(Struct, frozen=True):
    """Paths below a workspace that git ignores and does not track; those of directories end with a slash."""

    paths: frozenset[bytes] = frozenset()

    def has_file(self, path: bytes) -> bool:
        return path in self.paths

    def has_directory(self, path: bytes) -> bool:
        return path + b"/" in self.paths


NOTHING_IGNORED = Ignored()


def find_ignored(directory: Path) -> Ignored:
    """Ask git what it ignores in a directory; outside of a work tree, or without git, that is nothing.

    What is tracked is not ignored, whatever `.gitignore` says, so that a work tree and its commit give one bundle. A
    directory that is ignored itself, such as a temporary one inside a project, is a workspace like any other.
    """
    if _ask_git(directory, "check-ignore", "--quiet", "--", ".") is not None:
        return NOTHING_IGNORED
    listed = _ask_git(
        directory, "ls-files", "--others", "--ignored", "--exclude-standard", "--directory", "-z", "--", "."
    )
    return Ignored(frozenset(path for path in (listed or b"").split(b"\0") if path not in (b"", b"./")))


def _ask_git(directory: Path, *arguments: str) -> bytes | None:
    # A repository's own settings may name a program to watch files; none is started.
    command = ["git", "-c", "core.fsmonitor=false", "-C", str(directory), *arguments]
    try:
        done = subprocess.run(
            command, capture_output=True, check=False, timeout=_TIMEOUT_SECONDS, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None
