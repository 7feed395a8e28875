"""Readiness: whether a program can do what it is for (R-10)."""

from typing import Any

from msgspec import Struct


class Readiness(Struct, frozen=True, kw_only=True):
    """Whether a program can do what it is for.

    Attributes:
        problems: Codes and details of what stands in the way.
    """

    ready: bool
    problems: tuple[dict[str, Any], ...] = ()
