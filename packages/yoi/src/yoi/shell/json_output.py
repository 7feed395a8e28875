"""`--json`: one JSON document on standard output, in UTF-8 whatever the locale, and nothing else there."""

import json
import re
import sys
from typing import Any

_UNSAFE = re.compile(
    "[\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f\ud800-\udfff]"
)


def encode_output(value: Any) -> bytes:
    """Encode builtins as indented JSON; characters that could act on a terminal are written as escapes."""
    text = json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True)
    return _UNSAFE.sub(_escape, text).encode() + b"\n"


def print_json(value: Any) -> None:
    """Print a msgspec value or builtins; keys are sorted."""
    import msgspec

    sys.stdout.flush()
    sys.stdout.buffer.write(encode_output(msgspec.to_builtins(value, str_keys=True)))
    sys.stdout.buffer.flush()


def print_json_line(value: Any) -> None:
    """Print a value as one line, at once; for output that goes on."""
    import msgspec

    text = json.dumps(msgspec.to_builtins(value, str_keys=True), ensure_ascii=False, sort_keys=True)
    sys.stdout.buffer.write(_UNSAFE.sub(_escape, text).encode() + b"\n")
    sys.stdout.buffer.flush()


def _escape(match: re.Match[str]) -> str:
    return json.dumps(match.group())[1:-1]
