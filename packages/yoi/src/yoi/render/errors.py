"""A typed error for people: what happened, every fault and reason with its place, what to do."""

import click
from rich.console import Console

from yoi.render.console import join_text, make_console
from yoi.render.diagnostics import make_line
from yoi_bundle.errors import YoiError
from yoi_bundle.identifiers import decode_path


def print_error(error: YoiError) -> None:
    """Print an error to standard error."""
    console = make_console(click.get_current_context(), stderr=True)
    console.print(
        join_text(("error: ", "bold red"), decode_path(str(error)), " ", (f"[{error.code}]", "dim")),
        soft_wrap=True,
    )
    details = error.details()
    for one in getattr(error, "diagnostics", ()):
        console.print(make_line(one), soft_wrap=True)
    for key in ("faults", "reasons"):
        for one in details.get(key, ()):
            _print_fault(console, one)
    if error.remedy and "faults" not in details:
        console.print(join_text(("    → ", "green"), error.remedy), soft_wrap=True)
    suggestions = details.get("near", ())
    if suggestions:
        console.print(
            join_text(("    → ", "green"), f"did you mean {' or '.join(suggestions)}?"), soft_wrap=True
        )


def _print_fault(console: Console, fault: dict[str, object]) -> None:
    place = str(fault.get("pointer") or fault.get("id") or "/")
    console.print(
        join_text(
            "  ", (place, "bold"), ": ", str(fault.get("message", "")), " ", (f"[{fault.get('code')}]", "dim")
        ),
        soft_wrap=True,
    )
    if fault.get("remedy"):
        console.print(join_text(("    → ", "green"), str(fault["remedy"])), soft_wrap=True)
