"""Which directories of the Backend's host may be sources: those below the roots that its operator named."""

from collections.abc import Sequence
from pathlib import Path

from yoi_workspace_server.sources.checkout import SourceUnreadableError

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
