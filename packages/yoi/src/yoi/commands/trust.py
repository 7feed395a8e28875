"""`yoi runtime trust`: which Backends' keys this host's Runtime believes, and for which workspaces."""

import click

from worker_runtime.trust.trust_store import TRUST_FILE, TrustStore
from yoi.render.console import make_console
from yoi.render.table import make_table
from yoi.shell.command import YoiCommand, data_directory_option, json_option
from yoi.shell.output import print_json
from yoi_wire.clock import SystemClock, format_instant


@click.group()
def trust() -> None:
    """Say which Backends' keys the Runtime trusts, and for which workspaces."""


@trust.command(cls=YoiCommand)
@click.argument("issuer")
@click.argument("public_key", metavar="PUBLIC_KEY")
@click.option("--workspace", "workspaces", multiple=True, required=True, help="A workspace; may be repeated.")
@click.option("--rotation", is_flag=True, help="Trust it beside the issuer's present key.")
@data_directory_option
@json_option
@click.pass_context
def add(
    context: click.Context,
    /,
    issuer: str,
    public_key: str,
    workspaces: tuple[str, ...],
    *,
    rotation: bool,
    as_json: bool,
) -> None:
    """Trust PUBLIC_KEY (as `yoi identity show` prints it) as ISSUER, for the workspaces named."""
    key_id = _open(context).add(
        issuer=issuer,
        public_key=public_key,
        workspaces=workspaces,
        added_at=format_instant(SystemClock().now()),
        rotation=rotation,
    )
    if as_json:
        print_json({"key": key_id})
    else:
        click.echo(f"trusted: {key_id}")


@trust.command("list", cls=YoiCommand)
@data_directory_option
@json_option
@click.pass_context
def list_keys(context: click.Context, as_json: bool) -> None:
    """List the trusted keys."""
    keys = _open(context).read().keys
    if as_json:
        print_json({"keys": keys})
        return
    rows = [
        (key_id, key.issuer, key.public_key, ", ".join(sorted(key.workspaces)), key.added_at)
        for key_id, key in sorted(keys.items())
    ]
    columns = ("key", "issuer", "public key", "workspaces", "since")
    make_console(context).print(make_table(columns, rows))


@trust.command(cls=YoiCommand)
@click.argument("key")
@data_directory_option
@json_option
@click.pass_context
def revoke(context: click.Context, key: str, as_json: bool) -> None:
    """Trust the key of this id no longer; a running server sees it with the next request."""
    revoked = _open(context).revoke(key)
    if as_json:
        print_json({"key": key, "revoked": revoked})
    else:
        click.echo("revoked" if revoked else "it was not trusted")


def _open(context: click.Context) -> TrustStore:
    return TrustStore(context.obj.data_directory / TRUST_FILE)
