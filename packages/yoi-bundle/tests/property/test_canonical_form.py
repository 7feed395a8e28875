"""The canonical form and the digest over generated manifests."""

import copy
import json
from typing import Any

import msgspec
import pytest
import rfc8785
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from support.bundles.bundle_strategies import (
    GeneratedBundle,
    bundles,
    hostile_bytes,
    manifests,
    mutated_documents,
)
from yoi_bundle.canonical import decode_canonical, encode_canonical
from yoi_bundle.decode import decode_manifest
from yoi_bundle.digest import compute_digest
from yoi_bundle.errors import BundleNotCanonicalError, DigestMismatchError, YoiError
from yoi_bundle.faults import find_type_faults
from yoi_bundle.limits import DEFAULT_LIMITS
from yoi_bundle.manifest import Manifest
from yoi_bundle.verified import verify_manifest

modest = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@pytest.mark.req("B-01")
@modest
@given(manifests())
def test_canonical_bytes_are_those_of_an_independent_rfc_8785_library(manifest: Manifest) -> None:
    assert encode_canonical(manifest) == rfc8785.dumps(msgspec.to_builtins(manifest))


@pytest.mark.req("B-01")
@modest
@given(manifests())
def test_decoding_what_was_encoded_gives_the_same_manifest(manifest: Manifest) -> None:
    data = encode_canonical(manifest)
    decoded = decode_manifest(data, limits=DEFAULT_LIMITS)
    assert decoded.manifest == manifest
    assert decoded.unsupported == {}
    assert encode_canonical(decoded.manifest) == data


def _reorder(value: Any, draw: Any) -> Any:
    if isinstance(value, dict):
        return {key: _reorder(value[key], draw) for key in draw(st.permutations(sorted(value)))}
    return [_reorder(member, draw) for member in value] if isinstance(value, list) else value


@pytest.mark.req("B-01", "B-03")
@modest
@given(st.data(), manifests())
def test_no_order_of_object_keys_changes_the_digest(data: st.DataObject, manifest: Manifest) -> None:
    document = msgspec.json.decode(encode_canonical(manifest))
    reordered = msgspec.convert(_reorder(document, data.draw), Manifest)
    assert compute_digest(encode_canonical(reordered)) == compute_digest(encode_canonical(manifest))


@pytest.mark.req("B-01")
@modest
@given(bundles())
def test_only_the_canonical_order_and_spelling_is_accepted(bundle: GeneratedBundle) -> None:
    document = json.loads(bundle.data)
    backwards = json.dumps(
        dict(reversed(document.items())), separators=(",", ":"), ensure_ascii=False
    ).encode()
    spaced = json.dumps(document, sort_keys=True, ensure_ascii=False).encode()
    for data in (backwards, spaced, bundle.data + b"\n", b" " + bundle.data):
        assume(data != bundle.data)
        with pytest.raises(BundleNotCanonicalError):
            verify_manifest(data, compute_digest(data))


@pytest.mark.req("B-01", "B-02")
@modest
@given(manifests(), manifests())
def test_two_manifests_have_one_digest_just_when_they_are_equal(one: Manifest, other: Manifest) -> None:
    same = compute_digest(encode_canonical(one)) == compute_digest(encode_canonical(other))
    assert same == (one == other)


@pytest.mark.req("B-01", "B-02")
@modest
@given(bundles(), st.data())
def test_no_byte_can_change_under_the_same_digest(bundle: GeneratedBundle, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(bundle.data) - 1))
    changed = bytearray(bundle.data)
    changed[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises(DigestMismatchError):
        verify_manifest(bytes(changed), bundle.digest)


@pytest.mark.req("B-01", "B-06", "B-11")
@settings(modest, max_examples=60)
@given(hostile_bytes())
def test_hostile_bytes_raise_nothing_but_typed_errors(data: bytes) -> None:
    try:
        verify_manifest(data, compute_digest(data))
    except YoiError as error:
        assert error.code != "internal"
        msgspec.json.encode(error.details())


@pytest.mark.req("B-06")
@settings(modest, max_examples=100)
@given(mutated_documents())
def test_the_pass_that_finds_places_agrees_with_the_decoder(document: dict[str, Any]) -> None:
    faults = find_type_faults(copy.deepcopy(document), Manifest)
    try:
        msgspec.convert(document, Manifest, strict=True)
    except msgspec.ValidationError:
        assert faults
    else:
        assert faults == []


def _exists(document: Any, pointer: str) -> bool:
    """Tell whether all but the last step of a pointer lead somewhere."""
    for step in [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:-1]]:
        if isinstance(document, list):
            document = document[int(step)]
        elif step in document:
            document = document[step]
        else:
            return False
    return True


@pytest.mark.req("B-06")
@settings(modest, max_examples=40)
@given(mutated_documents())
def test_every_fault_has_the_pointer_of_a_place_in_the_document(document: dict[str, Any]) -> None:
    for fault in find_type_faults(document, Manifest):
        assert fault.pointer == "" or fault.pointer.startswith("/")
        assert _exists(document, fault.pointer)


@pytest.mark.req("B-01")
@modest
@given(manifests())
def test_canonical_bytes_decode_to_what_the_standard_library_reads(manifest: Manifest) -> None:
    data = encode_canonical(manifest)
    assert decode_canonical(data) == json.loads(data)
