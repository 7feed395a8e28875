"""`yoi runtime serve`: the local Runtime over the network."""

import asyncio
import logging
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import click

from yoi.command import YoiCommand, data_directory_option, host_policy_option
from yoi.local_runtime import open_local_runtime
from yoi.serve_settings import ServeSettings, load_serve_settings
from yoi.service_manager import notify_ready


@click.command(cls=YoiCommand)
@click.option(
    "--config", type=click.Path(dir_okay=False, path_type=Path), help="A TOML file; flags go before it."
)
@click.option("--socket", type=click.Path(dir_okay=False, path_type=Path), help="Listen on this Unix socket.")
@click.option("--address", help="Listen on this address [127.0.0.1].")
@click.option("--port", type=click.IntRange(1, 65535), help="Listen on this port [7319].")
@click.option("--certificate", type=click.Path(dir_okay=False, path_type=Path), help="PEM file, for TLS.")
@click.option("--private-key", type=click.Path(dir_okay=False, path_type=Path), help="PEM file, for TLS.")
@click.option(
    "--behind-proxy", is_flag=True, default=None, help="Something in front of this server speaks TLS."
)
@data_directory_option
@host_policy_option
@click.pass_context
def serve(context: click.Context, /, config: Path | None, **flags: Any) -> None:
    """Serve the local Runtime until it is told to stop.

    Without a trusted key it listens on a Unix socket or loopback only. Logs are JSON lines on standard error.
    """
    settings = load_serve_settings(config) if config is not None else ServeSettings()
    given = {name: value for name, value in flags.items() if value is not None}
    _log_to_stderr()
    asyncio.run(_serve(context, replace(settings, **given)))


async def _serve(context: click.Context, settings: ServeSettings) -> None:
    from worker_runtime.clock import SystemClock
    from worker_runtime.rest.serving import serve_runtime

    configuration = context.obj
    with open_local_runtime(configuration, labels=settings.labels) as local:
        await serve_runtime(
            local.embedded,
            settings.build_listening(),
            data_directory=configuration.data_directory,
            clock=SystemClock(),
            announce=partial(_announce, configuration.notify_socket),
        )


def _announce(notify_socket: str | None, served: Any) -> None:
    click.echo(f"listening on {served.address}", err=True)
    if served.local_token_file is not None:
        click.echo(
            f"no key is trusted yet: only this host is served, with the token in {served.local_token_file}",
            err=True,
        )
    if notify_socket is not None:
        notify_ready(notify_socket)


def _log_to_stderr() -> None:
    from worker_runtime.rest.request_log import JsonLines

    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logger = logging.getLogger("worker_runtime")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False
