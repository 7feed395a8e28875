"""Problem documents (RFC 9457) as a client reads them: `code`, `retryable` and `details`, and what headers add."""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from yoi_bundle.errors import YoiError
from yoi_wire.error_details import build_error
from yoi_wire.errors import RemoteFaultError, RuntimeUnavailableError

_REQUEST_ID = re.compile(r"[0-9a-f]{1,64}")
_MAX_RETRY_AFTER_SECONDS = 24 * 60 * 60


class Problem(msgspec.Struct, frozen=True):
    """What is read of a problem; members that are not known here are passed over (RFC 9457, section 3.2)."""

    code: str
    retryable: bool = False
    details: dict[str, Any] = {}


def decode_problem(body: bytes) -> Problem | None:
    """Return a problem of ours; None for anything else, which something in between has said."""
    try:
        return msgspec.json.decode(body, type=Problem)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def build_problem_error(problem: Problem, headers: Mapping[str, str]) -> YoiError:
    """Return the error that a problem stands for.

    Of what the Runtime itself cannot explain, the id of the request is kept: everything else says what is wrong.

    Raises:
        ValueError: See `yoi_wire.error_details.build_error`.
    """
    error = build_error(problem.code, problem.details)
    if isinstance(error, RemoteFaultError):
        return RemoteFaultError(request=find_request_id(headers) or error.request)
    return add_headers(error, headers) if isinstance(error, RuntimeUnavailableError) else error


def add_headers(error: RuntimeUnavailableError, headers: Mapping[str, str]) -> RuntimeUnavailableError:
    """Return the same error with what the headers of its answer say."""
    return RuntimeUnavailableError(
        error.reason,
        request=(error.reason == "unreachable" and find_request_id(headers)) or error.request,
        retry_after_seconds=parse_retry_after(headers),
    )


def find_request_id(headers: Mapping[str, str]) -> str:
    """Return the id under which the other side's log knows a request; empty when the answer has none of its form."""
    found = headers.get("Yoi-Request-Id", "")
    return found if _REQUEST_ID.fullmatch(found) else ""


def parse_retry_after(headers: Mapping[str, str], *, most: int = _MAX_RETRY_AFTER_SECONDS) -> int:
    """Read seconds (RFC 9110, section 10.2.3), 0 for none; a date is passed over, for the clocks may differ."""
    text = headers.get("Retry-After", "")
    return min(int(text), most) if text.isascii() and text.isdigit() and len(text) < 10 else 0
