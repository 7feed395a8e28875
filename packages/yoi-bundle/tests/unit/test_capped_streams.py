"""Bodies are cut off at their caps, and compared with their digest before anything else."""

import io

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from yoi_bundle.digest import compute_digest
from yoi_bundle.errors import BundleInvalidError, DigestMismatchError, LimitExceededError, YoiError
from yoi_bundle.limits import MEBIBYTE, Limits
from yoi_bundle.streams import read_capped, read_exactly

pytestmark = pytest.mark.req("B-02", "B-11")
LIMITS = Limits(manifest_bytes=MEBIBYTE, encoded_bytes=64 * 1024)


class CountingStream:
    """Gives a body in small pieces and counts what was taken."""

    def __init__(self, data: bytes, piece: int = 7_000) -> None:
        self._inner = io.BytesIO(data)
        self._piece = piece
        self.taken = 0

    def read(self, size: int = -1, /) -> bytes:
        chunk = self._inner.read(self._piece if size < 0 else min(size, self._piece))
        self.taken += len(chunk)
        return chunk


class EndlessStream:
    """Gives zeros for ever."""

    taken = 0

    def read(self, size: int = -1, /) -> bytes:
        self.taken += max(size, 1)
        return bytes(max(size, 1))


def compress(data: bytes) -> bytes:
    return zstandard.ZstdCompressor(level=19).compress(data)


@given(st.binary(max_size=3000), st.sampled_from([1, 100, 7000]))
@settings(max_examples=50, deadline=None)
def test_a_body_comes_out_as_it_went_in(data: bytes, piece: int) -> None:
    digest = compute_digest(data)
    assert read_capped(CountingStream(data, piece), "identity", LIMITS, claimed=digest) == data
    assert read_capped(CountingStream(compress(data), piece), "zstd", LIMITS, claimed=digest) == data


def test_a_zstd_bomb_is_cut_off_at_the_cap() -> None:
    bomb = compress(bytes(256 * MEBIBYTE))
    assert len(bomb) < LIMITS.encoded_bytes
    with pytest.raises(LimitExceededError) as caught:
        read_capped(io.BytesIO(bomb), "zstd", LIMITS, claimed=compute_digest(b""))
    details = caught.value.details()
    assert (details["limit"], details["allowed"], details["place"]) == ("manifest_bytes", MEBIBYTE, "body")
    assert details["value"] == MEBIBYTE + 1


def test_an_endless_body_is_cut_off_at_the_cap() -> None:
    stream = EndlessStream()
    with pytest.raises(LimitExceededError, match="manifest_bytes"):
        read_capped(stream, "identity", LIMITS, claimed=compute_digest(b""))
    assert stream.taken <= MEBIBYTE + 1


def test_a_compressed_body_is_capped_before_it_is_decoded() -> None:
    empty_frames = compress(b"") * 20_000
    stream = CountingStream(empty_frames)
    with pytest.raises(LimitExceededError, match="encoded_bytes"):
        read_capped(stream, "zstd", LIMITS, claimed=compute_digest(b""))
    assert stream.taken <= LIMITS.encoded_bytes + 7_000


def test_a_frame_of_a_huge_window_is_refused() -> None:
    parameters = zstandard.ZstdCompressionParameters(window_log=27, enable_ldm=True)
    compressor = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    body = compressor.compress(b"x") + compressor.flush()
    with pytest.raises(LimitExceededError, match="window_bytes"):
        read_capped(io.BytesIO(body), "zstd", LIMITS, claimed=compute_digest(b"x"))


def test_another_digest_is_refused_with_both() -> None:
    with pytest.raises(DigestMismatchError) as caught:
        read_capped(io.BytesIO(b"a"), "identity", LIMITS, claimed=compute_digest(b"b"))
    assert caught.value.details() == {"claimed": compute_digest(b"b"), "computed": compute_digest(b"a")}


def test_a_cut_or_foreign_body_is_refused() -> None:
    data = bytes(range(256)) * 10
    with pytest.raises(DigestMismatchError):
        read_capped(io.BytesIO(compress(data)[:-3]), "zstd", LIMITS, claimed=compute_digest(data))
    with pytest.raises(BundleInvalidError):
        read_capped(io.BytesIO(b"not zstd at all"), "zstd", LIMITS, claimed=compute_digest(data))


@given(st.binary(max_size=200))
@settings(max_examples=50, deadline=None)
def test_hostile_bodies_raise_typed_errors(body: bytes) -> None:
    with pytest.raises(YoiError):
        read_capped(io.BytesIO(b"\x28\xb5\x2f\xfd" + body), "zstd", LIMITS, claimed=compute_digest(b"no"))


def test_a_blob_has_a_cap_of_its_own() -> None:
    with pytest.raises(LimitExceededError) as caught:
        read_capped(io.BytesIO(b"abc"), "identity", LIMITS, claimed="", max_bytes=2, place="blob")
    assert caught.value.details() == {"limit": "blob_bytes", "value": 3, "allowed": 2, "place": "blob"}


def test_exactly_as_many_bytes_are_read_as_asked_for() -> None:
    assert read_exactly(CountingStream(b"abcdef", 2), 5) == b"abcde"
    assert read_exactly(CountingStream(b"abc", 2), 5) == b"abc"
