"""How a build ended, for people: its remarks, what is in the bundle, where it went."""

import click

from yoi.render.console import join_text, make_console
from yoi.render.diagnostics import print_diagnostics, summarise
from yoi.render.table import format_bytes, make_table
from yoi_bundle.authoring.build import BuildResult


def print_build_result(context: click.Context, result: BuildResult, revision: int | None, where: str) -> None:
    """Print a build of this machine.

    Args:
        context: Of the command.
        result: What was built, or why nothing was.
        revision: Of the bundle, where it was stored under one.
        where: What became of the bundle, as a clause.
    """
    console = make_console(context)
    print_diagnostics(console, result.diagnostics)
    files = f"{result.files.read} files read, {len(result.files.left_out)} left out"
    remarks = summarise(result.diagnostics) or "no remarks"
    built = result.bundle
    if built is None:
        console.print(join_text(("no bundle", "bold red"), f": {remarks}; {files}"))
        return
    console.print(
        make_table(("kind", "items"), [(kind, str(count)) for kind, count in result.counts.items()])
    )
    console.print(join_text((built.digest, "bold green"), f" {where}"))
    named = f"workspace {result.workspace}" + (f", revision {revision}" if revision is not None else "")
    size = f"{len(built.verified.blobs)} blobs, {format_bytes(built.verified.size)}"
    console.print(join_text(f"{named}; {size}; {files}; {remarks}"))
