"""Headers of the sync protocol, and JSON in one line of ASCII for them."""

import json
from typing import Any

import msgspec

PACK_MEDIA_TYPE = "application/x-tar"
MANIFEST_MEDIA_TYPE = "application/vnd.yoi.manifest.v1+json"
METADATA_HEADER = "Yoi-Bundle-Metadata"
"""What is known about a bundle and not covered by its digest (B-03)."""

ENTRY_HEADER = "Yoi-Bundle-Entry"
"""On HEAD: how a stored bundle stands."""

LEASE_EXPIRES_HEADER = "Yoi-Lease-Expires"


def format_header_json(value: Any) -> str:
    """Write a value as JSON that may stand in a header: other characters than ASCII as escapes."""
    return json.dumps(msgspec.to_builtins(value), ensure_ascii=True, separators=(",", ":"))
