"""Checkout: a workspace's content at one moment, as a directory that a builder may read."""

from pathlib import Path

from msgspec import Struct

from yoi_bundle.metadata import Provenance
from yoi_wire.errors import RequestInvalidError

BUILDER = "yoi-workspace-server"


class Checkout(Struct, frozen=True, kw_only=True):
    """A directory, and what may be claimed about it.

    Attributes:
        directory: Read it while the checkout is open; nothing may be written to it.
    """

    directory: Path
    provenance: Provenance


class SourceUnreadableError(RequestInvalidError):
    """A workspace's source cannot be read; the message says nothing of this host's places.

    Attributes:
        reason: Safe for any reader of the workspace.
    """

    def __init__(self, reason: str, *, remedy: str) -> None:
        self.reason = reason
        self.remedy = remedy
        super().__init__(reason, field="source")
