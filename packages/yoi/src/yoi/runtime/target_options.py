"""The options of a command that asks a Runtime, here or elsewhere."""

from typing import Any

import click

from yoi.runtime.remote_options import remote_options
from yoi.shell.command import data_directory_option, host_policy_option, json_option


def asked_options(function: Any) -> Any:
    """Add which Runtime and which workspace, as `address` and `workspace`, and what every command has."""
    options = (
        click.option("--workspace", help="Of this workspace only."),
        remote_options("--runtime", required=False),
        data_directory_option,
        host_policy_option,
        json_option,
    )
    for option in reversed(options):
        function = option(function)
    return function
