"""`yoi audit`: who did what, and when (K-10)."""

from typing import Any

import click
import msgspec

from yoi.backend.address import BackendAddress
from yoi.backend.client import BackendClient, ask_backend
from yoi.backend.options import online_options
from yoi.render.audit import make_audit_line
from yoi.render.console import make_console
from yoi.shell.command import YoiCommand
from yoi.shell.json_output import print_json, print_json_line


@click.command(cls=YoiCommand)
@click.option("--workspace", "workspace_id", help="Only what concerns this one.")
@click.option(
    "--limit", type=click.IntRange(1, 500), default=50, show_default=True, help="How many of the latest."
)
@click.option(
    "--follow",
    is_flag=True,
    help="Go on with what happens, until interrupted; with --json one line for each record.",
)
@online_options
@click.pass_context
def audit(
    context: click.Context,
    *,
    workspace_id: str | None,
    limit: int,
    follow: bool,
    backend: BackendAddress,
    as_json: bool,
) -> None:
    """Print the latest audit records, oldest first."""
    wanted = {"workspace": workspace_id, "limit": str(limit)}
    query = {name: value for name, value in wanted.items() if value is not None}

    async def read(client: BackendClient) -> list[dict[str, Any]]:
        return list(reversed((await client.get("audit", **query))["items"]))

    async def go_on(client: BackendClient) -> None:
        shown = await read(client)
        latest = (await client.get("audit", limit="1"))["items"] if workspace_id is not None else shown[-1:]
        for record in shown:
            _print_record(context, record, as_json=as_json)
        last = max((one["sequence"] for one in (*shown[-1:], *latest)), default=0)
        async for event in client.follow("events", after=str(last)):
            record = msgspec.json.decode(event.data)
            if workspace_id is None or record["workspace"] == workspace_id:
                _print_record(context, record, as_json=as_json)

    if follow:
        ask_backend(backend, go_on)
        return
    records = ask_backend(backend, read)
    if as_json:
        print_json({"records": records})
        return
    for record in records:
        _print_record(context, record, as_json=False)


def _print_record(context: click.Context, record: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json_line(record)
    else:
        make_console(context).print(make_audit_line(record), soft_wrap=True)
