"""Every key and string of a manifest, for checks that look at all of them alike (B-07, B-09)."""

from bisect import bisect_right
from functools import cache, cached_property
from itertools import accumulate
from typing import Any

import msgspec

from yoi_bundle.faults import escape_step
from yoi_bundle.identifiers import decode_path
from yoi_bundle.manifest import Descriptor, Manifest, Member

OWN_FIELDS = frozenset({"digest", "set_digest", "media_type", "size"})
"""What this package computes itself; exempt by field, not by pattern."""

_MAPS_BY_OWN_ID = frozenset({"rules"})
_SILENT = frozenset({Descriptor, Member, int, bool})
"""Types without any text of people in them."""

_BETWEEN = "\n\x01\n"
"""Parts two texts, so that no detector joins the end of one to the beginning of the next."""


def list_texts(manifest: Manifest) -> list[tuple[str, str]]:
    """Return every key and string outside our own digests, each with its pointer; a key has that of its member."""
    texts: list[tuple[str, str]] = []
    _collect(manifest, "", "", texts)
    return texts


class ManifestTexts:
    """The keys and strings of a manifest, each once, as one text: decoded, because a scanner's call costs more than a short text.

    Attributes:
        whole: What a scanner is to look at.
    """

    def __init__(self, texts: list[tuple[str, str]]) -> None:
        pointers: dict[str, list[str]] = {}
        for pointer, text in texts:
            pointers.setdefault(text, []).append(pointer)
        self._texts = list(pointers.items())
        self._decoded = [decode_path(text) if "%" in text else text for text in pointers]
        self.whole = _BETWEEN.join(self._decoded)

    @property
    def data(self) -> bytes:
        """The whole in UTF-8."""
        return self.whole.encode()

    @cached_property
    def _first_lines(self) -> list[int]:
        """The line of the whole at which each text begins; asked for only where something was found."""
        between = _BETWEEN.count("\n")
        return list(accumulate((text.count("\n") + between for text in self._decoded[:-1]), initial=1))

    def locate(self, line: int) -> tuple[list[str], str, int]:
        """Return the pointers at which the text of a line of `data` stands, the text, and its line there, from 1."""
        index = bisect_right(self._first_lines, line) - 1
        text, pointers = self._texts[index]
        return pointers, text, line - self._first_lines[index] + 1


def _collect(value: Any, pointer: str, field: str, texts: list[tuple[str, str]]) -> None:
    if isinstance(value, str):
        texts.append((pointer, value))
    elif isinstance(value, msgspec.Struct):
        for name in _list_fields(type(value)):
            member = getattr(value, name)
            if isinstance(member, str) and member:
                texts.append((f"{pointer}/{name}", member))
            elif member and type(member) not in _SILENT:
                _collect(member, f"{pointer}/{name}", name, texts)
    elif isinstance(value, dict):
        for key, member in value.items():
            step = f"{pointer}/{escape_step(key)}"
            if field not in _MAPS_BY_OWN_ID:
                texts.append((step, key))
            if type(member) not in _SILENT:
                _collect(member, step, "", texts)
    elif isinstance(value, tuple):
        for index, member in enumerate(value):
            _collect(member, f"{pointer}/{index}", "", texts)


@cache
def _list_fields(struct: type[msgspec.Struct]) -> tuple[str, ...]:
    return tuple(name for name in struct.__struct_fields__ if name not in OWN_FIELDS)
