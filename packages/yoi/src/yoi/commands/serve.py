"""`yoi runtime serve`: the local Runtime over the network."""

import asyncio
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import click

from yoi.runtime.local import open_local_runtime
from yoi.runtime.serve_settings import ServeSettings, load_serve_settings
from yoi.shell.command import YoiCommand, data_directory_option, host_policy_option
from yoi.shell.service_manager import notify_ready
from yoi_wire.errors import RequestInvalidError


@click.command(cls=YoiCommand)
@click.option(
    "--config", type=click.Path(dir_okay=False, path_type=Path), help="A TOML file; flags go before it."
)
@click.option("--socket", type=click.Path(dir_okay=False, path_type=Path), help="Listen on this Unix socket.")
@click.option("--address", help="Listen on this address [127.0.0.1].")
@click.option("--port", type=click.IntRange(0, 65535), help="Listen on this port [7319]; 0: a free one.")
@click.option("--certificate", type=click.Path(dir_okay=False, path_type=Path), help="PEM file, for TLS.")
@click.option("--private-key", type=click.Path(dir_okay=False, path_type=Path), help="PEM file, for TLS.")
@click.option(
    "--behind-proxy", is_flag=True, default=None, help="Something in front of this server speaks TLS."
)
@click.option(
    "--traces", help="Trace to this OpenTelemetry exporter (else OTEL_TRACES_EXPORTER, else to none)."
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
    from worker_runtime.rest.serving import serve_runtime
    from yoi_wire.clock import SystemClock

    configuration = context.obj
    exporter = settings.traces or configuration.trace_exporter
    with (
        open_local_runtime(configuration, labels=settings.labels) as local,
        _open_tracing(exporter) as wrap,
    ):
        await serve_runtime(
            local.embedded,
            settings.build_listening(),
            data_directory=configuration.data_directory,
            clock=SystemClock(),
            announce=partial(_announce, configuration.notify_socket),
            wrap=wrap,
        )


@contextmanager
def _open_tracing(exporter: str | None) -> Iterator[Callable[[Any], Any] | None]:
    """Give what makes a span of each request; nothing is imported when there is no exporter."""
    if exporter is None or exporter == "none":
        yield None
        return
    try:
        from yoi_wire.server.tracing import TracedApp
        from yoi_wire.tracing import Tracing, load_exporter
    except ModuleNotFoundError:
        raise RequestInvalidError("to trace, install worker-runtime[otel]", field="traces") from None
    tracing = Tracing(load_exporter(exporter))
    try:
        yield partial(TracedApp, tracer=tracing.tracer)
    finally:
        tracing.close()


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
    from yoi_wire.event_log import JsonLines

    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logger = logging.getLogger("worker_runtime")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False
