"""Where a workspace's content came from, as far as this machine can tell; a claim, never part of the digest (B-03)."""

import re
import subprocess
from pathlib import Path

from yoi_bundle.metadata import Provenance, remove_credentials

_REMOTE = re.compile(r"(?:https?|ssh|git)://[^\s]+|[A-Za-z0-9._-]+@[A-Za-z0-9.-]+:[^\s]+")
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_TIMEOUT_SECONDS = 30


def describe_provenance(directory: Path, *, builder: str, builder_version: str) -> Provenance:
    """Ask git where a directory's content came from; without git, a repository or a commit it is just a directory.

    Args:
        directory: The workspace.
        builder: Name of the program that builds.
        builder_version: Its version.

    Returns:
        What the metadata of a bundle say, without credentials and without a path of this machine (B-08).
    """
    commit = _ask_git(directory, "rev-parse", "--verify", "HEAD")
    if commit is None or not _COMMIT.fullmatch(commit):
        return Provenance(kind="directory", builder=builder, builder_version=builder_version)
    changes = _ask_git(directory, "status", "--porcelain", "--untracked-files=normal", "--", ".")
    return Provenance(
        kind="git",
        source=describe_address(_ask_git(directory, "config", "--get", "remote.origin.url") or ""),
        commit=commit,
        dirty=changes is None or bool(changes),
        builder=builder,
        builder_version=builder_version,
    )


def describe_address(remote: str) -> str:
    """Keep an address that means the same elsewhere; a path of this machine is left out (B-08)."""
    if not _REMOTE.fullmatch(remote):
        return ""
    return remove_credentials(remote)[:1024]


def _ask_git(directory: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-c", "core.fsmonitor=false", "-C", str(directory), *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=_TIMEOUT_SECONDS,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
