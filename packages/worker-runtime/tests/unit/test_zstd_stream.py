"""Zstandard streams: bounded memory, bounded output, one frame."""

import asyncio
import struct

import pytest
import zstandard

from support.hostile.byte_streams import collect, cut_evenly, stream_pieces
from worker_runtime.sync.transfer.zstd_stream import (
    ZstdDecoder,
    cap_stream,
    compress_against,
    compute_max_encoded_bytes,
    decode_zstd,
    encode_zstd,
)
from yoi_bundle.errors import LimitExceededError
from yoi_wire.errors import RequestInvalidError

TEXT = b"".join(b"line %d of a manifest\n" % number for number in range(2000))


def decode(data: bytes, *, most: int = 1 << 20, piece: int = 1000) -> bytes:
    stream = decode_zstd(stream_pieces(cut_evenly(data, piece)), max_decoded_bytes=most, limit="pack_bytes")
    return b"".join(collect(stream))


def build_bomb(blocks: int) -> bytes:
    """Build a frame by hand: each of its blocks is 4 bytes and decodes to 128 KiB (RFC 8878, section 3.1.1.2)."""
    header = bytes.fromhex("28b52ffd") + bytes([0x00, 13 << 3])
    block = struct.pack("<I", (131_072 << 3) | (1 << 1))[:3] + b"\0"
    last = struct.pack("<I", (131_072 << 3) | (1 << 1) | 1)[:3] + b"\0"
    return header + block * (blocks - 1) + last


@pytest.mark.parametrize("piece", [1, 7, 128, 129, 65_536])
def test_a_stream_decodes_to_what_was_encoded_however_it_is_cut(piece: int) -> None:
    encoded = b"".join(collect(encode_zstd(stream_pieces(cut_evenly(TEXT, 500)))))
    assert decode(encoded, piece=piece) == TEXT


def test_a_frame_of_another_writer_is_decoded() -> None:
    parameters = zstandard.ZstdCompressionParameters(compression_level=19, write_checksum=True, window_log=20)
    assert decode(zstandard.ZstdCompressor(compression_params=parameters).compress(TEXT)) == TEXT


@pytest.mark.req("R-09")
def test_a_bomb_is_cut_off_at_the_cap() -> None:
    with pytest.raises(LimitExceededError) as caught:
        decode(build_bomb(8000), most=10_000_000, piece=64_000)
    assert caught.value.details()["limit"] == "pack_bytes"
    assert caught.value.value <= 10_000_000 + 4 * 1024 * 1024 + 131_072


@pytest.mark.req("R-09")
def test_no_piece_that_comes_out_is_larger_than_four_mebibytes() -> None:
    decoder = ZstdDecoder(max_decoded_bytes=1 << 30, limit="pack_bytes")
    sizes = [len(piece) for piece in decoder.feed(build_bomb(400))]
    assert sum(sizes) == 400 * 131_072
    assert max(sizes) <= 4 * 1024 * 1024 + 131_072


def test_exactly_the_cap_is_let_through() -> None:
    frame = zstandard.ZstdCompressor().compress(b"x" * 5000)
    assert decode(frame, most=5000) == b"x" * 5000
    with pytest.raises(LimitExceededError):
        decode(frame, most=4999)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "cut"),
        (zstandard.ZstdCompressor().compress(TEXT)[:-1], "cut"),
        (zstandard.ZstdCompressor().compress(TEXT) + b"\0", "after"),
        (zstandard.ZstdCompressor().compress(TEXT) * 2, "after"),
        (b"not zstd at all", "not zstd"),
        (b"\x1f\x8b\x08" + bytes(30), "not zstd"),
        (compress_against(TEXT, TEXT)[:4] + b"\xff" * 20, "not zstd"),
    ],
)
@pytest.mark.parametrize("piece", [1, 100_000])
def test_what_is_not_one_whole_frame_is_refused(data: bytes, message: str, piece: int) -> None:
    with pytest.raises(RequestInvalidError, match=message):
        decode(data, piece=piece)


def test_a_frame_that_asks_for_too_much_memory_is_refused() -> None:
    parameters = zstandard.ZstdCompressionParameters(window_log=24, write_content_size=False)
    frame = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    with pytest.raises(LimitExceededError) as caught:
        decode(frame.compress(TEXT) + frame.flush())
    assert (caught.value.limit, caught.value.allowed) == ("window_bytes", 8 * 1024 * 1024)


def test_a_body_longer_than_allowed_is_cut_off_while_it_comes() -> None:
    taken: list[int] = []

    async def endless() -> None:
        async def give():  # type: ignore[no-untyped-def]
            while True:
                taken.append(1)
                yield b"x" * 100

        async for _ in cap_stream(give(), max_bytes=1000, limit="encoded_bytes"):
            pass

    with pytest.raises(LimitExceededError) as caught:
        asyncio.run(endless())
    assert len(taken) == 11
    assert caught.value.details() == {
        "limit": "encoded_bytes",
        "value": 1100,
        "allowed": 1000,
        "place": "body",
    }


@pytest.mark.parametrize("size", [0, 1, 1000, 1_000_000])
def test_an_honest_frame_is_never_longer_than_the_bound(size: int) -> None:
    import random

    data = random.Random(size).randbytes(size)
    encoded = b"".join(collect(encode_zstd(stream_pieces(cut_evenly(data, 64_000)))))
    assert len(encoded) <= compute_max_encoded_bytes(size)
