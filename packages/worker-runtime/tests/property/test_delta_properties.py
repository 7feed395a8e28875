"""Deltas between any two manifests, and from any bytes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from worker_runtime.contract.bundles import ManifestBody, ManifestEncoding
from worker_runtime.sync.transfer.manifest_coding import decode_manifest_body, encode_manifest
from worker_runtime.sync.transfer.zstd_stream import encode_delta
from yoi_bundle.digest import compute_digest
from yoi_bundle.errors import LimitExceededError
from yoi_bundle.limits import Limits
from yoi_wire.errors import BundleBaseMissingError, RequestInvalidError

LIMITS = Limits(manifest_bytes=20_000)
ENCODINGS: st.SearchStrategy[ManifestEncoding] = st.sampled_from(["identity", "zstd", "dcz"])
TEXTS = st.lists(st.sampled_from([b"alpha,", b"beta,", b"\0", b"gamma" * 40]), max_size=60).map(b"".join)
CONTENTS = st.one_of(st.binary(min_size=1, max_size=2000), TEXTS.filter(bool))


@pytest.mark.req("R-04")
@settings(max_examples=100, deadline=None)
@given(CONTENTS, CONTENTS, ENCODINGS)
def test_every_encoding_of_every_manifest_decodes_to_it(
    manifest: bytes, base: bytes, encoding: ManifestEncoding
) -> None:
    body = encode_manifest(manifest, encoding, base=base)
    held = {compute_digest(base): base}
    assert decode_manifest_body(body, limits=LIMITS, find_base=held.get) == manifest


@settings(max_examples=100, deadline=None)
@given(CONTENTS, CONTENTS, st.integers(0, 1 << 20), st.integers(1, 255))
def test_a_damaged_delta_is_refused_or_gives_bounded_bytes(
    manifest: bytes, base: bytes, place: int, change: int
) -> None:
    data = bytearray(encode_delta(manifest, base))
    data[place % len(data)] ^= change
    body = ManifestBody(content=bytes(data), encoding="dcz")
    try:
        decoded = decode_manifest_body(body, limits=LIMITS, find_base={compute_digest(base): base}.get)
    except (RequestInvalidError, LimitExceededError, BundleBaseMissingError):
        return
    assert len(decoded) <= LIMITS.manifest_bytes


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=500), ENCODINGS)
def test_any_bytes_are_decoded_or_refused_by_a_typed_error(data: bytes, encoding: ManifestEncoding) -> None:
    try:
        decode_manifest_body(ManifestBody(content=data, encoding=encoding), limits=LIMITS, find_base={}.get)
    except (RequestInvalidError, LimitExceededError, BundleBaseMissingError):
        return
    assert encoding == "identity" or data.startswith(bytes.fromhex("28b52ffd"))
