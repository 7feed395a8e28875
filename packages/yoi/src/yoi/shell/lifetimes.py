"""How long something is in force, as people type it: `12h`, `90d`."""

import re

import click

_FORM = re.compile(r"([1-9][0-9]{0,8})([smhdw])", re.ASCII)
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


def parse_lifetime(text: str) -> int:
    """Return seconds.

    Raises:
        UsageError: It is no whole number with a unit.
    """
    match = _FORM.fullmatch(text)
    if match is None:
        raise click.UsageError("a lifetime is a number with a unit: 30m, 12h, 90d")
    return int(match[1]) * _SECONDS[match[2]]
