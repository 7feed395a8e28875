"""What every command has: `--json`, typed errors turned into output and exit code, the place of the store."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import click

from yoi.shell.failure import report_error

Function = TypeVar("Function", bound=Callable[..., Any])


class YoiCommand(click.Command):
    """A command whose typed errors end it with their exit code; one that returns an integer ends with that."""

    def invoke(self, ctx: click.Context) -> Any:
        from yoi_bundle.errors import YoiError

        try:
            return super().invoke(ctx)
        except YoiError as error:
            return report_error(error, as_json=bool(ctx.params.get("as_json")))


class YoiGroup(click.Group):
    """A group that does something by itself, and whose typed errors end it as those of a command do."""

    def invoke(self, ctx: click.Context) -> Any:
        from yoi_bundle.errors import YoiError

        try:
            return super().invoke(ctx)
        except YoiError as error:
            return report_error(error, as_json=bool(ctx.params.get("as_json")))


def json_option(function: Function) -> Function:
    """Add `--json`, as `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON document (see docs/cli.md).")(
        function
    )


def data_directory_option(function: Function) -> Function:
    """Add `--data-dir`, which goes before `YOI_DATA_DIR` and the platform's convention."""
    return click.option(
        "--data-dir",
        type=click.Path(file_okay=False, path_type=Path),
        expose_value=False,
        callback=_set_data_directory,
        help="The local Runtime's store (else YOI_DATA_DIR, else the platform's data directory).",
    )(function)


def host_policy_option(function: Function) -> Function:
    """Add `--policy`, which goes before `YOI_HOST_POLICY` and the platform's convention."""
    return click.option(
        "--policy",
        type=click.Path(dir_okay=False, path_type=Path),
        expose_value=False,
        callback=_set_host_policy,
        help="This host's policy (else YOI_HOST_POLICY, else host-policy.toml in the configuration directory).",
    )(function)


def _set_data_directory(context: click.Context, _: click.Parameter, value: Path | None) -> None:
    if value is not None:
        context.obj = replace(context.obj, data_directory=value.absolute())


def _set_host_policy(context: click.Context, _: click.Parameter, value: Path | None) -> None:
    if value is not None:
        context.obj = replace(context.obj, host_policy_file=value.absolute())
