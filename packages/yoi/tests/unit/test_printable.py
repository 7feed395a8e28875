"""Text of any origin, made harmless for a terminal."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from yoi.shell.output import make_printable


def test_an_escape_sequence_is_shown_and_does_nothing() -> None:
    assert make_printable("a\x1b[31mred\x07") == "a␛[31mred␇"


def test_a_direction_override_is_named() -> None:
    assert make_printable("safe\u202etxt.exe") == "safe<U+202E>txt.exe"


def test_japanese_emoji_and_joined_persian_stay_as_they_are() -> None:
    for text in ("案内係は「はい」と答える。", "👩‍👧‍👦", "می‌خواهم", "क्‍ष"):
        assert make_printable(text) == text


def test_lines_are_kept_only_when_asked_for() -> None:
    assert make_printable("a\n\tb") == "a␊␉b"
    assert make_printable("a\n\tb\x1b", keep_lines=True) == "a\n\tb␛"


@given(st.text())
def test_nothing_that_acts_on_a_terminal_passes(text: str) -> None:
    shown = make_printable(text)
    assert not [one for one in shown if unicodedata.category(one) in ("Cc", "Cs", "Zl", "Zp")]
    assert make_printable(shown) == shown
