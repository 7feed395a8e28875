"""An API token as it comes to this program: from a file, from standard input, or typed unseen; never an argument."""

import sys
from pathlib import Path

import click

from worker_runtime.trust.private_file import read_private_file
from yoi_wire.errors import RequestInvalidError

_MAX_LENGTH = 512


def read_token_file(path: Path) -> str:
    """Return the token of a file that nobody else can change.

    Raises:
        RequestInvalidError: There is no such file, or no token in it.
        RuntimeUnavailableError: It cannot be read.
    """
    data = read_private_file(path, max_bytes=_MAX_LENGTH, field="token file", secret=False)
    if data is None:
        raise RequestInvalidError("no such file", field="token file")
    return _parse_token(data.decode("ascii", errors="replace"))


def ask_for_token() -> str:
    """Return the token on standard input; where a person sits there, ask for it without showing what they type."""
    if sys.stdin.isatty():
        typed: str = click.prompt("API token", hide_input=True, err=True)
        return _parse_token(typed)
    return _parse_token(sys.stdin.read(_MAX_LENGTH + 1))


def _parse_token(text: str) -> str:
    token = text.strip()
    if (
        not token
        or len(token) > _MAX_LENGTH
        or not token.isascii()
        or not token.isprintable()
        or " " in token
    ):
        raise RequestInvalidError("no API token", field="token")
    return token
