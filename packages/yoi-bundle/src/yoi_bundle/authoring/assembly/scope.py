"""Names resolved by scope: of several items with one name, the nearest to the file that says it (B-10, B-14).

Near is what shares more of its path: the same plugin's folder before its neighbours, the workspace last. Two that
are equally near make the name ambiguous, and no guess is made.
"""

from collections import defaultdict
from collections.abc import Iterable

from msgspec import Struct


class _Entry(Struct, frozen=True):
    steps: tuple[str, ...]
    item: str


class NameIndex:
    """Items of one kind by all the names that people use for them."""

    def __init__(self) -> None:
        self._entries: defaultdict[str, list[_Entry]] = defaultdict(list)

    def add(self, item: str, path: str, names: Iterable[str]) -> None:
        """Enter an item under its names; empty names are skipped.

        Args:
            item: Its id.
            path: The file it stands in.
            names: Its id, the last part of it, its declared name.
        """
        entry = _Entry(tuple(path.split("/")[:-1]), item)
        for name in dict.fromkeys(names):
            if name:
                self._entries[name].append(entry)

    def find(self, name: str, path: str) -> tuple[str, ...]:
        """Return the nearest items with a name, seen from a file: none, one, or several that are equally near."""
        entries = self._entries.get(name, [])
        if len(entries) < 2:
            return tuple(entry.item for entry in entries)
        here = tuple(path.split("/")[:-1])
        shared = [_count_shared(here, entry.steps) for entry in entries]
        nearest = max(shared)
        found = (entry.item for entry, count in zip(entries, shared, strict=True) if count == nearest)
        return tuple(sorted(dict.fromkeys(found)))

    def find_all(self, name: str) -> tuple[str, ...]:
        """Return every item with a name."""
        return tuple(sorted({entry.item for entry in self._entries.get(name, [])}))


def _count_shared(left: tuple[str, ...], right: tuple[str, ...]) -> int:
    count = 0
    for one, other in zip(left, right, strict=False):
        if one != other:
            break
        count += 1
    return count
