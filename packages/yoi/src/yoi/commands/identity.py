"""`yoi identity`: the name and key that this host's Backend signs with."""

from pathlib import Path

import click

from worker_runtime.trust.identity import (
    IDENTITY_FILE,
    Identity,
    create_identity,
    finish_rotation,
    load_identity,
    start_rotation,
)
from yoi.shell.command import YoiCommand, data_directory_option, json_option
from yoi.shell.output import print_json


@click.group()
def identity() -> None:
    """Look after the identity that Runtimes are asked to trust."""


@identity.command(cls=YoiCommand)
@click.argument("issuer")
@data_directory_option
@json_option
@click.pass_context
def init(context: click.Context, issuer: str, as_json: bool) -> None:
    """Make an identity named ISSUER, with a new key."""
    _print(create_identity(_find_file(context), issuer=issuer), as_json=as_json)


@identity.command(cls=YoiCommand)
@data_directory_option
@json_option
@click.pass_context
def show(context: click.Context, as_json: bool) -> None:
    """Show the name and the public keys; private ones are never shown."""
    _print(load_identity(_find_file(context)), as_json=as_json)


@identity.command(cls=YoiCommand)
@click.option("--finish", is_flag=True, help="Sign with the next key, once every Runtime trusts it.")
@data_directory_option
@json_option
@click.pass_context
def rotate(context: click.Context, finish: bool, as_json: bool) -> None:
    """Make the next key, to be trusted everywhere before `--finish` takes it into use."""
    path = _find_file(context)
    _print(finish_rotation(path) if finish else start_rotation(path), as_json=as_json)


def _find_file(context: click.Context) -> Path:
    path: Path = context.obj.data_directory / IDENTITY_FILE
    return path


def _print(found: Identity, *, as_json: bool) -> None:
    keys = [("active", found.active)] + ([("next", found.next)] if found.next is not None else [])
    if as_json:
        public = {name: {"id": key.key_id, "public_key": key.public_key} for name, key in keys}
        print_json({"issuer": found.issuer, **public})
        return
    click.echo(f"issuer: {found.issuer}")
    for name, key in keys:
        click.echo(f"{name}: {key.public_key}  ({key.key_id})")
