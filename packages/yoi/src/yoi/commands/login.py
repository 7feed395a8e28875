"""`yoi login` and `yoi logout`: where online commands go when nothing else says so."""

from dataclasses import replace
from pathlib import Path

import click
import msgspec

from yoi.backend.address import BackendAddress, parse_backend_url
from yoi.backend.client import ask_backend
from yoi.backend.login import find_login, forget_login, store_login
from yoi.backend.options import read_authority
from yoi.backend.token import ask_for_token, read_token_file
from yoi.render.console import join_text, make_console
from yoi.shell.command import YoiCommand, json_option
from yoi.shell.output import print_json
from yoi_bundle.errors import YoiError
from yoi_wire.backend.operations import GET_WHOAMI
from yoi_wire.backend.tokens import PrincipalView

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command(cls=YoiCommand)
@click.argument("url")
@click.option("--token-file", type=_FILE, help="Holds the API token (else standard input).")
@click.option("--authority", type=_FILE, help="PEM file of the Backend's private CA.")
@click.option("--fingerprint", help="SHA-256 of the Backend's certificate, instead of any authority.")
@json_option
@click.pass_context
def login(
    context: click.Context,
    url: str,
    *,
    token_file: Path | None,
    authority: Path | None,
    fingerprint: str | None,
    as_json: bool,
) -> None:
    """Log in to the Backend at URL, with a token from a file, from standard input, or typed unseen.

    What the Backend says of the token is shown; URL and token are kept in a file that only you may read.
    """
    address = BackendAddress(
        url=parse_backend_url(url),
        token="",
        authority=None if authority is None else read_authority(authority),
        fingerprint=fingerprint,
    )
    address.build_endpoint()
    token = ask_for_token() if token_file is None else read_token_file(token_file)
    address = replace(address, token=token)
    principal = ask_backend(address, lambda client: client.call(GET_WHOAMI))
    store_login(context.obj.configuration_directory, address)
    if as_json:
        print_json({"server": address.url, **msgspec.structs.asdict(principal)})
    else:
        text = f" to {address.url} as {principal.name}, {principal.role} of {_name_workspaces(principal)}"
        make_console(context).print(join_text(("logged in", "green"), text))


@click.command(cls=YoiCommand)
@json_option
@click.pass_context
def logout(context: click.Context, as_json: bool) -> None:
    """Forget where you are logged in; the token itself stays in force until it is revoked."""
    directory = context.obj.configuration_directory
    server = _find_server(directory)
    forgotten = forget_login(directory)
    if as_json:
        print_json({"server": server, "logged_out": forgotten})
    else:
        text = f"logged out{f' of {server}' if server else ''}" if forgotten else "nobody was logged in"
        make_console(context).print(join_text(text))


def _find_server(directory: Path) -> str | None:
    """A file that cannot be used is forgotten all the same."""
    try:
        found = find_login(directory)
    except YoiError:
        return None
    return None if found is None else found.url


def _name_workspaces(principal: PrincipalView) -> str:
    names = principal.workspaces
    return "all workspaces" if names is None else ", ".join(names) or "no workspace"
