"""Secret hits inside one text, and the port to detectors that find them."""

from collections.abc import Iterable
from typing import Protocol

from msgspec import Struct


class SecretHit(Struct, frozen=True, kw_only=True):
    """A finding inside one text, before its place is known.

    Attributes:
        start, end: Byte offsets of what was found.
    """

    rule: str
    start: int
    end: int
    doubtful: bool = False


class SecretDetector(Protocol):
    """Finds credentials in one text; scanners are made of several."""

    def detect(self, data: bytes) -> Iterable[SecretHit]: ...
