"""The pack, taken apart as its bytes come: a ustar archive of blobs, nothing held but one header (R-04, R-09).

No input or output here: bytes in, events out. An entry is named `blobs/sha256/` and the 64 hexadecimal digits of its
digest, and nothing else may stand in a pack; so no name in it can be a path to anywhere.
"""

import hashlib
import re
from collections.abc import Generator, Iterator, Mapping
from typing import TypeAlias

from msgspec import Struct

from worker_runtime.errors import RequestInvalidError
from yoi_bundle.errors import DigestMismatchError, LimitExceededError
from yoi_bundle.limits import Limits
from yoi_bundle.tar_entry import (
    BLOCK_BYTES,
    END_OF_ARCHIVE,
    TarEntry,
    TarFormatError,
    compute_padding,
    decode_entry_header,
)

MAX_TRAILING_BYTES = 10_240
"""Zeros after the end mark: tar programs fill up a record of this size."""

_BLOB_NAME = re.compile(r"blobs/(sha256)/([0-9a-f]{64})")


class BlobBegin(Struct, frozen=True):
    """A blob that was asked for begins; `size` is in bytes."""

    digest: str
    size: int


class BlobPiece(Struct, frozen=True):
    """Some bytes of it; the memory is that of the piece that was fed."""

    data: memoryview


class BlobEnd(Struct, frozen=True):
    """All its bytes have come, and they hash to the digest."""

    digest: str


PackEvent: TypeAlias = BlobBegin | BlobPiece | BlobEnd


class PackParser:
    """Takes one pack apart.

    Args:
        expected: Digest → size in bytes of the blobs that may come, in any order, each at most once.
        limits: Bound on a blob, beside its expected size.
    """

    def __init__(self, expected: Mapping[str, int], *, limits: Limits) -> None:
        self._expected = dict(expected)
        self._limits = limits
        self._header = bytearray()
        self._digest = ""
        self._hasher = hashlib.sha256()
        self._body_bytes = 0
        self._padding_bytes = 0
        self._end_blocks = 0
        self._trailing_bytes = 0

    def feed(self, piece: bytes) -> Iterator[PackEvent]:
        """Yield what a piece completes; run it to its end before the next piece.

        Raises:
            RequestInvalidError: Not a pack; a blob that was not asked for, comes twice, or is of another size.
            DigestMismatchError: A blob's bytes hash to another digest (B-02).
            LimitExceededError: A blob is larger than any may be, or zeros follow the end without end.
        """
        view = memoryview(piece)
        while view:
            if self._end_blocks == 2:
                self._take_trailing(view)
                return
            if self._body_bytes:
                view = yield from self._take_body(view)
            elif self._padding_bytes:
                view = self._take_padding(view)
            else:
                view = yield from self._take_header(view)

    def finish(self) -> None:
        """Check that the pack came to its end.

        Raises:
            RequestInvalidError: It was cut.
        """
        if self._end_blocks < 2:
            raise _invalid("the pack is cut")

    def _take_header(self, view: memoryview) -> Generator[PackEvent, None, memoryview]:
        wanted = BLOCK_BYTES - len(self._header)
        self._header += view[:wanted]
        if len(self._header) == BLOCK_BYTES:
            entry = self._decode_header()
            self._header.clear()
            if entry is not None:
                yield from self._begin(entry)
        return view[wanted:]

    def _decode_header(self) -> TarEntry | None:
        try:
            entry = decode_entry_header(bytes(self._header))
        except TarFormatError as error:
            raise _invalid(str(error)) from None
        if entry is None:
            self._end_blocks += 1
        elif self._end_blocks:
            raise _invalid("an entry after a block of zeros")
        return entry

    def _begin(self, entry: TarEntry) -> Iterator[PackEvent]:
        match = _BLOB_NAME.fullmatch(entry.name)
        if match is None:
            raise _invalid("an entry is not named after a blob")
        self._digest = f"{match[1]}:{match[2]}"
        allowed = self._limits.blob_bytes
        if entry.size > allowed:
            raise LimitExceededError("blob_bytes", value=entry.size, allowed=allowed, place=self._digest)
        wanted = self._expected.pop(self._digest, None)
        if wanted is None:
            raise _invalid("a blob that was not asked for, or came before")
        if wanted != entry.size:
            raise _invalid("a blob of another size than the manifest says")
        self._hasher = hashlib.sha256()
        self._body_bytes = entry.size
        self._padding_bytes = compute_padding(entry.size)
        yield BlobBegin(self._digest, entry.size)
        if not entry.size:
            yield self._end()

    def _take_body(self, view: memoryview) -> Generator[PackEvent, None, memoryview]:
        part = view[: self._body_bytes]
        self._hasher.update(part)
        self._body_bytes -= len(part)
        yield BlobPiece(part)
        if not self._body_bytes:
            yield self._end()
        return view[len(part) :]

    def _end(self) -> BlobEnd:
        computed = f"sha256:{self._hasher.hexdigest()}"
        if computed != self._digest:
            raise DigestMismatchError(self._digest, computed)
        return BlobEnd(self._digest)

    def _take_padding(self, view: memoryview) -> memoryview:
        part = view[: self._padding_bytes]
        if _has_content(part):
            raise _invalid("the bytes between two entries are not zeros")
        self._padding_bytes -= len(part)
        return view[len(part) :]

    def _take_trailing(self, view: memoryview) -> None:
        self._trailing_bytes += len(view)
        if self._trailing_bytes > MAX_TRAILING_BYTES:
            raise LimitExceededError(
                "trailing_bytes", value=self._trailing_bytes, allowed=MAX_TRAILING_BYTES, place="pack"
            )
        if _has_content(view):
            raise _invalid("something follows the end mark")


def compute_pack_bytes(sizes: Mapping[str, int]) -> int:
    """Return the length of the pack that holds just these blobs."""
    entries = sum(BLOCK_BYTES + size + compute_padding(size) for size in sizes.values())
    return entries + len(END_OF_ARCHIVE)


def compute_max_pack_bytes(limits: Limits) -> int:
    """Return a bound on the length of any pack that may be sent."""
    entries = limits.bundle_bytes + limits.blobs * 2 * BLOCK_BYTES
    return entries + len(END_OF_ARCHIVE) + MAX_TRAILING_BYTES


def _invalid(message: str) -> RequestInvalidError:
    return RequestInvalidError(message, field="pack")


def _has_content(zeros: memoryview) -> bool:
    return bytes(zeros).strip(b"\0") != b""
