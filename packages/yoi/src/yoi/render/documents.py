"""What a Backend answers, for people or programs: lists as tables, single documents as names and values."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TypeAlias, TypeVar

import click

from yoi.render.console import join_text, make_console
from yoi.render.table import make_facts, make_table
from yoi.shell.output import print_json

Document = TypeVar("Document")

_RECENT_SECONDS = 10

Column: TypeAlias = tuple[str, str | Callable[[Document], object]]
"""Its title, and where its value stands (`active.revision`) or how it is made of the document."""


def print_list(
    context: click.Context,
    name: str,
    items: Sequence[Document],
    columns: Iterable[Column[Document]],
    *,
    as_json: bool,
) -> None:
    """Print a list, under its name when it is JSON."""
    if as_json:
        print_json({name: items})
        return
    columns = tuple(columns)
    rows = [[read_cell(item, where) for _, where in columns] for item in items]
    make_console(context).print(make_table([title for title, _ in columns], rows))


def print_document(
    context: click.Context, document: Document, facts: Iterable[Column[Document]], *, as_json: bool
) -> None:
    """Print a document; facts without a value are left out."""
    if as_json:
        print_json(document)
        return
    pairs = [(title, read_cell(document, where)) for title, where in facts]
    make_console(context).print(make_facts(pair for pair in pairs if pair[1]))


def print_done(context: click.Context, document: object, verb: str, sentence: str, *, as_json: bool) -> None:
    """Print what was done: one line whose first word stands out."""
    if as_json:
        print_json(document)
    else:
        make_console(context).print(join_text((verb, "green"), f" {sentence}"))


def read_cell(document: Document, where: str | Callable[[Document], object]) -> str:
    """Return a value as people read it; nothing is an empty text."""
    value = where(document) if callable(where) else _find(document, where)
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case Mapping():
            return ", ".join(f"{key}={one}" for key, one in sorted(value.items()))
        case list() | tuple():
            return ", ".join(str(one) for one in value)
        case _:
            return str(value)


def describe_age(instant: str, now: int) -> str:
    """Return how old an instant is: `just now`, `3 min ago`; clocks that differ make it no younger than that.

    Args:
        instant: RFC 3339; a text that is none is returned as it is.
        now: Milliseconds since 1970.
    """
    try:
        seconds = int(now / 1000 - datetime.fromisoformat(instant).timestamp())
    except ValueError:
        return instant
    for unit, name in ((86_400, "days"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * unit or (unit < 86_400 and seconds >= unit):
            return f"{seconds // unit} {name} ago"
    return f"{seconds} s ago" if seconds >= _RECENT_SECONDS else "just now"


def shorten(digest: str | None) -> str:
    """Return the beginning of a digest, which commands take, too."""
    return "" if digest is None else digest[:19]


def _find(document: object, where: str) -> object:
    value = document
    for step in where.split("."):
        value = None if value is None else getattr(value, step)
    return value
