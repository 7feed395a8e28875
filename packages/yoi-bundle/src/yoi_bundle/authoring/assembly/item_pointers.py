"""From JSON pointers into a manifest back to items, and to the files that people edit."""

from yoi_bundle.authoring.assembly.ledger import ItemKey, Ledger, Place
from yoi_bundle.authoring.source.workspace_path import WORKSPACE_FILE
from yoi_bundle.boundary.redaction import redact_pointer
from yoi_bundle.faults import join_pointer

_REDACTED = " characters)"
"""What `redact_name` writes instead of a name that looks generated; no id holds a space."""


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
