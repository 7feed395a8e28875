"""`yoi availability`: what is true of each workspace on each Runtime (K-05)."""

from typing import Any

import click

from yoi.backend_address import BackendAddress
from yoi.backend_client import BackendClient, ask_backend
from yoi.backend_options import online_options
from yoi.command import YoiCommand
from yoi.json_output import print_json_line
from yoi.render.availability import PAIR_COLUMNS
from yoi.render.documents import print_list


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
    query = {name: value for name, value in wanted.items() if value is not None}

    async def read(client: BackendClient) -> list[dict[str, Any]]:
        return await client.collect("availability", **query)

    async def follow(client: BackendClient) -> None:
        seen = await client.get("audit", limit="1")
        last = str(seen["items"][0]["sequence"]) if seen["items"] else "0"
        shown = await read(client)
        _print_turn(context, shown, as_json=as_json)
        async for _ in client.follow("events", after=last):
            now = await read(client)
            if now != shown:
                _print_turn(context, now, as_json=as_json)
                shown = now

    if watch:
        ask_backend(backend, follow)
    else:
        pairs = ask_backend(backend, read)
        print_list(context, "availability", pairs, PAIR_COLUMNS, as_json=as_json)


def _print_turn(context: click.Context, pairs: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        print_json_line({"availability": pairs})
        return
    print_list(context, "availability", pairs, PAIR_COLUMNS, as_json=False)
    click.echo()
