"""Headers of the one container that archives and packs use."""

import io
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yoi_bundle.tar_entry import (
    BLOCK_BYTES,
    END_OF_ARCHIVE,
    TarEntry,
    TarFormatError,
    compute_padding,
    decode_entry_header,
    encode_entry_header,
)

NAME = "blobs/sha256/" + "0f" * 32


def rewrite(header: bytes, offset: int, data: bytes) -> bytes:
    """Change a header and make its checksum right again."""
    changed = header[:offset] + data + header[offset + len(data) :]
    total = sum(changed[:148]) + 8 * 32 + sum(changed[156:])
    return changed[:148] + b"%06o\0 " % total + changed[156:]


@given(st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=100))
def test_a_header_reads_back_as_it_was_written(name: str) -> None:
    assert decode_entry_header(encode_entry_header(name, 4711)) == TarEntry(name, 4711)


@pytest.mark.parametrize("size", [0, 1, 511, 512, 8**11 - 1])
def test_a_header_is_the_one_that_a_tar_library_writes(size: int) -> None:
    entry = tarfile.TarInfo(NAME)
    entry.size = size
    assert encode_entry_header(NAME, size) == entry.tobuf(tarfile.USTAR_FORMAT)


def test_a_header_with_another_mode_owner_and_time_is_read() -> None:
    entry = tarfile.TarInfo(NAME)
    entry.size, entry.mode, entry.uid, entry.gid, entry.mtime = 7, 0o600, 1000, 1000, 1_700_000_000
    entry.uname = entry.gname = "builder"
    assert decode_entry_header(entry.tobuf(tarfile.USTAR_FORMAT)) == TarEntry(NAME, 7)


def test_a_block_of_zeros_is_no_entry() -> None:
    assert decode_entry_header(bytes(BLOCK_BYTES)) is None
    assert bytes(1024) == END_OF_ARCHIVE


@pytest.mark.parametrize(
    "kind", [b"1", b"2", b"3", b"4", b"5", b"6", b"7", b"L", b"K", b"x", b"g", b"S", b"\0"]
)
def test_what_is_no_plain_file_is_refused(kind: bytes) -> None:
    with pytest.raises(TarFormatError, match="plain file"):
        decode_entry_header(rewrite(encode_entry_header(NAME, 1), 156, kind))


@pytest.mark.parametrize(
    ("offset", "data", "message"),
    [
        (157, b"target", "plain file"),
        (345, b"prefix", "split"),
        (124, b"\x80" + bytes(10) + b"\x01", "octal"),
        (124, b"-0000000001\0", "octal"),
        (124, b"          1\0", "octal"),
        (124, b"00000000009\0", "octal"),
        (0, bytes(100), "ASCII"),
        (90, b"x", "ASCII"),
        (3, b"\xc3\xa9", "ASCII"),
        (257, b"ustar  \0", "ustar"),
        (257, bytes(8), "ustar"),
    ],
)
def test_a_header_of_another_dialect_is_refused(offset: int, data: bytes, message: str) -> None:
    with pytest.raises(TarFormatError, match=message):
        decode_entry_header(rewrite(encode_entry_header(NAME, 1), offset, data))


@given(st.integers(0, BLOCK_BYTES - 1), st.integers(1, 255))
def test_a_flipped_byte_is_never_taken_for_another_entry(offset: int, change: int) -> None:
    header = bytearray(encode_entry_header(NAME, 1234))
    header[offset] ^= change
    try:
        entry = decode_entry_header(bytes(header))
    except TarFormatError:
        return
    assert entry == TarEntry(NAME, 1234)


def test_the_checksum_counts_the_largest_bytes() -> None:
    header = encode_entry_header(NAME, 1)
    for offset, length in ((100, 24), (136, 12), (265, 80), (500, 12)):
        header = rewrite(header, offset, b"\xff" * length)
    assert decode_entry_header(header) == TarEntry(NAME, 1)
    with pytest.raises(TarFormatError, match="checksum"):
        decode_entry_header(header[:100] + b"\xfe" + header[101:])


@pytest.mark.parametrize(("name", "size"), [("", 1), ("x" * 101, 1), ("é", 1), ("x", -1), ("x", 8**11)])
def test_what_does_not_fit_in_a_header_is_not_written(name: str, size: int) -> None:
    with pytest.raises(ValueError):
        encode_entry_header(name, size)


@given(st.integers(0, 10_000))
def test_padding_fills_up_the_block(size: int) -> None:
    assert (size + compute_padding(size)) % BLOCK_BYTES == 0
    assert 0 <= compute_padding(size) < BLOCK_BYTES


def test_a_tar_program_reads_what_is_written() -> None:
    data = b"hello\n"
    archive = encode_entry_header(NAME, len(data)) + data + bytes(compute_padding(len(data))) + END_OF_ARCHIVE
    with tarfile.open(fileobj=io.BytesIO(archive)) as opened:
        assert opened.getnames() == [NAME]
        extracted = opened.extractfile(NAME)
        assert extracted is not None and extracted.read() == data
