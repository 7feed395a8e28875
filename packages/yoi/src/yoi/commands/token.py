"""`yoi token`: API tokens of a Backend; a secret is shown once, or goes into a file (K-09)."""

from pathlib import Path
from typing import cast

import click

from worker_runtime.trust.private_file import create_private_file
from yoi.backend.address import BackendAddress
from yoi.backend.client import ask_backend
from yoi.backend.options import online_options
from yoi.render.documents import Column, print_done, print_list
from yoi.shell.command import YoiCommand
from yoi.shell.lifetimes import parse_lifetime
from yoi.shell.output import print_json
from yoi_wire.backend.operations import CREATE_TOKEN, LIST_TOKENS, REVOKE_TOKEN
from yoi_wire.backend.tokens import Role, TokenRequest, TokenScope, TokenView
from yoi_wire.errors import RequestInvalidError

_COLUMNS: tuple[Column[TokenView], ...] = (
    ("token", "id"),
    ("name", "name"),
    ("principal", "principal"),
    ("role", "role"),
    ("workspaces", lambda one: "all" if one.workspaces is None else one.workspaces),
    ("scopes", "scopes"),
    ("expires", lambda one: one.expires_at or "never"),
    ("last used", lambda one: one.last_used_at or "never"),
    ("revoked", "revoked_at"),
)


@click.group()
def token() -> None:
    """Look after the API tokens of a Backend."""


@token.command(cls=YoiCommand)
@click.argument("name")
@click.option(
    "--role", type=click.Choice(("viewer", "operator", "admin")), required=True, help="What it may do."
)
@click.option("--principal", help="Whom it belongs to, and what the audit calls its bearer [NAME].")
@click.option("--workspace", "workspaces", multiple=True, help="Confine it to this one; may be repeated.")
@click.option("--scope", "scopes", multiple=True, help="Beside the role: runtimes:connection.")
@click.option(
    "--expires-in", "lifetime", metavar="90d", help="How long it is in force: s, m, h, d, w [for ever]."
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the secret into this new file, which only you may read, and print none.",
)
@online_options
@click.pass_context
def create(
    context: click.Context,
    name: str,
    *,
    role: Role,
    principal: str | None,
    workspaces: tuple[str, ...],
    scopes: tuple[str, ...],
    lifetime: str | None,
    out: Path | None,
    backend: BackendAddress,
    as_json: bool,
) -> None:
    """Make a token called NAME; its secret cannot be shown again."""
    wanted = TokenRequest(
        name=name,
        principal=principal,
        role=role,
        scopes=cast("tuple[TokenScope, ...]", scopes),  # the Backend checks them
        workspaces=workspaces or None,
        lifetime_seconds=None if lifetime is None else parse_lifetime(lifetime),
    )
    if out is not None and (out.exists() or not out.parent.is_dir()):
        raise RequestInvalidError("there is a file already, or no directory for it", field="out")
    created = ask_backend(backend, lambda client: client.call(CREATE_TOKEN, body=wanted))
    made = created.token
    if out is not None:
        _write_secret(out, created.secret)
        found = {"token": made, "file": str(out)}
        print_done(context, found, "created", f"token {made.id}; its secret is in {out}", as_json=as_json)
    elif as_json:
        print_json(created)
    else:
        click.echo(f"token {made.id}; its secret, shown this once, is all of standard output", err=True)
        click.echo(created.secret)


@token.command(name="list", cls=YoiCommand)
@online_options
@click.pass_context
def list_(context: click.Context, backend: BackendAddress, as_json: bool) -> None:
    """List tokens, revoked ones too; never a secret."""
    found = ask_backend(backend, lambda client: client.collect(LIST_TOKENS))
    print_list(context, "tokens", found, _COLUMNS, as_json=as_json)


@token.command(cls=YoiCommand)
@click.argument("token_id", metavar="TOKEN")
@online_options
@click.pass_context
def revoke(context: click.Context, token_id: str, *, backend: BackendAddress, as_json: bool) -> None:
    """Put the token of this id out of force, at once."""
    ask_backend(backend, lambda client: client.call(REVOKE_TOKEN, token=token_id))
    print_done(context, {"revoked": token_id}, "revoked", f"token {token_id}", as_json=as_json)


def _write_secret(path: Path, secret: str) -> None:
    if not create_private_file(path, f"{secret}\n".encode("ascii")):
        raise RequestInvalidError(
            "the file came to be meanwhile; the secret is lost: revoke the token and make another",
            field="out",
        )
