"""The options that name a Runtime elsewhere."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click
from msgspec import Struct

from yoi.backend.address import parse_backend_url
from yoi_wire.errors import RequestInvalidError


class RemoteAddress(Struct, frozen=True, kw_only=True):
    """Where a Runtime is, and what it is.

    Attributes:
        url: `https://HOST:PORT`, or `http://` towards loopback.
        runtime_id: What tokens are made out to; `yoi runtime info` says it there.
        authority: PEM file of a private CA.
        fingerprint: SHA-256 of the server's certificate.
    """

    url: str
    runtime_id: str
    authority: Path | None = None
    fingerprint: str | None = None


def remote_options(name: str, *, required: bool) -> Callable[[Any], Any]:
    """Add the option `name` for a Runtime's URL, and those that go with it; the command gets `address`."""
    options = (
        click.option(name, "url", required=required, help="A remote Runtime: https://HOST:PORT."),
        click.option("--runtime-id", help="Its id, as `yoi runtime info` says it there."),
        click.option(
            "--authority", type=click.Path(dir_okay=False, path_type=Path), help="PEM file of its private CA."
        ),
        click.option("--fingerprint", help="SHA-256 of its certificate, instead of any authority."),
    )

    def add(function: Any) -> Any:
        @wraps(function)
        def run(*arguments: Any, url: str | None, runtime_id: str | None, **others: Any) -> Any:
            trust = {given: others.pop(given) for given in ("authority", "fingerprint")}
            return function(*arguments, address=_make_address(name, url, runtime_id, trust), **others)

        for option in reversed(options):
            run = option(run)
        return run

    return add


def _make_address(
    name: str, url: str | None, runtime_id: str | None, trust: dict[str, Any]
) -> RemoteAddress | None:
    """Make the address; a token needs the id."""
    if url is None:
        if runtime_id is not None or any(value is not None for value in trust.values()):
            raise click.UsageError(f"--runtime-id, --authority and --fingerprint go with {name}")
        return None
    if runtime_id is None:
        raise click.UsageError("a remote Runtime needs --runtime-id; `yoi runtime info` says it there")
    if not url.startswith(("https://", "http://")):
        raise RequestInvalidError("https://HOST:PORT", field="url")
    return RemoteAddress(url=parse_backend_url(url), runtime_id=runtime_id, **trust)
