"""The options that say which Backend a command asks, and the rule by which it is found."""

from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from yoi.backend.address import BackendAddress, parse_backend_url
from yoi.backend.login import find_login
from yoi.backend.token import read_token_file
from yoi.configuration import Configuration
from yoi.shell.command import json_option
from yoi_wire.errors import RequestInvalidError

if TYPE_CHECKING:
    from yoi.backend.workers import OnlineWorkers

_FILE = click.Path(dir_okay=False, path_type=Path)
_NAMES = ("server", "token_file", "server_authority", "server_fingerprint")


def online_options(function: Any) -> Any:
    """Add which Backend, as `backend`, and `--json`, to a command that has nothing to say without a Backend."""
    return _add_options(json_option(function), _find_backend)


def through_backend(choose: "Callable[[OnlineWorkers], Callable[..., int | None]]") -> Callable[[Any], Any]:
    """Let a command that is local go to a Backend when one is chosen: by `--server`, `--backend` or `YOI_SERVER`.

    The command has the options of `remote_options`, too; a Runtime that they name is asked directly.

    Args:
        choose: Returns the method that takes the command's place, with its other arguments. It is imported then: local
            commands do not pay for the client.
    """
    option = click.option(
        "--backend", "chosen", is_flag=True, help="Ask the Backend that you are logged in to."
    )

    def add(function: Any) -> Any:
        @wraps(function)
        def run(*arguments: Any, backend: BackendAddress | None, **others: Any) -> Any:
            if backend is None:
                return function(*arguments, **others)
            from yoi.backend.workers import OnlineWorkers

            del others["address"]
            workers = OnlineWorkers(click.get_current_context(), backend, as_json=others.pop("as_json"))
            return choose(workers)(**others)

        return option(_add_options(run, _find_chosen, "chosen"))

    return add


def backend_or_runtime(function: Any) -> Any:
    """Add which Backend, as `backend`, to a command that asks one unless `remote_options` name a Runtime; None then."""
    return _add_options(function, lambda given: None if _names_runtime(given) else _find_backend(given))


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


def _find_chosen(given: dict[str, Any]) -> BackendAddress | None:
    chosen = given.pop("chosen")
    if _names_runtime(given, chosen=chosen):
        return None
    if chosen or given["server"] or _get_configuration().server:
        return _find_backend(given)
    if any(given.values()):
        raise click.UsageError("--token-file and how to trust a server go with --server or --backend")
    return None


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


def _names_runtime(given: dict[str, Any], *, chosen: bool = False) -> bool:
    """Tell whether the options of `remote_options` are there."""
    named = click.get_current_context().params.get("url") is not None
    if named and (chosen or any(given.values())):
        raise click.UsageError("a Runtime or a Backend, not both")
    return named


def _get_configuration() -> Configuration:
    found: Configuration = click.get_current_context().obj
    return found
