"""Text as it looks to a reader, in ASCII where it can be: what hides a credential from a search by bytes is undone (B-07).

Compatibility forms (NFKC: full-width, mathematical and circled letters), default-ignorable characters (Unicode 16
`DerivedCoreProperties.txt`) and the Cyrillic and Greek letters that look like Latin ones. Compressed data is not looked into.
"""

import re
import unicodedata

_IGNORABLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_LOOK_ALIKES = str.maketrans(
    {
        chr(code): letter
        for codes, letters in (
            # Cyrillic capitals, small letters; Greek capitals, small letters
            ((0x410, 0x412, 0x415, 0x405, 0x406, 0x408, 0x41A, 0x41C, 0x41D), "ABESIJKMH"),
            ((0x41E, 0x420, 0x421, 0x422, 0x423, 0x425, 0x50C, 0x51C), "OPCTYXGW"),
            ((0x430, 0x435, 0x455, 0x456, 0x458, 0x43E, 0x440, 0x441), "aesijopc"),
            ((0x443, 0x445, 0x501, 0x51B, 0x51D, 0x4BB, 0x4CF, 0x475), "yxdqwhlv"),
            ((0x391, 0x392, 0x395, 0x396, 0x397, 0x399, 0x39A, 0x39C), "ABEZHIKM"),
            ((0x39D, 0x39F, 0x3A1, 0x3A4, 0x3A5, 0x3A7), "NOPTYX"),
            ((0x3BF, 0x3BD, 0x3B9, 0x3F2, 0x3F3), "ovicj"),
        )
        for code, letter in zip(codes, letters, strict=True)
    }
)
_LONG_WORD = re.compile(r"[A-Za-z0-9_+/=.:-]{16}")


def reveal_disguised(text: str) -> str:
    """Return the lines of a text that read otherwise than they are written, as they read; all others are empty.

    A line keeps its number. Only lines with a long ASCII word are returned: no credential is in any other.
    """
    if text.isascii():
        return ""
    return "\n".join("" if line.isascii() else _reveal(line) for line in text.split("\n"))


def _reveal(line: str) -> str:
    plain = unicodedata.normalize("NFKC", _IGNORABLE.sub("", line)).translate(_LOOK_ALIKES)
    plain = plain.replace("\n", " ")
    return plain if plain != line and _LONG_WORD.search(plain) is not None else ""
