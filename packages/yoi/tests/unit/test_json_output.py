"""`--json` prints JSON that is safe to look at."""

import json

from hypothesis import given
from hypothesis import strategies as st

from yoi.shell.output import encode_output


@given(st.dictionaries(st.text(), st.text()))
def test_the_output_says_the_same_and_holds_no_control_character(value: dict[str, str]) -> None:
    text = encode_output(value).decode()
    assert json.loads(text) == value
    assert not [one for one in text if one != "\n" and (ord(one) < 0x20 or 0x7F <= ord(one) < 0xA0)]


def test_japanese_is_readable_and_overrides_are_escaped() -> None:
    assert "案内係" in encode_output({"title": "案内係"}).decode()
    assert "\\u202e" in encode_output({"title": "\u202e"}).decode()


def test_keys_are_sorted() -> None:
    assert list(json.loads(encode_output({"b": 1, "a": 2}))) == ["a", "b"]
