"""Labels as people type them: KEY=VALUE."""

from collections.abc import Iterable

import click


def parse_pairs(texts: Iterable[str]) -> dict[str, str]:
    """Return labels; their grammar is checked by whoever keeps them.

    Raises:
        UsageError: One has no `=`, or one key stands there twice.
    """
    pairs: dict[str, str] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise click.UsageError("a label is written KEY=VALUE")
        if key in pairs:
            raise click.UsageError(f"two labels {key}")
        pairs[key] = value
    return pairs
