"""Manifest bodies: plain, zstd, and deltas that other implementations read and write."""

import asyncio
import hashlib
import random
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from support.hostile.byte_streams import cut_evenly, stream_pieces
from worker_runtime.contract.bundles import ManifestBody, ManifestEncoding
from worker_runtime.sync.transfer.manifest_coding import (
    decode_manifest_body,
    encode_manifest,
    read_manifest_body,
)
from worker_runtime.sync.transfer.zstd_stream import (
    DELTA_HEADER_BYTES,
    compute_max_window_bytes,
    decode_delta_header,
    encode_delta,
)
from yoi_bundle.digest import compute_digest
from yoi_bundle.errors import LimitExceededError
from yoi_bundle.limits import Limits
from yoi_wire.errors import BundleBaseMissingError, RequestInvalidError

Decode = Callable[..., bytes]


def build_manifest(items: int, *, changed: int = -1) -> bytes:
    """Build something as large and as random as a manifest of that many items, one of them perhaps changed."""
    rng = random.Random(7)
    digests = [rng.randbytes(32).hex() for _ in range(items)]
    if changed >= 0:
        digests[changed] = "0" * 64
    rows = (f'"item-{number:05}":{{"digest":"sha256:{digest}"}}' for number, digest in enumerate(digests))
    return f"{{{','.join(rows)}}}".encode()


BASE, EDITED = build_manifest(300), build_manifest(300, changed=150)
HELD = {compute_digest(BASE): BASE}


def decode_whole(body: ManifestBody, *, limits: Limits = Limits()) -> bytes:  # noqa: B008
    return decode_manifest_body(body, limits=limits, find_base=HELD.get)


def decode_pieces(body: ManifestBody, *, limits: Limits = Limits()) -> bytes:  # noqa: B008
    pieces = stream_pieces(cut_evenly(body.content, 13))
    received = asyncio.run(read_manifest_body(pieces, body.encoding, limits=limits))
    return decode_whole(received, limits=limits)


both_ways = pytest.mark.parametrize("decode", [decode_whole, decode_pieces])


@pytest.mark.req("R-04")
@both_ways
@pytest.mark.parametrize("encoding", ["identity", "zstd", "dcz"])
def test_a_manifest_comes_out_as_it_went_in(decode: Decode, encoding: ManifestEncoding) -> None:
    assert decode(encode_manifest(EDITED, encoding, base=BASE)) == EDITED


@pytest.mark.req("R-04")
def test_an_edit_of_one_item_in_a_large_manifest_is_a_small_delta() -> None:
    base, edited = build_manifest(5000), build_manifest(5000, changed=2500)
    assert len(base) > 400_000
    assert len(encode_delta(edited, base)) < 400


def test_a_delta_begins_with_the_magic_number_and_the_digest_of_its_base() -> None:
    delta = encode_delta(EDITED, BASE)
    assert delta[:8] == bytes.fromhex("5e2a4d1820000000")
    assert delta[8:40] == hashlib.sha256(BASE).digest()
    assert decode_delta_header(delta[:DELTA_HEADER_BYTES]) == compute_digest(BASE)


@both_ways
def test_a_delta_written_by_hand_from_the_rfcs_is_read(decode: Decode) -> None:
    """One sequence: no literals, ten bytes from sixteen back (RFC 8878, section 3.1.1.3.2)."""
    base = b"0123456789abcdef"
    HELD[compute_digest(base)] = base
    frame = bytes.fromhex("28b52ffd 20 0a 3d0000 00 01 54 00 04 07 13")
    content = bytes.fromhex("5e2a4d1820000000") + hashlib.sha256(base).digest() + frame
    assert decode(ManifestBody(content=content, encoding="dcz")) == b"0123456789"


@pytest.mark.parametrize("checksum", [False, True])
@pytest.mark.parametrize("level", [1, 19])
def test_a_delta_of_another_writer_is_read(level: int, checksum: bool) -> None:
    dictionary = zstandard.ZstdCompressionDict(BASE, dict_type=zstandard.DICT_TYPE_RAWCONTENT)
    writer = zstandard.ZstdCompressor(
        level=level, dict_data=dictionary, write_checksum=checksum
    ).compressobj()
    frame = writer.compress(EDITED) + writer.flush()
    content = encode_delta(EDITED, BASE)[:DELTA_HEADER_BYTES] + frame
    assert decode_whole(ManifestBody(content=content, encoding="dcz")) == EDITED


def test_another_reader_reads_a_delta_and_skips_its_header() -> None:
    dictionary = zstandard.ZstdCompressionDict(BASE, dict_type=zstandard.DICT_TYPE_RAWCONTENT)
    reader = zstandard.ZstdDecompressor(dict_data=dictionary).decompressobj(read_across_frames=True)
    assert reader.decompress(encode_delta(EDITED, BASE)) == EDITED


@pytest.mark.skipif(shutil.which("zstd") is None, reason="the zstd program is not installed")
def test_the_zstd_program_reads_and_writes_deltas(tmp_path: Path) -> None:
    base, edited, delta, back = (tmp_path / name for name in ("base", "edited", "delta", "back"))
    base.write_bytes(BASE)
    edited.write_bytes(EDITED)
    run = ["zstd", "-q", "-f", f"--patch-from={base}"]
    subprocess.run([*run, edited, "-o", delta], check=True)
    content = encode_delta(EDITED, BASE)[:DELTA_HEADER_BYTES] + delta.read_bytes()
    assert decode_whole(ManifestBody(content=content, encoding="dcz")) == EDITED
    delta.write_bytes(encode_delta(EDITED, BASE)[DELTA_HEADER_BYTES:])
    subprocess.run([*run, "-d", delta, "-o", back], check=True)
    assert back.read_bytes() == EDITED


@pytest.mark.req("R-04")
@both_ways
def test_a_delta_against_a_manifest_that_is_not_held_names_it(decode: Decode) -> None:
    other = build_manifest(3)
    with pytest.raises(BundleBaseMissingError) as caught:
        decode(encode_manifest(EDITED, "dcz", base=other))
    assert caught.value.details() == {"base": compute_digest(other)}


@both_ways
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x5e\x2a\x4d\x18",
        encode_delta(EDITED, BASE)[:39],
        encode_delta(EDITED, BASE)[:40],
        encode_delta(EDITED, BASE)[:-1],
        encode_delta(EDITED, BASE) + b"\0",
        b"\x5e\x2a\x4d\x18\x21" + encode_delta(EDITED, BASE)[5:],
        encode_delta(EDITED, BASE)[:40] + EDITED,
    ],
)
def test_what_is_no_delta_is_refused(decode: Decode, content: bytes) -> None:
    with pytest.raises(RequestInvalidError):
        decode(ManifestBody(content=content, encoding="dcz"))


@pytest.mark.req("B-02")
@both_ways
@pytest.mark.parametrize("encoding", ["identity", "zstd", "dcz"])
def test_a_manifest_longer_than_allowed_is_refused_in_every_encoding(
    decode: Decode, encoding: ManifestEncoding
) -> None:
    body = encode_manifest(EDITED, encoding, base=BASE)
    assert decode(body, limits=Limits(manifest_bytes=len(EDITED))) == EDITED
    with pytest.raises(LimitExceededError) as caught:
        decode(body, limits=Limits(manifest_bytes=len(EDITED) - 1))
    assert caught.value.limit == "manifest_bytes"


@pytest.mark.req("R-09")
@both_ways
@pytest.mark.parametrize("encoding", ["zstd", "dcz"])
def test_an_encoded_body_longer_than_any_honest_one_is_refused(
    decode: Decode, encoding: ManifestEncoding
) -> None:
    body = ManifestBody(content=encode_delta(b"", BASE)[:40] + bytes(5000), encoding=encoding)
    with pytest.raises((LimitExceededError, RequestInvalidError)):
        decode(body, limits=Limits(manifest_bytes=100))


@both_ways
def test_a_delta_that_needs_a_larger_window_than_its_base_justifies_is_refused(decode: Decode) -> None:
    parameters = zstandard.ZstdCompressionParameters(window_log=24, write_content_size=False)
    dictionary = zstandard.ZstdCompressionDict(BASE, dict_type=zstandard.DICT_TYPE_RAWCONTENT)
    writer = zstandard.ZstdCompressor(compression_params=parameters, dict_data=dictionary).compressobj()
    content = encode_delta(EDITED, BASE)[:40] + writer.compress(EDITED) + writer.flush()
    with pytest.raises(LimitExceededError) as caught:
        decode(ManifestBody(content=content, encoding="dcz"))
    assert caught.value.limit == "window_bytes"


def test_the_window_grows_with_the_base_as_the_rfc_says() -> None:
    mebibyte = 1024 * 1024
    assert compute_max_window_bytes(0) == 8 * mebibyte
    assert compute_max_window_bytes(8 * mebibyte) == 10 * mebibyte
    assert compute_max_window_bytes(1024 * mebibyte) == 128 * mebibyte


def test_manifests_at_the_limit_fit_into_the_window() -> None:
    base = random.Random(3).randbytes(8 * 1024 * 1024)
    edited = base[:100] + b"?" + base[101:]
    HELD[compute_digest(base)] = base
    body = encode_manifest(edited, "dcz", base=base)
    assert len(body.content) < len(edited) * 2 // 3
    assert decode_whole(body) == edited


def test_a_delta_without_a_base_is_not_written() -> None:
    with pytest.raises(ValueError, match="base"):
        encode_manifest(EDITED, "dcz")
