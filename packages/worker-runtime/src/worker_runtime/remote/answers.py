"""Answers of a Runtime as the values that they stand for."""

from typing import Any, TypeVar

import msgspec

from worker_runtime.contract.bundles import BundleEntry
from worker_runtime.contract.headers import ENTRY_HEADER, METADATA_HEADER
from worker_runtime.remote.connection import Answer
from yoi_bundle.errors import YoiError
from yoi_bundle.metadata import BundleMetadata
from yoi_wire.errors import RemoteFaultError
from yoi_wire.problems import find_request_id

Value = TypeVar("Value")


def decode_answer(answer: Answer, expected: type[Value]) -> Value:
    """Return the value of an answer's body.

    Raises:
        YoiError: `internal`: what answered is no Runtime of this interface.
    """
    return _decode(answer, answer.body, expected)


def decode_metadata_header(answer: Answer) -> BundleMetadata:
    """Return what the Runtime knows about a bundle beside its bytes."""
    return _decode(answer, _read_header(answer, METADATA_HEADER), BundleMetadata)


def decode_entry_headers(answer: Answer) -> BundleEntry:
    """Return a stored bundle's entry from the headers of an answer to HEAD."""
    facts = _decode(answer, _read_header(answer, ENTRY_HEADER), dict[str, Any])
    facts["metadata"] = decode_metadata_header(answer)
    try:
        return msgspec.convert(facts, BundleEntry)
    except msgspec.ValidationError:
        raise _build_error(answer) from None


def _read_header(answer: Answer, name: str) -> bytes:
    return answer.headers.get(name, "").encode("ascii", errors="replace")


def _decode(answer: Answer, data: bytes, expected: type[Value]) -> Value:
    try:
        return msgspec.json.decode(data, type=expected)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise _build_error(answer) from None


def _build_error(answer: Answer) -> YoiError:
    return RemoteFaultError("an answer of another form", request=find_request_id(answer.headers))
