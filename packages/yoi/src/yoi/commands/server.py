"""`yoi server`: the Backend's own program, which is another package."""

import importlib.util
import os
import sys

import click

from yoi.shell.command import YoiCommand
from yoi.shell.lazy_group import LazyCommand, LazyGroup

_PROGRAM = "yoi_workspace_server"


@click.command(
    cls=YoiCommand,
    context_settings={"ignore_unknown_options": True, "help_option_names": []},
    add_help_option=False,
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def serve(arguments: tuple[str, ...]) -> None:
    """Serve the Backend until it is told to stop; `yoi server serve --help` says its options.

    This process becomes the server: it has the same number, and a service manager's signals reach it.
    """
    if importlib.util.find_spec(_PROGRAM) is None:
        raise click.ClickException("the Backend is not installed here: install yoi-workspace-server")
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", _PROGRAM, *arguments])  # noqa: S606 - no shell is wanted


server = LazyGroup(
    name="server",
    help="Serve a Backend.",
    table={"serve": LazyCommand("yoi.commands.server:serve", "Serve a Backend until it is told to stop.")},
)
