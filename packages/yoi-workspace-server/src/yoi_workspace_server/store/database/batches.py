"""Batches of long lists."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

Member = TypeVar("Member")

STATEMENT_MEMBERS = 500
"""How many members one statement names at most; SQLite and PostgreSQL bound the values of a statement."""


def split_batches(members: Sequence[Member], size: int = STATEMENT_MEMBERS) -> Iterator[Sequence[Member]]:
    """Yield the members in order, `size` at a time."""
    for start in range(0, len(members), size):
        yield members[start : start + size]
