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
    header = b"".join(
        (
            encoded.ljust(100, b"\0"),
            b"0000644\x00",
            b"0000000\x00",
            b"0000000\x00",
            b"%011o\x00" % size,
            b"00000000000\x00",
            b" " * 8,
            b"0",
            bytes(100),
            _USTAR,
            bytes(247),
        )
    )
    return header[:148] + b"%06o\x00 " % _sum_bytes(header) + header[156:]


def decode_entry_header(block: bytes) -> TarEntry | None:
    """Read a header of 512 bytes; None for a block of zeros, which marks the end.

    Raises:
        TarFormatError: It is not the header of a plain file with a short ASCII name.
    """
    if not _has_content(block):
        return None
    if block[_MAGIC] != _USTAR:
        raise TarFormatError("not a POSIX ustar header")
    checksum = block[_CHECKSUM]
    if not _CHECKSUM_FORM.fullmatch(checksum) or int(checksum.strip(b"\0 "), 8) != _compute_checksum(block):
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


def _compute_checksum(block: bytes) -> int:
    """Sum all bytes, those of the checksum itself taken as spaces (POSIX.1-2017, pax, ustar Interchange Format)."""
    return _sum_bytes(block) - sum(block[_CHECKSUM]) + 8 * ord(" ")


def _sum_bytes(block: bytes) -> int:
    """Sum the 512 bytes of a header, fifteen times as fast as `sum`.

    The lower half of an Adler-32 is 1 plus the sum, modulo 65,521 (RFC 1950); 256 bytes never come to so much.
    """
    return sum((zlib.adler32(half) & 0xFFFF) - 1 for half in (block[:256], block[256:]))


def _has_content(zeros: bytes) -> bool:
    return zeros.strip(b"\0") != b""
