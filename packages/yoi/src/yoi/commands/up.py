"""`yoi up`: everything on this host for as long as the command runs."""

import asyncio
import importlib.util
from pathlib import Path

import click

from yoi.shell.command import YoiCommand, data_directory_option, host_policy_option

SERVER_PACKAGE = "yoi_workspace_server"


@click.command(cls=YoiCommand)
@click.argument("directory", type=click.Path(exists=True, file_okay=False, path_type=Path), default=".")
@click.option("--workspace", help="The id, when workspace.toml says none (else `local`).")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    help="Listen here on loopback [7320, or a free one]; 0: a free one.",
)
@data_directory_option
@host_policy_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON, one line for each happening.")
@click.pass_context
def up(
    context: click.Context, directory: Path, workspace: str | None, port: int | None, as_json: bool
) -> None:
    """Start a Backend with a Runtime on this host, and follow the workspace in DIRECTORY.

    On every save it is built; what changed is said by meaning, and where it went. Ctrl-C ends it all.
    """
    if importlib.util.find_spec(SERVER_PACKAGE) is None:
        raise click.ClickException("the Backend is not installed here: install yoi-workspace-server")
    from yoi.render.console import make_console
    from yoi.render.up_events import HappeningPrinter
    from yoi.shell.output import print_json_line
    from yoi.up.directories import find_workspace_id
    from yoi.up.events import Happening
    from yoi.up.session import Wanted, run_up

    source = directory.resolve()
    wanted = Wanted(source=source, workspace=find_workspace_id(source, workspace), port=port)
    printer = HappeningPrinter(make_console(context))

    def tell(happening: Happening) -> None:
        if as_json:
            print_json_line(happening)
        else:
            printer.print(happening)

    asyncio.run(run_up(wanted, context.obj, tell=tell))
