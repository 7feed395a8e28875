"""`yoi audit`: who did what, and when; its export, and taking out what was exported (K-10)."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import msgspec

from worker_runtime.trust.private_file import create_private_file
from yoi.backend.address import BackendAddress
from yoi.backend.client import BackendClient, ask_backend
from yoi.backend.options import online_options
from yoi.render.console import make_console
from yoi.render.documents import print_done
from yoi.render.workspaces import make_audit_line
from yoi.shell.command import YoiCommand
from yoi.shell.lifetimes import parse_lifetime
from yoi.shell.output import print_json, print_json_line
from yoi_wire.backend.audit import AuditView, PruneRequest
from yoi_wire.backend.operations import FOLLOW_AUDIT, LIST_AUDIT, PRUNE_AUDIT
from yoi_wire.errors import RemoteFaultError, RequestInvalidError
from yoi_wire.parameters import find_instant

_FILE = click.Path(dir_okay=False, path_type=Path)


def _read_time(_: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    if value is None or find_instant(value) is not None:
        return value
    try:
        ago = timedelta(seconds=parse_lifetime(value))
    except click.UsageError:
        raise click.BadParameter("2026-01-31T12:00:00Z, or how long ago: 12h, 7d", param=parameter) from None
    return (datetime.now(UTC) - ago).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@click.command(cls=YoiCommand)
@click.option("--workspace", "workspace_id", help="Only what concerns this one.")
@click.option("--actor", help="Only what this principal did; `backend` is the Backend itself.")
@click.option("--action", help="Only this action, `token.created`, or those that begin so: `token.*`.")
@click.option(
    "--since", callback=_read_time, help="Only from then on: 2026-01-31T12:00:00Z, or 7d for 7 days ago."
)
@click.option("--until", callback=_read_time, help="Only before then.")
@click.option("--before", type=click.IntRange(min=1), help="Only before this sequence: an older page.")
@click.option(
    "--limit", type=click.IntRange(1, 500), default=50, show_default=True, help="How many of the latest."
)
@click.option(
    "--follow",
    is_flag=True,
    help="Go on with what happens, until interrupted; with --json one line for each record.",
)
@click.option(
    "--export", "export_file", type=_FILE, help="Write all of them, one JSON a line, into this new file."
)
@click.option(
    "--prune",
    "exported_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Take out what was exported into this file, without filters.",
)
@online_options
@click.pass_context
def audit(
    context: click.Context,
    *,
    workspace_id: str | None,
    actor: str | None,
    action: str | None,
    since: str | None,
    until: str | None,
    before: int | None,
    limit: int,
    follow: bool,
    export_file: Path | None,
    exported_file: Path | None,
    backend: BackendAddress,
    as_json: bool,
) -> None:
    """Print the latest audit records, oldest first; or export them, or take out what was exported."""
    wanted = {"workspace": workspace_id, "actor": actor, "action": action, "since": since, "until": until}
    wanted |= {"cursor": None if before is None else str(before)}
    if (follow and (actor or action or since or until or before)) or (
        sum((follow, export_file is not None, exported_file is not None)) > 1
    ):
        raise click.UsageError(
            "--follow goes with --workspace alone, and one of --follow, --export and --prune"
        )
    if exported_file is not None:
        if any(wanted.values()):
            raise click.UsageError("--prune takes out what the file says, so no filter goes with it")
        _prune(context, backend, exported_file, as_json=as_json)
    elif export_file is not None:
        _export(context, backend, export_file, wanted, as_json=as_json)
    elif follow:
        ask_backend(backend, lambda client: _follow(context, client, workspace_id, limit, as_json=as_json))
    else:
        page = ask_backend(backend, lambda client: client.call(LIST_AUDIT, limit=limit, **wanted))
        records = list(reversed(page.items))
        if as_json:
            print_json({"records": records})
            return
        for record in records:
            _print_record(context, record, as_json=False)


async def _follow(
    context: click.Context, client: BackendClient, workspace_id: str | None, limit: int, *, as_json: bool
) -> None:
    shown = list(reversed((await client.call(LIST_AUDIT, workspace=workspace_id, limit=limit)).items))
    latest = () if workspace_id is None else (await client.call(LIST_AUDIT, limit=1)).items
    for record in shown:
        _print_record(context, record, as_json=as_json)
    last = max((one.sequence for one in (*shown[-1:], *latest)), default=0)
    async for event in client.follow(FOLLOW_AUDIT, last_id=str(last)):
        record = _decode_record(event.data)
        if workspace_id is None or record.workspace == workspace_id:
            _print_record(context, record, as_json=as_json)


def _export(
    context: click.Context,
    backend: BackendAddress,
    file: Path,
    wanted: dict[str, str | None],
    *,
    as_json: bool,
) -> None:
    """Write records into a new file that only its owner may read, oldest first."""
    records = ask_backend(backend, lambda client: client.collect(LIST_AUDIT, **wanted))
    records.reverse()
    lines = b"".join(msgspec.json.encode(record) + b"\n" for record in records)
    if not create_private_file(file.absolute(), lines):
        raise RequestInvalidError("there is a file of this name", field="export")
    last = records[-1] if records else None
    document = {
        "records": len(records),
        "file": str(file),
        "through": last.sequence if last else 0,
        "hash": last.hash if last else "",
    }
    what = f"{len(records)} records into {file}" + (f", the last {last.sequence} {last.hash}" if last else "")
    print_done(context, document, "exported", what, as_json=as_json)


def _prune(context: click.Context, backend: BackendAddress, file: Path, *, as_json: bool) -> None:
    """Take records out that an export holds, each of them and none before the first."""
    records = _read_export(file)
    first, last = records[0].sequence, records[-1]
    if [one.sequence for one in records] != list(range(first, last.sequence + 1)):
        raise RequestInvalidError("the export leaves records out: it was filtered", field="prune")

    async def run(client: BackendClient) -> AuditView:
        if (await client.call(LIST_AUDIT, cursor=str(first), limit=1)).items:
            raise RequestInvalidError("there are records before the first of the export", field="prune")
        return await client.call(PRUNE_AUDIT, body=PruneRequest(through=last.sequence, hash=last.hash))

    record = ask_backend(backend, run)
    print_done(context, record, "pruned", f"{len(records)} records through {last.sequence}", as_json=as_json)


def _read_export(file: Path) -> Sequence[AuditView]:
    """Return the records of an export.

    Raises:
        RequestInvalidError: It is none.
    """
    try:
        records = [msgspec.json.decode(line, type=AuditView) for line in file.read_bytes().splitlines()]
    except (OSError, msgspec.DecodeError) as error:
        raise RequestInvalidError("no export of the audit", field="prune") from error
    if not records:
        raise RequestInvalidError("an export without records", field="prune")
    return records


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
