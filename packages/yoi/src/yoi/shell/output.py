"""Output of commands: JSON documents on standard output, and texts made harmless for a terminal."""

import json
import re
import sys
from typing import Any

_UNSAFE = re.compile(
    "[\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f\ud800-\udfff]"
)


def _escape(match: re.Match[str]) -> str:
    return json.dumps(match.group())[1:-1]


_PICTURES = {code: chr(0x2400 + code) for code in range(0x20)} | {0x7F: "\u2421"}


_INVISIBLE = re.compile(
    "[\u0080-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffb\U000e0000-\U000e007f\ud800-\udfff]"
)


_LINE_END = 0x0A


_TAB = 0x09


def _name_character(match: re.Match[str]) -> str:
    return f"<U+{ord(match.group()):04X}>"


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


def make_printable(text: str, *, keep_lines: bool = False) -> str:
    """Show control characters as pictures and invisible ones by their code point; other text stays as it is.

    Args:
        text: Text of any origin.
        keep_lines: Let line ends and tabs through.
    """
    pictures = dict(_PICTURES)
    if keep_lines:
        del pictures[_LINE_END], pictures[_TAB]
    return _INVISIBLE.sub(_name_character, text.translate(pictures))
