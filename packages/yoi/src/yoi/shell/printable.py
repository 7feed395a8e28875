"""Text from files and other parties, made harmless for a terminal: no escape sequence, nothing invisible."""

import re

_PICTURES = {code: chr(0x2400 + code) for code in range(0x20)} | {0x7F: "\u2421"}
_INVISIBLE = re.compile(
    "[\u0080-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffb\U000e0000-\U000e007f\ud800-\udfff]"
)
_LINE_END = 0x0A
_TAB = 0x09


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


def _name_character(match: re.Match[str]) -> str:
    return f"<U+{ord(match.group()):04X}>"
