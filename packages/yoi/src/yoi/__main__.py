"""The `yoi` program: the one composition root of the command line."""

import sys
from collections.abc import Sequence

import click

from yoi.configuration import prepare_streams, read_configuration
from yoi.shell.exit_codes import INTERRUPTED, REFUSED, USAGE
from yoi.shell.failure import report_command_line_fault, report_internal_fault
from yoi.shell.lazy_group import LazyCommand, LazyGroup

_COMMANDS = {
    "up": LazyCommand("yoi.commands.up:up", "Start all of it on this host, and follow a workspace."),
    "bundle": LazyCommand("yoi.commands.bundle:bundle", "Build, check, compare and move config bundles."),
    "explain": LazyCommand(
        "yoi.commands.explain:explain", "Say what a profile may do on this host, and why."
    ),
    "worker": LazyCommand("yoi.commands.worker:worker", "Create, look at and end Workers."),
    "runtime": LazyCommand("yoi.commands.runtime:runtime", "Look after the local Runtime, and a Backend's."),
    "identity": LazyCommand("yoi.commands.identity:identity", "Look after the identity that Runtimes trust."),
    "policy": LazyCommand("yoi.commands.policy:policy", "Write and check this host's policy."),
    "workspace": LazyCommand("yoi.commands.workspace:workspace", "Look after the workspaces of a Backend."),
    "placement": LazyCommand("yoi.commands.placement:placement", "Say which Runtimes may have what."),
    "availability": LazyCommand(
        "yoi.commands.availability:availability", "Say what is true of each Runtime."
    ),
    "audit": LazyCommand("yoi.commands.audit:audit", "Say who did what, and when."),
    "token": LazyCommand("yoi.commands.token:token", "Look after the API tokens of a Backend."),
    "server": LazyCommand("yoi.commands.server:server", "Serve a Backend."),
    "login": LazyCommand("yoi.commands.login:login", "Log in to a Backend."),
    "logout": LazyCommand("yoi.commands.login:logout", "Forget where you are logged in."),
}


@click.group(cls=LazyGroup, table=_COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="yoi", message="yoi %(version)s")
@click.pass_context
def yoi(context: click.Context) -> None:
    """Ship agent configuration to the machines that run LLM Workers.

    Every command takes --json. Exit codes: 0 done, 1 refused, 2 wrong usage, 3 not found, 4 conflict,
    5 unavailable, 70 internal fault.
    """
    context.obj = read_configuration()


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code."""
    prepare_streams()
    try:
        result = yoi.main(args=list(arguments), prog_name="yoi", standalone_mode=False)
    except click.ClickException as error:
        report_command_line_fault(error, as_json="--json" in arguments)
        return USAGE if isinstance(error, click.UsageError) else REFUSED
    except click.Abort:
        return INTERRUPTED
    except BrokenPipeError:
        _silence_output()
        return REFUSED
    except Exception as error:  # noqa: BLE001 - the last-resort handler
        return report_internal_fault(error, as_json="--json" in arguments)
    return result if isinstance(result, int) else 0


def _silence_output() -> None:
    """The reader is gone; nothing may be written any more, not even at exit."""
    import os

    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def main() -> None:
    """Entry point of the `yoi` script."""
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
