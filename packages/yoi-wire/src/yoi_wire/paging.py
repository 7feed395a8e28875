"""Cursor pagination of lists, newest first."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Generic, TypeVar

from msgspec import Struct

from yoi_wire.errors import RequestInvalidError

Member = TypeVar("Member")
Other = TypeVar("Other")

MAX_PAGE_SIZE = 500
DEFAULT_PAGE_SIZE = 100

_CURSOR = re.compile(r"(\d{1,16})-([A-Za-z0-9:_.-]{1,100})")


class Page(Struct, Generic[Member], frozen=True, kw_only=True, omit_defaults=True):
    """Some members of a list.

    Attributes:
        next_cursor: Give it as `cursor` for the members after these; None at the end.
    """

    items: tuple[Member, ...]
    next_cursor: str | None = None

    def map(self, convert: Callable[[Member], Other]) -> "Page[Other]":
        """Return the page with each member converted."""
        return Page(items=tuple(convert(item) for item in self.items), next_cursor=self.next_cursor)


class Position(Struct, frozen=True):
    """The last member of a page: its instant in milliseconds, and its id."""

    at: int
    id: str


def format_cursor(position: Position) -> str:
    return f"{position.at}-{position.id}"


def parse_cursor(cursor: str | None) -> Position | None:
    """Read a cursor that `format_cursor` wrote.

    Raises:
        RequestInvalidError: It is none.
    """
    if cursor is None:
        return None
    match = _CURSOR.fullmatch(cursor)
    if match is None:
        raise RequestInvalidError("not a cursor of this list", field="cursor")
    return Position(int(match[1]), match[2])


def verify_page_size(limit: int) -> None:
    """Raise RequestInvalidError unless 1 ≤ limit ≤ 500."""
    if not 1 <= limit <= MAX_PAGE_SIZE:
        raise RequestInvalidError(f"between 1 and {MAX_PAGE_SIZE}", field="limit")


async def iterate_pages(
    get_page: Callable[[str | None], Awaitable[Page[Member]]], *, cursor: str | None = None
) -> AsyncIterator[Page[Member]]:
    """Give a list's pages to its end.

    Args:
        get_page: From the cursor of the page before to a page; it takes None for the first.
        cursor: Where to begin; None for the first page.

    Yields:
        Each page, the last one too.
    """
    while True:
        page = await get_page(cursor)
        yield page
        cursor = page.next_cursor
        if cursor is None:
            return


async def collect_pages(get_page: Callable[[str | None], Awaitable[Page[Member]]]) -> list[Member]:
    """Read a list to its end, and return its members in order.

    Args:
        get_page: As in `iterate_pages`.
    """
    return [member async for page in iterate_pages(get_page) for member in page.items]
