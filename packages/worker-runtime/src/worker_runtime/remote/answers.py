"""Headers of a Runtime's answers as the values that they stand for."""

from typing import Any

import msgspec

from worker_runtime.contract.bundles import BundleEntry
from worker_runtime.contract.headers import ENTRY_HEADER, METADATA_HEADER
from yoi_bundle.metadata import BundleMetadata
from yoi_wire.client.messages import Answer, build_form_error, decode_json


def decode_metadata_header(answer: Answer) -> BundleMetadata:
    """Return what the Runtime knows about a bundle beside its bytes."""
    return decode_json(answer, _read_header(answer, METADATA_HEADER), BundleMetadata)


def decode_entry_headers(answer: Answer) -> BundleEntry:
    """Return a stored bundle's entry from the headers of an answer to HEAD."""
    facts = decode_json(answer, _read_header(answer, ENTRY_HEADER), dict[str, Any])
    facts["metadata"] = decode_metadata_header(answer)
    try:
        return msgspec.convert(facts, BundleEntry)
    except msgspec.ValidationError:
        raise build_form_error(answer) from None


def _read_header(answer: Answer, name: str) -> bytes:
    return answer.headers.get(name, "").encode("ascii", errors="replace")
