"""The terminal: colour where a person looks at one, plain lines of any length where a program reads."""

import sys
from collections.abc import Mapping

import click
from rich.console import Console
from rich.text import Text

from yoi.shell.output import make_printable

_UNBOUNDED_COLUMNS = 100_000


def make_console(context: click.Context, *, stderr: bool = False) -> Console:
    """Make a console that interprets no markup and cuts nothing off when piped."""
    stream = sys.stderr if stderr else sys.stdout
    is_terminal = stream.isatty()
    return Console(
        stderr=stderr,
        force_terminal=is_terminal,
        no_color=not context.obj.colour,
        color_system="auto" if is_terminal and context.obj.colour else None,
        width=None if is_terminal else _UNBOUNDED_COLUMNS,
        markup=False,
        highlight=False,
        emoji=False,
    )


def safe_text(text: str, style: str = "", *, keep_lines: bool = False) -> Text:
    """Give text of any origin a style; what it holds is shown, never interpreted."""
    return Text(make_printable(text, keep_lines=keep_lines), style=style)


def join_text(*parts: tuple[str, str] | str) -> Text:
    """Join parts, each a text or (text, style), into one line; every part is made printable."""
    line = Text()
    for part in parts:
        text, style = (part, "") if isinstance(part, str) else part
        line.append(make_printable(text), style=style or None)
    return line


def describe_value(value: object) -> str:
    """Write a value of JSON in one line for people: members as `NAME=VALUE`, without those that are empty."""
    match value:
        case Mapping():
            return " ".join(f"{name}={describe_value(member)}" for name, member in value.items() if member)
        case list() | tuple():
            return "; ".join(describe_value(member) for member in value)
        case bool():
            return "yes" if value else "no"
        case _:
            return str(value)
