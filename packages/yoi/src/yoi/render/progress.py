"""Progress of long work, on a terminal only and on standard error, so that output stays clean."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import click
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from yoi.render.console import make_console
from yoi_bundle.authoring.read import Progress as ProgressCallback

_QUIET_SECONDS = 0.5
_STAGES = {"read": "reading files", "check": "checking what would enter"}


@contextmanager
def show_progress(context: click.Context, *, quiet: bool) -> Iterator[ProgressCallback | None]:
    """Give a callback that draws a bar once the work has taken half a second; None where nobody looks."""
    console = make_console(context, stderr=True)
    if quiet or not console.is_terminal:
        yield None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}/{task.total}"))
    bar = Progress(*columns, console=console, transient=True, auto_refresh=False)
    tasks: dict[str, TaskID] = {}
    began = time.monotonic()

    def report(stage: str, done: int, total: int) -> None:
        if time.monotonic() - began < _QUIET_SECONDS:
            return
        if not tasks:
            bar.start()
        if stage not in tasks:
            tasks[stage] = bar.add_task(_STAGES.get(stage, stage), total=total)
        bar.update(tasks[stage], completed=done, total=total, refresh=True)

    try:
        yield report
    finally:
        bar.stop()
