"""Payload sizes that no page can hold are not believed, so that a repair ends (R-03)."""

from typing import Any

import pytest

from worker_runtime.store.damaged_file import LEAF, CarvedRow, read_rows

pytestmark = pytest.mark.req("R-03")

PAGE = 4096
LOCAL = 489
"""Bytes that stand in the page itself of a payload that is this much more than a whole number of overflow pages."""
OVERFLOW = PAGE - 4


def write_varint(number: int) -> bytes:
    """Write a number below 2^56, seven bits a byte."""
    places = range(7 * 7, 0, -7)
    return bytes([*(0x80 | number >> place & 0x7F for place in places), number & 0x7F])


class LoopingImage:
    """A file of three pages; the overflow chain of the row on page 2 leads from page 3 to page 3."""

    page_size = PAGE
    count = 3

    def __init__(self, overflow_pages: int) -> None:
        self.asked = 0
        header = bytes([LEAF, 0, 0, 0, 1, 0, 0, 0]) + (10).to_bytes(2)
        # Size, number of the row, what stands in the page itself, and the number of the first overflow page.
        cell = write_varint(LOCAL + overflow_pages * OVERFLOW) + b"\x01" + bytes(LOCAL) + (3).to_bytes(4)
        self.pages = {2: (header + cell).ljust(PAGE, b"\0"), 3: (3).to_bytes(4).ljust(PAGE, b"\0")}

    def get_page(self, number: int) -> bytes:
        self.asked += 1
        if self.asked > 1000:
            raise AssertionError("the chain is followed without an end")
        return self.pages[number]


def read(image: Any) -> list[CarvedRow]:
    return list(read_rows(image, 2))


def test_a_size_beyond_the_whole_file_is_not_followed_along_a_looped_chain() -> None:
    image = LoopingImage(2**40)
    assert read(image) == []
    assert image.asked == 1


def test_a_size_that_the_file_could_hold_is_followed_and_ends() -> None:
    """The positive twin: a chain in a loop is followed for as many pages as the size asks for, and no further."""
    image = LoopingImage(2)
    read(image)
    assert image.asked == 3
