"""Ledger of an assembly: diagnostics, blobs, the file behind each item, and what had to go."""

from collections.abc import Mapping
from typing import TypeAlias

from msgspec import Struct

from yoi_bundle.authoring.drafts.diagnostics import DiagnosticRule, Diagnostics, Place
from yoi_bundle.authoring.source.tree import WORKSPACE_FILE
from yoi_bundle.boundary.redaction import redact_pointer
from yoi_bundle.digest import compute_digest
from yoi_bundle.faults import join_pointer
from yoi_bundle.manifest import Descriptor
from yoi_bundle.media_types import MediaType

ItemKey: TypeAlias = tuple[str, str]
"""Section of the manifest and id: `("profiles", "reviewer")`."""


_REDACTED = " characters)"
"""What `redact_name` writes instead of a name that looks generated; no id holds a space."""


class BlobUse(Struct, frozen=True):
    """A blob as part of an item.

    Attributes:
        place: The file it was cut from, and the line of the file on which it starts.
    """

    item: ItemKey
    place: Place
    media_type: MediaType


class Ledger(Diagnostics):
    """What one assembly writes down; mutable.

    Attributes:
        sources: The files' bytes by path.
        lost: Items that are left out.
        places: Where each item stands, also one that is lost.
        blobs: Bytes by digest, also of items that are lost.
        uses: By digest, the items that a blob is part of.
        package_files: By plugin, the paths of the files that its package holds.
    """

    def __init__(self, excluded: frozenset[ItemKey], sources: Mapping[str, bytes]) -> None:
        super().__init__()
        self.sources = sources
        self.lost: set[ItemKey] = set(excluded)
        self.places: dict[ItemKey, Place] = {}
        self.blobs: dict[str, bytes] = {}
        self.uses: dict[str, list[BlobUse]] = {}
        self.package_files: dict[ItemKey, tuple[str, ...]] = {}

    def lose(self, key: ItemKey, rule: DiagnosticRule, place: Place, message: str, remedy: str = "") -> None:
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


class ItemPointers:
    """Looks items up by pointer, also by one whose steps were redacted because they look like credentials."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._redacted: dict[str, list[ItemKey]] | None = None

    def find_items(self, pointer: str) -> tuple[ItemKey, ...]:
        """Return the item in which a pointer ends: none, or several that look the same when redacted."""
        steps = pointer.split("/")
        if len(steps) < 3:
            return ()
        key = (steps[1], steps[2].replace("~1", "/").replace("~0", "~"))
        if key in self._ledger.places:
            return (key,)
        if _REDACTED not in steps[2]:
            return ()
        if self._redacted is None:
            self._redacted = {}
            for section, name in self._ledger.places:
                shown = redact_pointer(join_pointer(f"/{section}", name))
                self._redacted.setdefault(shown, []).append((section, name))
        return tuple(self._redacted.get("/".join(steps[:3]), ()))

    def find_item(self, pointer: str) -> ItemKey | None:
        """Return the item in which a pointer that was not redacted ends, or None when it is in none."""
        items = self.find_items(pointer)
        return items[0] if items else None

    def find_place(self, pointer: str) -> Place:
        """Return the file and line of the item in which a pointer ends; `workspace.toml` for what is in none."""
        item = self.find_item(pointer)
        return Place(WORKSPACE_FILE) if item is None else self._ledger.places[item]
