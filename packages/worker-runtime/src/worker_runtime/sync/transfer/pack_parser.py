"""Push parser of packs: a ustar archive of blobs, nothing held but one header (R-04, R-09).

No input or output here: bytes in, blobs out. An entry is named `blobs/sha256/` and the 64 hexadecimal digits of its
digest, and nothing else may stand in a pack; so no name in it can be a path to anywhere.
"""

import hashlib
import re
from collections.abc import Mapping
from typing import Protocol

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
from yoi_wire.errors import RequestInvalidError

MAX_TRAILING_BYTES = 10_240
"""Zeros after the end mark: tar programs fill up a record of this size."""

_BLOB_NAME = re.compile(r"blobs/(sha256)/([0-9a-f]{64})")


class BlobSink(Protocol):
    """What takes the blobs of a pack, one after the other."""

    def begin(self, digest: str, size: int) -> None:
        """A blob that was asked for begins; `size` is in bytes."""

    def add(self, data: memoryview) -> None:
        """Some bytes of it have come; the memory is that of the piece that was fed."""

    def end(self) -> None:
        """All its bytes have come, and they hash to the digest."""


class PackParser:
    """Takes one pack apart.

    Args:
        expected: Digest → size in bytes of the blobs that may come, in any order, each at most once.
        sink: What takes the blobs.
        limits: Bound on a blob, beside its expected size.
    """

    def __init__(self, expected: Mapping[str, int], sink: BlobSink, *, limits: Limits) -> None:
        self._expected = dict(expected)
        self._sink = sink
        self._limits = limits
        self._header = b""
        self._digest = ""
        self._hasher = hashlib.sha256()
        self._body_bytes = 0
        self._padding_bytes = 0
        self._end_blocks = 0
        self._trailing_bytes = 0

    def feed(self, piece: bytes) -> None:
        """Tell the sink what a piece completes.

        Raises:
            RequestInvalidError: Not a pack; a blob that was not asked for, comes twice, or is of another size.
            DigestMismatchError: A blob's bytes hash to another digest (B-02).
            LimitExceededError: A blob is larger than any may be, or zeros follow the end without end.
        """
        view = memoryview(piece)
        while view:
            if self._body_bytes:
                view = self._take_body(view)
            elif self._padding_bytes:
                view = self._take_padding(view)
            elif self._end_blocks < 2:
                view = self._take_header(view)
            else:
                self._take_trailing(view)
                return

    def finish(self) -> None:
        """Check that the pack came to its end.

        Raises:
            RequestInvalidError: It was cut.
        """
        if self._end_blocks < 2:
            raise _invalid("the pack is cut")

    def _take_header(self, view: memoryview) -> memoryview:
        part = view[: BLOCK_BYTES - len(self._header)]
        self._header += part
        if len(self._header) == BLOCK_BYTES:
            entry = self._decode_header(self._header)
            self._header = b""
            if entry is not None:
                self._begin(entry)
        return view[len(part) :]

    def _decode_header(self, block: bytes) -> TarEntry | None:
        try:
            entry = decode_entry_header(block)
        except TarFormatError as error:
            raise _invalid(str(error)) from None
        if entry is None:
            self._end_blocks += 1
        elif self._end_blocks:
            raise _invalid("an entry after a block of zeros")
        return entry

    def _begin(self, entry: TarEntry) -> None:
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
        self._sink.begin(self._digest, entry.size)
        if not entry.size:
            self._end()

    def _take_body(self, view: memoryview) -> memoryview:
        part = view[: self._body_bytes]
        self._hasher.update(part)
        self._body_bytes -= len(part)
        self._sink.add(part)
        if not self._body_bytes:
            self._end()
        return view[len(part) :]

    def _end(self) -> None:
        computed = f"sha256:{self._hasher.hexdigest()}"
        if computed != self._digest:
            raise DigestMismatchError(self._digest, computed)
        self._sink.end()

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


def compute_max_pack_bytes(limits: Limits) -> int:
    """Return a bound on the length of any pack that may be sent."""
    entries = limits.bundle_bytes + limits.blobs * 2 * BLOCK_BYTES
    return entries + len(END_OF_ARCHIVE) + MAX_TRAILING_BYTES


def _invalid(message: str) -> RequestInvalidError:
    return RequestInvalidError(message, field="pack")


def _has_content(zeros: memoryview) -> bool:
    return bytes(zeros).strip(b"\0") != b""
