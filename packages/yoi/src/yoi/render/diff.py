"""A diff by meaning, for people: each change with its class, texts as text diffs."""

from rich.console import Console
from rich.text import Text

from yoi.render.console import join_text, safe_text
from yoi_bundle.diff import BundleDiff, Change
from yoi_bundle.identifiers import decode_path

_CLASS_STYLES = {
    "widening": "bold red",
    "narrowing": "green",
    "text": "cyan",
    "model": "magenta",
    "metadata": "dim",
}
_LINE_STYLES = {"+": "green", "-": "red", "@": "cyan"}


def print_diff(console: Console, found: BundleDiff) -> None:
    """Print every change, then how many there are of each class."""
    console.print(join_text(("from ", "dim"), found.old))
    console.print(join_text(("  to ", "dim"), found.new))
    for change in found.changes:
        _print_change(console, change)
    console.print(safe_text(_count_classes(found)))


def _print_change(console: Console, change: Change) -> None:
    style = _CLASS_STYLES[change.change_class]
    concerned = ", ".join(decode_path(profile) for profile in change.profiles)
    console.print(
        join_text(
            (change.change_class, style),
            " ",
            (decode_path(change.pointer), "bold"),
            (f"  ({concerned})" if concerned else "", "dim"),
        ),
        soft_wrap=True,
    )
    if change.text:
        for line in change.text.split("\n"):
            console.print(_style_line(line), soft_wrap=True)
        return
    for sign, value in (("-", change.before), ("+", change.after)):
        if value:
            console.print(_style_line(f"{sign} {decode_path(value)}"), soft_wrap=True)


def _style_line(line: str) -> Text:
    return safe_text(f"    {line}", _LINE_STYLES.get(line[:1], ""))


def _count_classes(found: BundleDiff) -> str:
    if not found.changes:
        return "no difference"
    classes = [change.change_class for change in found.changes]
    return ", ".join(f"{classes.count(name)} {name}" for name in _CLASS_STYLES if name in classes)
