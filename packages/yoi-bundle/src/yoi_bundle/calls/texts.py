"""Texts against patterns in which only `*` is special; linear time, so that no pattern can be used to stall."""

import re
import unicodedata
from collections.abc import Sequence

_SPACES = re.compile(r"\s+")


def matches_glob(pieces: Sequence[str], text: str) -> bool:
    """Tell whether `text` is the pieces in order with any runs of characters between them.

    Args:
        pieces: A glob split at its `*`; a single piece is the whole text.
        text: What is compared.
    """
    first, last = pieces[0], pieces[-1]
    if len(pieces) == 1:
        return text == first
    if len(text) < len(first) + len(last) or not (text.startswith(first) and text.endswith(last)):
        return False
    start, end = len(first), len(text) - len(last)
    for piece in pieces[1:-1]:
        found = text.find(piece, start, end)
        if found < 0:
            return False
        start = found + len(piece)
    return True


def fold(text: str) -> str:
    """Write a text so that spellings which some file system or person takes for the same come out the same."""
    return unicodedata.normalize("NFC", text.casefold())


def collapse(text: str) -> str:
    """Fold, and write every run of white space as one space."""
    return _SPACES.sub(" ", fold(text)).strip()


def starts_with_words(text: str, head: str) -> bool:
    """Tell whether `text` is `head`, or goes on after it with white space."""
    return text.startswith(head) and (len(text) == len(head) or text[len(head)].isspace())


def starts_with_boundary(text: str, head: str) -> bool:
    """Tell whether `text` is `head`, or goes on after it with something that ends a word."""
    if not text.startswith(head):
        return False
    rest = text[len(head) : len(head) + 1]
    return not (rest and (rest.isalnum() or rest == "_") and (head[-1:].isalnum() or head[-1:] == "_"))
