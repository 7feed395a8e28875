"""Selectors as people type them: `workspace:案内係` is percent-encoded here, and shown decoded elsewhere."""

import difflib
from collections.abc import Iterable

from yoi_bundle.identifiers import decode_path, encode_path, is_canonical_name

_MAX_SUGGESTIONS = 3


def encode_selector(text: str) -> str:
    """Write a selector in the grammar; a name alone means a profile of the workspace."""
    kind, colon, name = text.partition(":")
    if not colon:
        return text if text == "default" else f"workspace:{_encode_name(text)}"
    return f"{kind}:{_encode_name(name)}"


def decode_selector(selector: str) -> str:
    """Write a selector as people read it."""
    return decode_path(selector)


def list_near(text: str, known: Iterable[str]) -> tuple[str, ...]:
    """Return the selectors most like a text, best first, as people read them."""
    shown = {decode_selector(selector): None for selector in known}
    wanted = decode_selector(text)
    near = difflib.get_close_matches(wanted, shown, n=_MAX_SUGGESTIONS, cutoff=0.5)
    ends = [one for one in shown if one.rpartition("/")[2] == wanted.rpartition(":")[2].rpartition("/")[2]]
    return tuple(dict.fromkeys([*near, *ends]))[:_MAX_SUGGESTIONS]


def _encode_name(name: str) -> str:
    """Leave a name alone that is in the grammar already."""
    return name if name.isascii() and "%" in name and is_canonical_name(name) else encode_path(name)
