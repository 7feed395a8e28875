"""`yoi availability`: what is true of each workspace on each Runtime (K-05)."""

import asyncio
from collections.abc import Sequence

import click
import msgspec

from yoi.backend.address import BackendAddress
from yoi.backend.client import BackendClient, ask_backend
from yoi.backend.options import online_options
from yoi.render.availability import list_pair_columns
from yoi.render.documents import print_list
from yoi.shell.command import YoiCommand
from yoi.shell.output import print_json_line
from yoi_wire.backend.availability import AvailabilityView
from yoi_wire.backend.operations import FOLLOW_AUDIT, LIST_AUDIT, LIST_AVAILABILITY
from yoi_wire.client.retry import Patience, retry
from yoi_wire.clock import SystemClock

_LOOK_SECONDS = 5.0
"""How soon is seen what no audit record tells, such as a Runtime that cannot be reached."""

_PATIENCE = Patience(attempts=8)


@click.command(cls=YoiCommand)
@click.argument("workspace_id", metavar="[WORKSPACE]", required=False)
@click.option("--runtime", "runtime_name", help="Of this Runtime only.")
@click.option("--watch", is_flag=True, help="Print again whenever something changes, until interrupted.")
@online_options
@click.pass_context
def availability(
    context: click.Context,
    workspace_id: str | None,
    *,
    runtime_name: str | None,
    watch: bool,
    backend: BackendAddress,
    as_json: bool,
) -> None:
    """Say how workspaces stand on Runtimes: what should be assigned there, and what the Runtime itself said is."""
    wanted = {"workspace": workspace_id, "runtime": runtime_name}
    if watch:
        ask_backend(backend, lambda client: _watch(context, client, wanted, as_json=as_json))
    else:
        pairs = ask_backend(backend, lambda client: client.collect(LIST_AVAILABILITY, **wanted))
        print_list(context, "availability", pairs, list_pair_columns(SystemClock().now()), as_json=as_json)


async def _watch(
    context: click.Context, client: BackendClient, wanted: dict[str, str | None], *, as_json: bool
) -> None:
    """Print when something is other than it was; end with what ends the stream of events."""
    latest = (await client.call(LIST_AUDIT, limit=1)).items
    last = str(latest[0].sequence) if latest else "0"
    happened = asyncio.Event()
    noting = asyncio.create_task(_note(client, last, happened))
    shown: object = None
    try:
        while not noting.done():
            happened.clear()
            now = await retry(lambda: client.collect(LIST_AVAILABILITY, **wanted), _PATIENCE)
            lasting = _leave_out_times(msgspec.to_builtins(now))
            if shown != lasting:
                _print_turn(context, now, as_json=as_json)
                shown = lasting
            waiting = asyncio.create_task(happened.wait())
            await asyncio.wait({noting, waiting}, timeout=_LOOK_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            waiting.cancel()
        await noting
    finally:
        noting.cancel()


def _leave_out_times(value: object) -> object:
    """That something was looked at again is no change."""
    match value:
        case list() | tuple():
            return [_leave_out_times(one) for one in value]
        case dict():
            return {name: _leave_out_times(one) for name, one in value.items() if not name.endswith("_at")}
        case _:
            return value


async def _note(client: BackendClient, last: str, happened: asyncio.Event) -> None:
    async for _ in client.follow(FOLLOW_AUDIT, last_id=last):
        happened.set()


def _print_turn(context: click.Context, pairs: Sequence[AvailabilityView], *, as_json: bool) -> None:
    if as_json:
        print_json_line({"availability": pairs})
        return
    print_list(context, "availability", pairs, list_pair_columns(SystemClock().now()), as_json=False)
    click.echo()
