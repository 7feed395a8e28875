"""What assembly writes down on its way: remarks, blobs, the file behind each item, and what had to go."""

from collections.abc import Mapping
from typing import TypeAlias

from msgspec import Struct

from yoi_bundle.authoring.source.walk import show_path
from yoi_bundle.diagnostics import Diagnostic, Severity
from yoi_bundle.digest import compute_digest
from yoi_bundle.manifest import Descriptor
from yoi_bundle.media_types import MediaType

ItemKey: TypeAlias = tuple[str, str]
"""Section of the manifest and id: `("profiles", "reviewer")`."""


class Place(Struct, frozen=True):
    """Where an item or a blob stands in the source."""

    file: str
    line: int = 0


class BlobUse(Struct, frozen=True):
    """A blob as part of an item.

    Attributes:
        place: The file it was cut from, and the line of the file on which it starts.
    """

    item: ItemKey
    place: Place
    media_type: MediaType


class Ledger:
    """Mutable, for one assembly."""

    def __init__(self, excluded: frozenset[ItemKey], sources: Mapping[str, bytes]) -> None:
        """Start with what is left out from the beginning; `sources` are the files' bytes by path."""
        self.sources = sources
        self.lost: set[ItemKey] = set(excluded)
        self.reserved: frozenset[ItemKey] = frozenset()
        self.diagnostics: list[Diagnostic] = []
        self.places: dict[ItemKey, Place] = {}
        self.blobs: dict[str, bytes] = {}
        self.uses: dict[str, list[BlobUse]] = {}
        self.package_files: dict[ItemKey, tuple[str, ...]] = {}

    def report(self, severity: Severity, rule: str, place: Place, message: str, remedy: str = "") -> None:
        """Write down one remark."""
        self.diagnostics.append(
            Diagnostic(
                severity=severity,
                rule=rule,
                file=show_path(place.file),
                line=place.line,
                message=message,
                remedy=remedy,
            )
        )

    def lose(self, key: ItemKey, rule: str, place: Place, message: str, remedy: str = "") -> None:
        """Leave an item out, with the error that says why."""
        self.lost.add(key)
        self.report("error", rule, place, message, remedy)

    def add_blob(self, data: bytes, media_type: MediaType, item: ItemKey, place: Place) -> Descriptor:
        """Keep bytes under their digest; equal bytes are kept once (B-05)."""
        digest = compute_digest(data)
        self.blobs[digest] = data
        self.uses.setdefault(digest, []).append(BlobUse(item, place, media_type))
        return Descriptor(media_type=media_type, digest=digest, size=len(data))

    def find_body_line(self, path: str, body: bytes) -> int:
        """Return the line, from 1, on which a file's last bytes start."""
        whole = self.sources.get(path, body)
        return whole.count(b"\n", 0, len(whole) - len(body)) + 1 if whole.endswith(body) else 1
