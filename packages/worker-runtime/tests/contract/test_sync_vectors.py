"""The test vectors of docs/spec/sync-protocol.md are what this implementation reads and writes."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from support.hostile.byte_streams import collect, stream_pieces
from support.repository import ROOT
from support.runtime.forged_tokens import encode_part
from support.runtime.sync_vectors import PATH, expand, format_vectors
from worker_runtime.contract.bundles import ManifestBody, ManifestEncoding
from worker_runtime.sync.transfer.manifest_coding import decode_manifest_body
from worker_runtime.sync.transfer.pack import write_pack
from worker_runtime.sync.transfer.pack_reader import read_pack
from worker_runtime.trust.identity import compute_key_id, parse_public_key
from worker_runtime.trust.tokens import verify_token
from worker_runtime.trust.trust_store import TrustedKey, TrustedKeys
from yoi_bundle.digest import compute_digest
from yoi_bundle.errors import YoiError
from yoi_bundle.limits import Limits
from yoi_bundle.metadata import decode_metadata
from yoi_bundle.verified import verify_manifest

VECTORS: dict[str, Any] = json.loads(PATH.read_bytes())
BASE = VECTORS["delta"]["base"].encode()
BLOBS = {digest: text.encode() for digest, text in VECTORS["pack"]["blobs"].items()}


def decode(content: bytes, encoding: ManifestEncoding) -> bytes:
    body = ManifestBody(content=content, encoding=encoding)
    return decode_manifest_body(body, limits=Limits(), find_base={compute_digest(BASE): BASE}.get)


def read(pack: bytes, directory: Path) -> dict[str, bytes]:
    taken: dict[str, bytes] = {}

    async def run() -> None:
        expected = {digest: len(data) for digest, data in BLOBS.items()}
        async for blobs in read_pack(stream_pieces([pack]), expected, spool_directory=directory):
            for blob in blobs:
                assert isinstance(blob.content, bytes)
                taken[blob.digest] = blob.content

    asyncio.run(run())
    return taken


def test_the_vectors_are_those_that_the_script_makes() -> None:
    assert PATH.read_text(encoding="utf-8") == format_vectors(), "run tests/support/runtime/sync_vectors.py"


def test_the_specification_names_the_vectors() -> None:
    text = (ROOT / "docs" / "spec" / "sync-protocol.md").read_text(encoding="utf-8")
    assert PATH.name in text
    assert [name for name in VECTORS if f"`{name}`" not in text] == []


@pytest.mark.req("B-02")
def test_the_manifest_is_valid_and_has_its_digest() -> None:
    vector = VECTORS["manifest"]
    bundle = verify_manifest(vector["text"].encode(), vector["digest"])
    assert bundle.manifest.workspace == "library"
    assert set(bundle.blobs) == {compute_digest(b"Be kind.\n")}


@pytest.mark.req("B-03")
def test_the_metadata_header_is_metadata_of_the_manifest() -> None:
    vector = VECTORS["manifest"]
    assert decode_metadata(vector["metadata_header"].encode("ascii")).digest == vector["digest"]


@pytest.mark.req("R-04")
def test_the_compressed_manifest_and_the_delta_decode() -> None:
    manifest, delta = VECTORS["manifest"], VECTORS["delta"]
    assert decode(bytes.fromhex(manifest["zstd"]), "zstd") == manifest["text"].encode()
    assert decode(bytes.fromhex(delta["body"]), "dcz") == delta["content"].encode()


@pytest.mark.req("R-04")
def test_the_pack_is_read_and_written_byte_for_byte(tmp_path: Path) -> None:
    pack = expand(VECTORS["pack"]["bytes"])
    assert compute_digest(pack) == VECTORS["pack"]["digest"]
    assert b"".join(collect(write_pack(BLOBS.items()))) == pack
    assert read(pack, tmp_path) == BLOBS


@pytest.mark.req("K-09")
def test_the_token_is_believed() -> None:
    vector = VECTORS["token"]
    key = TrustedKey(
        issuer="main",
        public_key=vector["public_key"],
        workspaces=frozenset({"library"}),
        added_at="2026-01-01T00:00:00Z",
    )
    assert compute_key_id(parse_public_key(vector["public_key"])) == vector["key_id"]
    assert encode_part(vector["header"]) == vector["header_base64url"]
    parts = vector["header_base64url"], encode_part(vector["claims"]), vector["signature_base64url"]
    trust = TrustedKeys(keys={vector["key_id"]: key})
    token = verify_token(".".join(parts), trust=trust, audience="runtime-1", now=vector["valid_at"] * 1000)
    assert token.token_id == "example-1"


@pytest.mark.parametrize("name", VECTORS["refused"])
def test_what_is_to_be_refused_is_refused_by_its_code(name: str, tmp_path: Path) -> None:
    vector = VECTORS["refused"][name]
    with pytest.raises(YoiError) as caught:
        if "pack" in vector:
            read(expand(vector["pack"]), tmp_path)
        else:
            decode(bytes.fromhex(vector["delta"]), "dcz")
    assert caught.value.code == vector["code"]
