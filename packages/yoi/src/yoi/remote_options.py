"""The options that name a Runtime elsewhere."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click


def remote_options(name: str, *, required: bool) -> Callable[[Any], Any]:
    """Add the option `name` for a Runtime's URL, as `url`, and those that go with it."""
    options = (
        click.option(name, "url", required=required, help="A remote Runtime: https://HOST:PORT."),
        click.option("--runtime-id", help="Its id, as `yoi runtime info` says it there."),
        click.option(
            "--authority", type=click.Path(dir_okay=False, path_type=Path), help="PEM file of its private CA."
        ),
        click.option("--fingerprint", help="SHA-256 of its certificate, instead of any authority."),
    )

    def add(function: Any) -> Any:
        for option in reversed(options):
            function = option(function)
        return function

    return add
