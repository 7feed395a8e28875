"""Makes docs/spec/sync-vectors.json: run `python tests/support/sync_vectors.py` after a change of the protocol.

Zstd frames are put together by hand from RFC 8878, so that they depend on no library and no level.
"""

import hashlib
import json
import re
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc.jwk import OKPKey

from support.repository import ROOT
from support.runtime.forged_tokens import build_header, encode_part, sign
from worker_runtime.trust.identity import SigningKey, compute_key_id, format_public_key
from yoi_bundle.canonical import encode_canonical
from yoi_bundle.digest import compute_digest
from yoi_bundle.tar_entry import END_OF_ARCHIVE, compute_padding, encode_entry_header

PATH = ROOT / "docs" / "spec" / "sync-vectors.json"

NOW_SECONDS = 1_780_000_000
KEY_TEXT = "Yoi sync protocol, test key"
_BLOB = "Be kind.\n"
_ZEROS = re.compile(rb"\0{8,}")
_DELTA_MAGIC = "5e2a4d1820000000"
_DELTA_BASE = b"0123456789abcdef"


def build_vectors() -> dict[str, Any]:
    """Return all vectors; the same ones on every machine."""
    manifest = _build_manifest()
    digest = compute_digest(manifest)
    return {
        "manifest": {
            "text": manifest.decode(),
            "digest": digest,
            "metadata_header": _build_metadata_header(digest),
            "zstd": _frame_raw(manifest).hex(),
        },
        "delta": {
            "base": _DELTA_BASE.decode(),
            "content": "0123456789",
            "body": _DELTA_MAGIC + hashlib.sha256(_DELTA_BASE).hexdigest() + _frame_of_one_match(),
        },
        "pack": {
            "blobs": {compute_digest(blob.encode()): blob for blob in (_BLOB, "")},
            "bytes": _abbreviate(_build_pack()),
            "digest": compute_digest(_build_pack()),
        },
        "token": _build_token(),
        "refused": _build_refused(),
    }


def expand(parts: list[str | int]) -> bytes:
    """Give back bytes from hexadecimal text and numbers of zero bytes."""
    return b"".join(bytes(part) if isinstance(part, int) else bytes.fromhex(part) for part in parts)


def format_vectors() -> str:
    return json.dumps(build_vectors(), indent=2, ensure_ascii=True) + "\n"


def _build_manifest() -> bytes:
    prompt = {"content": {"digest": compute_digest(_BLOB.encode()), "media_type": "text/markdown", "size": 9}}
    profile = {
        "model_required": False,
        "prompts": [{"prompt": "greeting"}],
        "tools": {"kind": "all"},
    }
    return encode_canonical(
        {
            "default_profile": "workspace:reviewer",
            "profiles": {"reviewer": profile},
            "prompts": {"greeting": prompt},
            "schema_version": 1,
            "tools": {"file.read": {"kind": "builtin"}},
            "workspace": "library",
        }
    )


def _build_metadata_header(digest: str) -> str:
    metadata = {
        "created_at": "2026-01-31T12:00:00Z",
        "digest": digest,
        "provenance": {"builder": "example", "builder_version": "1.0", "kind": "api"},
        "revision": 1,
        "workspace": "library",
    }
    return encode_canonical(metadata).decode("ascii")


def _frame_raw(data: bytes) -> bytes:
    """Put data into one raw block; single segment, content size in two bytes (which counts from 256)."""
    size = (len(data) - 256).to_bytes(2, "little")
    return bytes.fromhex("28b52ffd60") + size + (len(data) << 3 | 0 << 1 | 1).to_bytes(3, "little") + data


def _frame_of_one_match() -> str:
    """Return a frame of ten bytes: no literals, and one sequence that copies them from sixteen bytes back."""
    return "28b52ffd" + "20" + "0a" + "3d0000" + "00" + "01" + "54" + "000407" + "13"


def _build_pack() -> bytes:
    return b"".join(_build_entry(blob.encode()) for blob in (_BLOB, "")) + END_OF_ARCHIVE


def _build_entry(data: bytes, name: str = "") -> bytes:
    name = name or f"blobs/{compute_digest(data).replace(':', '/')}"
    return encode_entry_header(name, len(data)) + data + bytes(compute_padding(len(data)))


def _abbreviate(data: bytes) -> list[str | int]:
    parts: list[str | int] = []
    position = 0
    for run in _ZEROS.finditer(data):
        if run.start() > position:
            parts.append(data[position : run.start()].hex())
        parts.append(len(run.group()))
        position = run.end()
    return parts


def _build_token() -> dict[str, Any]:
    private_key = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(KEY_TEXT.encode()).digest())
    key = OKPKey.import_key(private_key)
    signing_key = SigningKey(key_id=compute_key_id(key), public_key=format_public_key(key), private_key=key)
    header = json.dumps(build_header(signing_key), separators=(",", ":"))
    claims = json.dumps(
        {
            "iss": "main",
            "aud": "runtime-1",
            "iat": NOW_SECONDS,
            "exp": NOW_SECONDS + 300,
            "jti": "example-1",
            "scope": "bundles:read bundles:write",
            "workspaces": ["library"],
        },
        separators=(",", ":"),
    )
    return {
        "seed": f"SHA-256 of the text '{KEY_TEXT}'",
        "public_key": signing_key.public_key,
        "key_id": signing_key.key_id,
        "header": header,
        "claims": claims,
        "header_base64url": encode_part(header),
        "signature_base64url": sign(header, claims, key).rpartition(".")[2],
        "valid_at": NOW_SECONDS,
    }


def _build_refused() -> dict[str, Any]:
    digest = compute_digest(_BLOB.encode())
    blob_name = f"blobs/{digest.replace(':', '/')}"
    packs = {
        "another name": ("request.invalid", _build_entry(_BLOB.encode(), f"./{blob_name}")),
        "other bytes": ("bundle.digest_mismatch", _build_entry(b"Be rude.\n", blob_name)),
        "the same twice": ("request.invalid", _build_entry(_BLOB.encode()) * 2),
        "another size": ("request.invalid", _build_entry(b"Be kind.\n\n", blob_name)),
        "not asked for": ("request.invalid", _build_entry(b"Be quick.\n")),
        "another kind of entry": ("request.invalid", _relabel(_build_entry(_BLOB.encode()), b"2")),
    }
    refused: dict[str, Any] = {
        name: {"code": code, "pack": _abbreviate(entries + END_OF_ARCHIVE)}
        for name, (code, entries) in packs.items()
    }
    refused["cut"] = {"code": "request.invalid", "pack": _abbreviate(_build_entry(_BLOB.encode()))}
    delta = "5e2a4d18" + "20000000" + "00" * 32 + _frame_of_one_match()
    refused["a base that is not held"] = {"code": "bundle.base_missing", "delta": delta}
    refused["no delta"] = {"code": "request.invalid", "delta": "28b52ffd" + delta[8:]}
    return refused


def _relabel(entry: bytes, kind: bytes) -> bytes:
    """Change an entry's type, with the checksum that belongs to it."""
    header = entry[:148] + b" " * 8 + kind + entry[157:512]
    return header[:148] + b"%06o\0 " % sum(header) + header[156:] + entry[512:]


if __name__ == "__main__":
    PATH.write_text(format_vectors(), encoding="utf-8")
