"""The options that say which Backend a command asks, and the rule by which it is found."""

from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from pathlib import Path
from typing import Any

import click

from worker_runtime.errors import RequestInvalidError
from yoi.api_token import read_token_file
from yoi.backend_address import BackendAddress, parse_backend_url
from yoi.backend_login import find_login
from yoi.command import json_option
from yoi.configuration import Configuration

_FILE = click.Path(dir_okay=False, path_type=Path)
_NAMES = ("server", "token_file", "server_authority", "server_fingerprint")


def online_options(function: Any) -> Any:
    """Add which Backend, as `backend`, and `--json`, to a command that has nothing to say without a Backend."""
    return _add_options(json_option(function), _find_backend)


def backend_choice(function: Any) -> Any:
    """Add which Backend, as `backend`, to a command that is local unless one is chosen; None then."""
    option = click.option(
        "--backend", "chosen", is_flag=True, help="Ask the Backend that you are logged in to."
    )

    def find(given: dict[str, Any]) -> BackendAddress | None:
        chosen = given.pop("chosen") or given["server"] or _get_configuration().server
        if not chosen and any(given.values()):
            raise click.UsageError(
                "--token-file, --server-authority and --server-fingerprint go with --server"
            )
        return _find_backend(given) if chosen else None

    return option(_add_options(function, find, "chosen"))


def read_authority(path: Path) -> str:
    """Return a PEM file's text.

    Raises:
        RequestInvalidError: It cannot be read.
    """
    try:
        return path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise RequestInvalidError("no PEM file that can be read", field="authority") from error


def _add_options(function: Any, find: Callable[[dict[str, Any]], Any], *names: str) -> Any:
    options = (
        click.option("--server", help="The Backend: https://HOST:PORT (else YOI_SERVER, else the login)."),
        click.option("--token-file", type=_FILE, help="Holds a token for it (else YOI_TOKEN_FILE)."),
        click.option("--server-authority", type=_FILE, help="PEM file of its private CA."),
        click.option("--server-fingerprint", help="SHA-256 of its certificate, instead of any authority."),
    )

    @wraps(function)
    def run(*arguments: Any, **others: Any) -> Any:
        given = {name: others.pop(name) for name in (*_NAMES, *names)}
        return function(*arguments, backend=find(given), **others)

    for option in reversed(options):
        run = option(run)
    return run


def _find_backend(given: dict[str, Any]) -> BackendAddress:
    """Flags go before the environment, the environment before the login."""
    configuration = _get_configuration()
    login = find_login(configuration.configuration_directory)
    url = _find_url(given["server"] or configuration.server, login)
    known = login if login is not None and login.url == url else None
    token = _find_token(given["token_file"] or _find_token_file(configuration, url), url, known)
    fingerprint, authority = given["server_fingerprint"], given["server_authority"]
    if fingerprint is None and authority is None:
        authority = configuration.server_authority
    if fingerprint is None and authority is None and known is not None:
        return replace(known, token=token)
    text = None if authority is None else read_authority(authority)
    return BackendAddress(url=url, token=token, authority=text, fingerprint=fingerprint)


def _find_url(named: str | None, login: BackendAddress | None) -> str:
    if named is not None:
        return parse_backend_url(named)
    if login is None:
        raise click.UsageError("no Backend: `yoi login URL`, or give --server and --token-file")
    return login.url


def _find_token(file: Path | None, url: str, known: BackendAddress | None) -> str:
    """A token goes to the server that it was given for: that of the login to no other than the login's."""
    if file is not None:
        return read_token_file(file)
    if known is None:
        raise click.UsageError(f"no token for {url}: give --token-file, or `yoi login {url}`")
    return known.token


def _find_token_file(configuration: Configuration, url: str) -> Path | None:
    """The environment's token is not sent to another server than the environment names."""
    other = configuration.server is not None and parse_backend_url(configuration.server) != url
    return None if other else configuration.token_file


def _get_configuration() -> Configuration:
    found: Configuration = click.get_current_context().obj
    return found
