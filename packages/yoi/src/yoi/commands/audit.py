"""`yoi audit`: who did what, and when (K-10)."""

import click
import msgspec

from yoi.backend.address import BackendAddress
from yoi.backend.client import BackendClient, ask_backend
from yoi.backend.options import online_options
from yoi.render.console import make_console
from yoi.render.workspaces import make_audit_line
from yoi.shell.command import YoiCommand
from yoi.shell.output import print_json, print_json_line
from yoi_wire.backend.audit import AuditView
from yoi_wire.backend.operations import FOLLOW_AUDIT, LIST_AUDIT
from yoi_wire.errors import RemoteFaultError


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

    async def read(client: BackendClient) -> list[AuditView]:
        page = await client.call(LIST_AUDIT, workspace=workspace_id, limit=limit)
        return list(reversed(page.items))

    async def go_on(client: BackendClient) -> None:
        shown = await read(client)
        latest = () if workspace_id is None else (await client.call(LIST_AUDIT, limit=1)).items
        for record in shown:
            _print_record(context, record, as_json=as_json)
        last = max((one.sequence for one in (*shown[-1:], *latest)), default=0)
        async for event in client.follow(FOLLOW_AUDIT, last_id=str(last)):
            record = _decode_record(event.data)
            if workspace_id is None or record.workspace == workspace_id:
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


def _decode_record(data: str) -> AuditView:
    try:
        return msgspec.json.decode(data, type=AuditView)
    except msgspec.DecodeError:
        raise RemoteFaultError("an event of another form") from None


def _print_record(context: click.Context, record: AuditView, *, as_json: bool) -> None:
    if as_json:
        print_json_line(record)
    else:
        make_console(context).print(make_audit_line(record), soft_wrap=True)
