"""JSON of configuration files: strict, with lines."""

import json

import pytest

from yoi_bundle.authoring.drafts.diagnostics import FileDiagnostics
from yoi_bundle.authoring.formats.json_lines import MAX_JSON_BYTES, read_json
from yoi_bundle.limits import Limits

pytestmark = pytest.mark.req("B-14")


def test_every_value_has_its_line() -> None:
    text = '{\n "a": [\n  1,\n  {"b/c": "x"},\n  "y"\n ],\n "d":\n  {"~": {}}\n}'
    document = read_json(text.encode(), FileDiagnostics("a.json"))
    assert document is not None
    assert document.lines == {
        "": 1, "/a": 2, "/a/1": 4, "/a/1/b~1c": 4, "/a/2": 5, "/d": 7, "/d/~0": 8,
    }  # fmt: skip
    assert document.get_line("/a/0") == 2
    assert document.get_line("/d/~0/none/at/all") == 8


@pytest.mark.parametrize(
    ("data", "rule", "line"),
    [
        (b'{\n"a": 1,\n"b": {"c": 1,\n"c": 2}}', "json.duplicate_key", 4),
        (b'{"a": 1,\n// why\n"b": 2}', "json.comment", 2),
        (b'{"a": NaN}', "json.malformed", 1),
        (b'{"a": "\\ud800"}', "json.malformed", 1),
        (b'{\n"a": 1,\n}', "json.malformed", None),
        (b'{"a": "\xff"}', "json.not_utf8", 1),
        (b"[" * 100_000, "json.too_deep", 1),
        (b"", "json.malformed", 1),
        (b"1" * 5000, "json.malformed", 1),
    ],
)
def test_what_is_no_strict_json_is_refused_with_its_line(data: bytes, rule: str, line: int | None) -> None:
    diagnostics = FileDiagnostics("a.json")
    assert read_json(data, diagnostics, limits=Limits()) is None
    (refusal,) = diagnostics.collect()
    assert refusal.rule == rule
    assert line is None or refusal.line == line


def test_a_byte_order_mark_is_reported_and_read_past() -> None:
    diagnostics = FileDiagnostics("a.json")
    document = read_json(b'\xef\xbb\xbf{"a": 1}', diagnostics)
    assert document is not None
    assert document.value == {"a": 1}
    assert [one.rule for one in diagnostics.collect()] == ["json.byte_order_mark"]


def test_equal_keys_of_different_objects_are_no_repetition() -> None:
    assert read_json(b'[{"a": {"a": 1}}, {"a": 2}]', FileDiagnostics("a.json")) is not None


@pytest.mark.req("B-11")
@pytest.mark.parametrize(
    "data",
    [
        json.dumps({"mcpServers": {f"s{number}": {} for number in range(200_000)}}).encode(),
        b"[" + b"1," * 60_000 + b"1]",
        b'{"a": "' + b"x" * MAX_JSON_BYTES + b'"}',
        json.dumps({"k" * 100_000: [1] * 10_000 + ["x"] * 10_000}).encode(),
        b"[" * 100_000 + b"]" * 100_000,
    ],
    ids=["servers", "values", "bytes", "long key over many values", "depth"],
)
def test_what_is_too_large_is_refused_before_it_is_read(data: bytes) -> None:
    diagnostics = FileDiagnostics("a.json")
    assert read_json(data, diagnostics) is None
    (diagnostic,) = diagnostics.collect()
    assert diagnostic.rule in ("limit.exceeded", "json.too_deep")
    assert (diagnostic.severity, diagnostic.file, diagnostic.line) == ("error", "a.json", 1)
