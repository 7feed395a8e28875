"""A diff by meaning, for people: each change with its class, texts as text diffs."""

from typing import NamedTuple

import msgspec
from rich.console import Console
from rich.text import Text

from yoi.render.console import join_text, safe_text
from yoi.render.worker_explanation import name_pointer
from yoi.runtime.where_to_change import Places, write_rule
from yoi_bundle.diff import BundleDiff, Change
from yoi_bundle.identifiers import decode_path
from yoi_bundle.manifest import Rule

_CLASS_STYLES = {
    "widening": "bold red",
    "narrowing": "green",
    "text": "cyan",
    "model": "magenta",
    "metadata": "dim",
}
_LINE_STYLES = {"+": "green", "-": "red", "@": "cyan"}


class BothPlaces(NamedTuple):
    """The files behind the two bundles of a diff."""

    before: Places
    after: Places


_NOWHERE = BothPlaces(Places(host_policy_file=""), Places(host_policy_file=""))


def print_diff(console: Console, found: BundleDiff, places: BothPlaces = _NOWHERE) -> None:
    """Print every change, then how many there are of each class; rules by file and line where the places are known."""
    console.print(join_text(("from ", "dim"), found.old))
    console.print(join_text(("  to ", "dim"), found.new))
    for change in found.changes:
        _print_change(console, change, places)
    console.print(safe_text(_count_classes(found)))


def _print_change(console: Console, change: Change, places: BothPlaces) -> None:
    style = _CLASS_STYLES[change.change_class]
    concerned = ", ".join(decode_path(profile) for profile in change.profiles)
    console.print(
        join_text(
            (change.change_class, style),
            " ",
            (name_pointer(change.pointer), "bold"),
            (f"  ({concerned})" if concerned else "", "dim"),
        ),
        soft_wrap=True,
    )
    if change.text:
        for line in change.text.split("\n"):
            console.print(_style_line(line), soft_wrap=True)
        return
    for sign, value, side in (("-", change.before, places.before), ("+", change.after, places.after)):
        if value:
            shown = _show_rule(change, value, side) or decode_path(value)
            console.print(_style_line(f"{sign} {shown}"), soft_wrap=True)


def _show_rule(change: Change, value: str, places: Places) -> str:
    """Return a rule of tool policy as it is written, with its place; empty for what is none, or is cut off."""
    if not change.section.endswith("policies") or "/rules/" not in change.pointer:
        return ""
    try:
        rule = msgspec.json.decode(value, type=Rule)
    except (msgspec.DecodeError, UnicodeEncodeError):
        return ""
    written = write_rule(places.find_origin(change.pointer)[0], rule)
    place = f"{written.file}:{written.line}" if written.line else written.file
    return f"{written.words}  ({place})" if place else written.words


def _style_line(line: str) -> Text:
    return safe_text(f"    {line}", _LINE_STYLES.get(line[:1], ""))


def _count_classes(found: BundleDiff) -> str:
    if not found.changes:
        return "no difference"
    classes = [change.change_class for change in found.changes]
    return ", ".join(f"{classes.count(name)} {name}" for name in _CLASS_STYLES if name in classes)
