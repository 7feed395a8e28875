"""Packs of any blobs, cut anywhere, damaged anywhere."""

import asyncio
import itertools
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.hostile.byte_streams import collect, stream_pieces
from worker_runtime.sync.transfer.pack import PackEncoding, decode_pack, write_pack
from worker_runtime.sync.transfer.pack_reader import read_pack
from yoi_bundle.digest import compute_digest
from yoi_bundle.errors import DigestMismatchError, LimitExceededError
from yoi_wire.errors import RequestInvalidError

BLOB_SETS = st.lists(st.binary(max_size=1500), max_size=5, unique=True).map(
    lambda contents: {compute_digest(content): content for content in contents}
)
ENCODINGS: st.SearchStrategy[PackEncoding] = st.sampled_from(["identity", "zstd"])
REFUSALS = (RequestInvalidError, DigestMismatchError, LimitExceededError)


def write(blobs: dict[str, bytes], encoding: PackEncoding) -> bytes:
    return b"".join(collect(write_pack(blobs.items(), encoding=encoding)))


def read(
    pieces: list[bytes], blobs: dict[str, bytes], encoding: PackEncoding
) -> tuple[dict[str, bytes], bool]:
    """Return the blobs that came, and whether the whole pack was taken."""
    taken: dict[str, bytes] = {}
    expected = {digest: len(data) for digest, data in blobs.items()}

    async def run() -> None:
        plain = decode_pack(stream_pieces(pieces), encoding)
        stream = read_pack(plain, expected, spool_directory=Path(tempfile.gettempdir()))
        async for some in stream:
            for blob in some:
                assert isinstance(blob.content, bytes)
                taken[blob.digest] = blob.content

    try:
        asyncio.run(run())
    except REFUSALS:
        return taken, False
    return taken, True


def cut(data: bytes, places: list[int]) -> list[bytes]:
    bounds = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:end] for start, end in itertools.pairwise(bounds)]


@pytest.mark.req("R-04")
@settings(max_examples=60, deadline=None)
@given(BLOB_SETS, ENCODINGS, st.lists(st.integers(0, 1 << 20), max_size=8))
def test_any_blobs_come_back_however_the_pack_is_cut_into_pieces(
    blobs: dict[str, bytes], encoding: PackEncoding, places: list[int]
) -> None:
    assert read(cut(write(blobs, encoding), places), blobs, encoding) == (blobs, True)


@pytest.mark.req("R-04")
@settings(max_examples=60, deadline=None)
@given(BLOB_SETS, ENCODINGS, st.integers(0, 1 << 20))
def test_a_pack_cut_anywhere_gives_whole_blobs_and_a_refusal(
    blobs: dict[str, bytes], encoding: PackEncoding, place: int
) -> None:
    data = write(blobs, encoding)
    taken, whole = read([data[: place % len(data)]], blobs, encoding)
    assert not whole
    assert taken.items() <= blobs.items()


@pytest.mark.req("B-02")
@settings(max_examples=80, deadline=None)
@given(BLOB_SETS, ENCODINGS, st.integers(0, 1 << 20), st.integers(1, 255))
def test_a_pack_damaged_anywhere_never_gives_a_wrong_blob(
    blobs: dict[str, bytes], encoding: PackEncoding, place: int, change: int
) -> None:
    data = bytearray(write(blobs, encoding))
    data[place % len(data)] ^= change
    taken, _ = read([bytes(data)], blobs, encoding)
    assert taken.items() <= blobs.items()


@settings(max_examples=80, deadline=None)
@given(st.binary(max_size=3000), ENCODINGS)
def test_any_bytes_are_taken_or_refused_by_a_typed_error(data: bytes, encoding: PackEncoding) -> None:
    assert read([data], {compute_digest(b"x"): b"x"}, encoding)[0] == {}
