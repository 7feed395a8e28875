"""Texts that travel as blobs are looked at in parts, and what stands on the border of two parts is found once."""

import io
import random

import pytest

from support.bundles.secret_tokens import TOKEN_KINDS
from yoi_bundle.boundary.rule_detector import RuleDetector
from yoi_bundle.boundary.scanner import DetectorScanner
from yoi_bundle.boundary.text_blob import OVERLAP_BYTES, WINDOW_BYTES, find_text_blob_faults

pytestmark = pytest.mark.req("B-10")

SCANNER = DetectorScanner([RuleDetector()])
BORDERS = (WINDOW_BYTES - OVERLAP_BYTES, WINDOW_BYTES, 2 * WINDOW_BYTES - OVERLAP_BYTES)
LINE = b"Be kind to the reader, and brief.\n"


def find(data: bytes, *, declared_text: bool = True) -> list[tuple[str, str]]:
    faults = find_text_blob_faults(
        io.BytesIO(data), place="/prompts/p/content", scanner=SCANNER, declared_text=declared_text
    )
    return [(fault.code, fault.message) for fault in faults]


def surround(inserted: bytes, at: int, *, filler: bytes) -> tuple[bytes, int]:
    """Return a text of three windows with something inserted near an offset, and the line it stands in."""
    before = (filler * (at // len(filler) + 1))[:at]
    whole = before + inserted + filler * (3 * WINDOW_BYTES // len(filler))
    return whole, before.count(b"\n") + 1


@pytest.mark.req("B-07")
@pytest.mark.parametrize("filler", [LINE, b"word "], ids=["lines", "one line"])
@pytest.mark.parametrize("at", [border + shift for border in BORDERS for shift in (-50, -20, -1, 0, 1)])
def test_a_credential_on_a_border_is_found_once_with_its_line(at: int, filler: bytes) -> None:
    (kind,) = (one for one in TOKEN_KINDS if one.name == "github-classic")
    token = kind.make(random.Random(3)).encode()
    data, line = surround(b" " + token + b" ", at, filler=filler)
    assert find(data) == [("bundle.secret_value", f"line {line} looks like a credential (github)")]


@pytest.mark.req("B-09")
@pytest.mark.parametrize("filler", [LINE, b"word "], ids=["lines", "one line"])
@pytest.mark.parametrize("at", [border + shift for border in BORDERS for shift in (-70, -3, -1, 0, 2)])
def test_a_hidden_character_on_a_border_is_found_once_with_its_line(at: int, filler: bytes) -> None:
    data, line = surround("\u202e".encode(), at, filler=filler)
    assert find(data) == [("bundle.hidden_text", f"hidden character U+202E in line {line}")]


@pytest.mark.req("B-09")
@pytest.mark.parametrize("at", [border + shift for border in BORDERS for shift in range(-40, 6, 3)])
def test_a_flag_or_an_emoji_on_a_border_is_no_hidden_text(at: int) -> None:
    """Its parts would be refused alone: tags without their flag, a selector without its base."""
    flag = "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f\u2764\ufe0f"
    data, _ = surround(flag.encode(), at, filler=b"word ")
    assert find(data) == []


@pytest.mark.req("B-09")
def test_calling_a_text_bytes_does_not_excuse_its_hidden_characters() -> None:
    data = "well\u202ehidden".encode()
    assert [code for code, _ in find(data, declared_text=False)] == ["bundle.hidden_text"]
    assert find(b"\0" + data, declared_text=False) == []
    assert find(data + b"\xff", declared_text=False) == []
    assert [code for code, _ in find(data + b"\xff")] == ["bundle.hidden_text"]


def test_a_text_without_faults_and_an_empty_one_have_none() -> None:
    assert find(b"") == []
    assert find(LINE * (2 * WINDOW_BYTES // len(LINE))) == []
    assert find("नमस्ते، سلام 家族 👩‍👩‍👧\n".encode() * 20_000) == []
