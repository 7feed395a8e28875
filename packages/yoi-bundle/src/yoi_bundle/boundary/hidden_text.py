"""Characters that a reader cannot see and a model can (B-09).

Sources: Unicode 16 `StandardizedVariants.txt`, `emoji-variation-sequences.txt`, the Ideographic Variation Database
(UTS 37), emoji tag sequences (UTS 51, ED-14a), and UAX 9 for the directional formatting characters.
"""

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache

from msgspec import Struct

from yoi_bundle.boundary.line_counter import MAX_FINDINGS, LineCounter
from yoi_bundle.deadline import NO_DEADLINE, Deadline


class HiddenCharacter(Struct, frozen=True, kw_only=True):
    """One character that does not show.

    Attributes:
        code_point: Such as `U+200B`.
        line: From 1; lines end at U+000A.
        column: From 1, in code points.
        refused: Whether it is refused; otherwise a warning.
    """

    code_point: str
    line: int
    column: int
    refused: bool


_CANDIDATES = re.compile(
    "[\u180b-\u180d\u180f\u200b-\u200d\u202a-\u202e\u2060\u2066-\u2069\ufe00-\ufe0f\ufeff\U000e0001-\U000e01ef]"
)
_FLAG = re.compile("\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{3,6}\U000e007f")
_CANDIDATES_BETWEEN_LOOKS = 65_536
_WARNED = frozenset("\u200b\u2060\ufeff")
_JOINERS = frozenset("\u200c\u200d")

_Ranges = tuple[tuple[int, int], ...]

_HAN: _Ranges = (
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
    (0x20000, 0x323AF),
)
_STANDARDIZED: _Ranges = (
    *_HAN,
    (0x0030, 0x0030),
    (0x1000, 0x109F),
    (0x3001, 0x3002),
    (0xA840, 0xA877),
    (0xAA60, 0xAA7F),
    (0xFF01, 0xFF1F),
    (0x10AC0, 0x10AFF),
    (0x13000, 0x143FA),
    (0x1D49C, 0x1D4CF),
)
"""Bases of VS1 to VS14 besides mathematical operators (category Sm)."""

_MONGOLIAN: _Ranges = ((0x1807, 0x1807), (0x1820, 0x18AA))
_JOINING_SCRIPTS: _Ranges = (
    (0x0600, 0x08FF),
    (0x0900, 0x0DFF),
    (0x0F00, 0x109F),
    (0x1700, 0x18AF),
    (0x1900, 0x1CFF),
    (0xA800, 0xA8FF),
    (0xA930, 0xAAFF),
    (0xABC0, 0xABFF),
    (0xFB50, 0xFDFF),
    (0xFE70, 0xFEFC),
    (0x10A00, 0x10FFF),
    (0x11000, 0x11FFF),
    (0x1E900, 0x1E95F),
)
"""Arabic, Syriac, N'Ko and kin; the Indic scripts; Tibetan, Myanmar, Khmer, Mongolian; Adlam."""

_EMOJI_EXTRA = frozenset("#*0123456789\u203c\u2049\u2139\u3030")
"""Bases of `emoji-variation-sequences.txt` that are no symbols by category."""


def find_hidden_text(text: str, *, deadline: Deadline = NO_DEADLINE) -> list[HiddenCharacter]:
    """Return hidden characters of a text in order: the first 200 that are refused, and the first 200 that only warn.

    One pass: a text that is full of them costs no more than its length. Those that warn never keep one that is refused
    from being found.

    Raises:
        LimitExceededError: There is no time left.
    """
    if text.isascii():
        return []
    found: list[HiddenCharacter] = []
    left = {True: MAX_FINDINGS, False: MAX_FINDINGS}
    flags: set[int] | None = None
    counter = LineCounter(text, "\n")
    for number, match in enumerate(_CANDIDATES.finditer(text)):
        if number % _CANDIDATES_BETWEEN_LOOKS == 0:
            deadline.verify("text")
        index = match.start()
        character = match.group()
        if character >= "\U000e0001" and character <= "\U000e007f" and flags is None:
            flags = {place for flag in _FLAG.finditer(text) for place in range(*flag.span())}
        refused = _judge(text, index, flags or set())
        if refused is None or not left[refused]:
            continue
        line, column = counter.locate(index)
        code_point = f"U+{ord(character):04X}"
        found.append(HiddenCharacter(code_point=code_point, line=line, column=column, refused=refused))
        left[refused] -= 1
        if not left[True]:
            break
    return found


def _judge(text: str, index: int, flags: set[int]) -> bool | None:
    """Return True for a refusal, False for a warning, None for a character in its right place."""
    character = text[index]
    code = ord(character)
    if character in _JOINERS:
        return None if _stands_beside(text, index, _takes_joiner) else False
    if character in _WARNED:
        return None if character == "\ufeff" and index == 0 else False
    if 0xE0001 <= code <= 0xE007F:
        return None if index in flags else True
    if _is_variation_selector(code):
        return None if index > 0 and _is_valid_base(text[index - 1], code) else True
    if 0xE0080 <= code <= 0xE00FF:
        return None
    return True


def _is_variation_selector(code: int) -> bool:
    return 0xFE00 <= code <= 0xFE0F or 0xE0100 <= code <= 0xE01EF or code in (0x180B, 0x180C, 0x180D, 0x180F)


@lru_cache(maxsize=4_096)
def _is_valid_base(base: str, selector: int) -> bool:
    code = ord(base)
    if selector in (0xFE0E, 0xFE0F):
        return _is_emoji(base) or base in _EMOJI_EXTRA
    if 0xFE00 <= selector <= 0xFE0D:
        return unicodedata.category(base) == "Sm" or _is_within(code, _STANDARDIZED)
    if selector >= 0xE0100:
        return _is_within(code, _HAN)
    return _is_within(code, _MONGOLIAN)


def _is_emoji(character: str) -> bool:
    return unicodedata.category(character) in ("So", "Sm") or 0x1F000 <= ord(character) <= 0x1FAFF


@lru_cache(maxsize=4_096)
def _takes_joiner(character: str) -> bool:
    return _is_within(ord(character), _JOINING_SCRIPTS) or _is_emoji(character) or character == "\ufe0f"


def _stands_beside(text: str, index: int, accepts: Callable[[str], bool]) -> bool:
    before = text[index - 1 : index]
    after = text[index + 1 : index + 2]
    return (before != "" and accepts(before)) or (after != "" and accepts(after))


def _is_within(code: int, ranges: _Ranges) -> bool:
    return any(low <= code <= high for low, high in ranges)
