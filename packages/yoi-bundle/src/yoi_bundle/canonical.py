"""The one accepted byte form of a JSON value: RFC 8785, restricted to ASCII keys and no floats (B-01)."""

import itertools
import re
from typing import Any

import msgspec

from yoi_bundle.errors import BundleNotCanonicalError, LimitExceededError

MAX_SAFE_INTEGER = 2**53 - 1

_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_STEP = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}

_encoder = msgspec.json.Encoder(order="sorted")


def encode_canonical(value: Any) -> bytes:
    """Encode a typed value or builtins in canonical form.

    RFC 8785 sorts keys by UTF-16 code unit and msgspec by code point; the two agree on the ASCII keys that
    the manifest's grammar admits.
    """
    return _encoder.encode(value)


def compute_depth(data: bytes) -> int:
    """Return how deeply arrays and objects nest, without parsing and so without recursion."""
    # Without escapes, every other piece between quotes is outside of a string.
    unescaped = data.replace(b"\\\\", b"").replace(b'\\"', b"") if b"\\" in data else data
    brackets = b"".join(unescaped.split(b'"')[::2]).translate(None, _NOT_BRACKETS)
    return max(itertools.accumulate((_STEP[byte] for byte in brackets), initial=0))


def verify_depth(data: bytes, *, allowed: int, place: str) -> None:
    """Check nesting before any parser sees the bytes.

    Raises:
        LimitExceededError: When arrays and objects nest deeper than `allowed`.
    """
    depth = compute_depth(data)
    if depth > allowed:
        raise LimitExceededError("depth", value=depth, allowed=allowed, place=place)


def decode_canonical(data: bytes) -> Any:
    """Decode bytes that are in canonical form, to builtins.

    The caller has checked length and depth. That there are no floats, no null, no integers from 2^53 and no keys
    beyond ASCII is for the types to say, with a pointer, or for `verify_values` where there are none.

    Raises:
        BundleNotCanonicalError: With the first byte at which the bytes leave the canonical form.
    """
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BundleNotCanonicalError("not UTF-8", error.start) from None
    try:
        value = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise BundleNotCanonicalError(f"not JSON: {_summarise(error)}") from None
    try:
        again = encode_canonical(value)
    except (msgspec.MsgspecError, UnicodeError, OverflowError) as error:
        raise BundleNotCanonicalError(f"not JSON: {_summarise(error)}") from None
    if again != data:
        offset = find_difference(again, data)
        raise BundleNotCanonicalError("keys out of order or twice, space, or another spelling", offset)
    return value


def verify_values(value: Any) -> None:
    """Check decoded JSON that no type describes: only here may both spellings of a number have come through.

    Raises:
        BundleNotCanonicalError: For a float, a null, an integer with |n| >= 2^53, or a key that is not ASCII.
    """
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            if not all(key.isascii() for key in one):
                raise BundleNotCanonicalError("a key that is not ASCII")
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one)
        elif one is None or isinstance(one, float):
            raise BundleNotCanonicalError("a float or a null")
        elif isinstance(one, int) and abs(one) > MAX_SAFE_INTEGER:
            raise BundleNotCanonicalError("an integer that not every reader of JSON keeps")


def find_difference(left: bytes, right: bytes) -> int:
    """Return the first offset at which two byte strings differ; the length of the shorter if one begins the other."""
    low, high = 0, min(len(left), len(right))
    while low < high:
        middle = (low + high + 1) // 2
        if left[:middle] == right[:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _summarise(error: Exception) -> str:
    """Keep the parser's position and reason, never text of the document itself."""
    text = str(error)
    match = re.search(r"\(byte \d+\)", text)
    return f"malformed {match.group()}" if match else type(error).__name__
