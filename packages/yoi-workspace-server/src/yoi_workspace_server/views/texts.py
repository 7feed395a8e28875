"""Sanitizer of text received from a Runtime: bounded, and without characters that no reader sees."""

import re

MAX_CHARACTERS = 200
MAX_ITEMS = 200
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_SECRET_SEGMENTS = ("secret", "secrets")


def show_text(text: str, *, max_characters: int = MAX_CHARACTERS) -> str:
    """Return the printable part of a text, cut off where it is too long."""
    return "".join(one for one in text[: max_characters * 4] if one.isprintable())[:max_characters]


def show_texts(texts: tuple[str, ...], *, max_items: int = MAX_ITEMS) -> tuple[str, ...]:
    return tuple(show_text(text) for text in texts[:max_items])


def show_labels(labels: dict[str, str], *, max_items: int = 64) -> dict[str, str]:
    return {show_text(key): show_text(value) for key, value in sorted(labels.items())[:max_items]}


def show_digest(text: str | None) -> str | None:
    """Return a digest; None for what is none."""
    return text if text is not None and _DIGEST.fullmatch(text) else None


def hide_secret_name(pointer: str) -> str:
    """Cut a pointer off where the name of a secret would follow: `/grants/secrets/KEY` becomes `/grants/secrets`."""
    segments = pointer.split("/")
    for place, segment in enumerate(segments):
        if segment in _SECRET_SEGMENTS:
            return "/".join(segments[: place + 1])
    return pointer
