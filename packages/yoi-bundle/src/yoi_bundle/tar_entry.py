"""Entries of a POSIX ustar archive that hold a plain file each: the container of archives and packs (B-13, R-04).

Written headers are fixed: mode 0644, no owner, no time. Read headers may have any mode, owner and time, as the tar
library of another language writes them; everything else that tar can say (links, directories, devices, long-name
and extended headers) is refused.
"""

import re
import zlib

from msgspec import Struct

BLOCK_BYTES = 512
END_OF_ARCHIVE = bytes(2 * BLOCK_BYTES)
MAX_ENTRY_BYTES = 8**11 - 1

_NAME = slice(0, 100)
_SIZE = slice(124, 136)
_CHECKSUM = slice(148, 156)
_TYPE = slice(156, 157)
_LINK_NAME = slice(157, 257)
_MAGIC = slice(257, 265)
_PREFIX = slice(345, 500)
_USTAR = b"ustar\x0000"
_AFTER_NAME = b"0000644\x000000000\x000000000\x00"
_AFTER_SIZE = b"\x0000000000000\x00"
_AFTER_CHECKSUM = b"\0 0" + bytes(100) + _USTAR + bytes(247)
_FIXED_SUM = sum(_AFTER_NAME + _AFTER_SIZE + b" " * 7 + _AFTER_CHECKSUM)
"""Of what all written headers share, the eight bytes of the checksum itself taken as spaces."""

_OCTAL = re.compile(rb"[0-7]{11}[\0 ]")
_CHECKSUM_FORM = re.compile(rb"(?:[0-7]{6}\0 |[0-7]{6} \0|[0-7]{7}[\0 ])")


class TarFormatError(ValueError):
    """A header is not one of those that `decode_entry_header` takes; the message is safe for any reader."""


class TarEntry(Struct, frozen=True):
    """What a header says of the file that follows it; size in bytes."""

    name: str
    size: int


def encode_entry_header(name: str, size: int) -> bytes:
    """Return the 512 bytes that stand before a file: the same for the same name and size, everywhere.

    Raises:
        ValueError: The name is not ASCII of 1 to 100 bytes, or the size is above 8 GiB.
    """
    encoded = name.encode("ascii")
    if not 0 < len(encoded) <= 100 or not 0 <= size <= MAX_ENTRY_BYTES:
        raise ValueError("the name or the size does not fit in a ustar header")
    octal = b"%011o" % size
    checksum = _FIXED_SUM + _sum_short(encoded) + _sum_short(octal)
    return b"%b%b%b%b%06o%b" % (
        encoded.ljust(100, b"\0"),
        _AFTER_NAME,
        octal,
        _AFTER_SIZE,
        checksum,
        _AFTER_CHECKSUM,
    )


def decode_entry_header(block: bytes) -> TarEntry | None:
    """Read a header of 512 bytes; None for a block of zeros, which marks the end.

    Raises:
        TarFormatError: It is not the header of a plain file with a short ASCII name.
    """
    if not block[0] and not _has_content(block):
        return None
    if block[_MAGIC] != _USTAR:
        raise TarFormatError("not a POSIX ustar header")
    if not _is_checksum(block[_CHECKSUM], _compute_checksum(block)):
        raise TarFormatError("the header's checksum is wrong")
    if block[_TYPE] != b"0" or _has_content(block[_LINK_NAME]):
        raise TarFormatError("not a plain file")
    if not _OCTAL.fullmatch(block[_SIZE]):
        raise TarFormatError("the size is not eleven octal digits")
    if _has_content(block[_PREFIX]):
        raise TarFormatError("the name is split")
    name, _, rest = block[_NAME].partition(b"\0")
    if not name or _has_content(rest) or not name.isascii():
        raise TarFormatError("the name is not ASCII, or something follows it")
    return TarEntry(name.decode("ascii"), int(block[_SIZE][:11], 8))


def compute_padding(size: int) -> int:
    """Return how many zero bytes follow a file of `size` bytes."""
    return -size % BLOCK_BYTES


def _is_checksum(field: bytes, checksum: int) -> bool:
    if field == b"%06o\0 " % checksum:
        return True
    return _CHECKSUM_FORM.fullmatch(field) is not None and int(field.strip(b"\0 "), 8) == checksum


def _compute_checksum(block: bytes) -> int:
    """Sum all bytes, those of the checksum itself taken as spaces (POSIX.1-2017, pax, ustar Interchange Format)."""
    total = _sum_short(block[:256]) + _sum_short(block[256:])
    return total - _sum_short(block[_CHECKSUM]) + 8 * ord(" ")


def _sum_short(data: bytes) -> int:
    """Sum up to 256 bytes, many times as fast as `sum`: packs have thousands of headers.

    The lower half of an Adler-32 is 1 plus the sum, modulo 65,521 (RFC 1950), and so many bytes never come to that.
    """
    return (zlib.adler32(data) & 0xFFFF) - 1


def _has_content(zeros: bytes) -> bool:
    return zeros.count(0) != len(zeros)
