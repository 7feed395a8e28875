"""How a build ended, for people: its remarks, what is in the bundle, where it went."""

import click

from yoi.render.console import join_text, make_console
from yoi.render.diagnostics import choose_diagnostics, print_diagnostics, summarise
from yoi.render.table import format_bytes, make_table
from yoi_bundle.authoring.build import BuildResult
from yoi_bundle.identifiers import decode_path
from yoi_bundle.manifest import Manifest, McpServer


def print_build_result(
    context: click.Context, result: BuildResult, revision: int | None, where: str, *, verbose: bool = False
) -> None:
    """Print a build of this machine.

    Args:
        context: Of the command.
        result: What was built, or why nothing was.
        revision: Of the bundle, where it was stored under one.
        where: What became of the bundle, as a clause.
        verbose: Print every remark, not only what may need an act of somebody.
    """
    console = make_console(context)
    chosen = choose_diagnostics(result.diagnostics, verbose=verbose)
    print_diagnostics(console, chosen.shown)
    if chosen.hidden:
        console.print(join_text((f"{chosen.hidden} more remarks; --verbose prints them all", "dim")))
    files = f"{result.files.read} files read, {len(result.files.left_out)} left out"
    remarks = summarise(result.diagnostics) or "no remarks"
    built = result.bundle
    if built is None:
        console.print(join_text(("no bundle", "bold red"), f": {remarks}; {files}"))
        return
    found = list_found(built.verified.manifest)
    if found:
        console.print(make_table(("found", "id", "file"), found))
    console.print(
        make_table(("kind", "items"), [(kind, str(count)) for kind, count in result.counts.items()])
    )
    console.print(join_text((built.digest, "bold green"), f" {where}"))
    named = f"workspace {result.workspace}" + (f", revision {revision}" if revision is not None else "")
    size = f"{len(built.verified.blobs)} blobs, {format_bytes(built.verified.size)}"
    console.print(join_text(f"{named}; {size}; {files}; {remarks}"))


def list_found(manifest: Manifest) -> list[tuple[str, str, str]]:
    """Name every profile and every MCP server with the file it came from: nothing enters a bundle unsaid."""
    rows = [
        ("profile", name, decode_path(profile.origin.path) if profile.origin is not None else "")
        for name, profile in manifest.profiles.items()
    ]
    rows.extend(
        ("MCP server", name, decode_path(tool.origin.path) if tool.origin is not None else "")
        for name, tool in manifest.tools.items()
        if isinstance(tool, McpServer)
    )
    return rows
