"""Frontmatter: bytes kept, YAML 1.2, repairs that keep the author's meaning, refusals where there are two meanings."""

from typing import NamedTuple

import pytest

from yoi_bundle.authoring.drafts.diagnostics import FileDiagnostics
from yoi_bundle.authoring.formats.frontmatter import FrontmatterField, read_frontmatter, split_frontmatter
from yoi_bundle.diagnostics import Diagnostic
from yoi_bundle.limits import DEFAULT_LIMITS, Limits

pytestmark = pytest.mark.req("B-14")


class Reading(NamedTuple):
    fields: dict[str, FrontmatterField] | None
    diagnostics: tuple[Diagnostic, ...]


def read_data(data: bytes, *, limits: Limits = DEFAULT_LIMITS) -> Reading:
    diagnostics = FileDiagnostics("a.md")
    fields = read_frontmatter(split_frontmatter(data), diagnostics, limits=limits)
    return Reading(fields, diagnostics.collect())


def read(header: str, *, limits: Limits = DEFAULT_LIMITS) -> Reading:
    return read_data(f"---\n{header}\n---\nbody\n".encode(), limits=limits)


def read_values(header: str) -> dict[str, object]:
    reading = read(header)
    assert reading.fields is not None, reading.diagnostics
    return {key: field.value for key, field in reading.fields.items()}


def get_rules(reading: Reading) -> list[tuple[str, int]]:
    return [(one.rule, one.line) for one in reading.diagnostics]


@pytest.mark.parametrize(
    ("data", "body", "line"),
    [
        (b"---\na: b\n---\ntext", b"text", 4),
        (b"---\r\na: b\r\n---\r\none\r\ntwo", b"one\r\ntwo", 4),
        (b"---\n---\n\x04\xc2\xad", b"\x04\xc2\xad", 3),
        (b"\xef\xbb\xbf---\na: b\n---\nx\n\n", b"x\n\n", 4),
        (b"---\na: b\n---", b"", 3),
        (b"--- \na: b\n---\t\n---\n", b"---\n", 4),
    ],
)
def test_the_body_is_what_follows_the_closing_fence_byte_for_byte(
    data: bytes, body: bytes, line: int
) -> None:
    parts = split_frontmatter(data)
    assert parts.body == body
    assert parts.body_line == line
    assert parts.header is not None


@pytest.mark.parametrize("data", [b"", b"text\n---\na: b\n---\n", b" ---\na: b\n---\n", b"----\na: b\n---\n"])
def test_a_file_that_does_not_begin_with_a_fence_is_all_body(data: bytes) -> None:
    parts = split_frontmatter(data)
    assert parts.header is None
    assert parts.body == data
    assert read_frontmatter(parts, FileDiagnostics("a.md")) == {}


def test_a_fence_that_never_closes_is_an_error_and_not_a_file_without_restrictions() -> None:
    reading = read_data(b"---\ntools: Read\nbody")
    assert reading.fields is None
    assert get_rules(reading) == [("frontmatter.unclosed", 1)]


def test_a_byte_order_mark_is_reported_and_read_past() -> None:
    reading = read_data(b"\xef\xbb\xbf---\na: b: c\n---\n")
    assert reading.fields is not None
    assert reading.fields["a"].value == "b: c"
    assert get_rules(reading) == [("frontmatter.byte_order_mark", 1), ("frontmatter.repaired", 2)]


def test_keys_keep_their_lines_and_scalars_their_spelling() -> None:
    fields = read("name: 3000\n\nversion: 1.0 # now\nargument-hint: [file] [mode]\non: push").fields
    assert fields is not None
    assert {key: (field.line, field.text) for key, field in fields.items()} == {
        "name": (2, "3000"),
        "version": (4, "1.0"),
        "argument-hint": (5, "[file] [mode]"),
        "on": (6, "push"),
    }


def test_a_list_on_one_line_can_be_taken_as_the_text_that_it_looks_like() -> None:
    fields = read("argument-hint: [file]").fields
    assert fields is not None
    assert fields["argument-hint"].value == ["file"]
    assert fields["argument-hint"].text == "[file]"


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("description: Use when: asked", "Use when: asked"),
        ("argument-hint: [a] | [b] --c", "[a] | [b] --c"),
        ("globs: *.ts", "*.ts"),
        ("tools: *", "*"),
        ("description: &amp; more", "&amp; more"),
        ("description: !important", "!important"),
        ("description: @file `x`", "@file `x`"),
        ('description: "quoted" and on', '"quoted" and on'),
        ("description: {{name}} is here: {a", "{{name}} is here: {a"),
    ],
)
def test_a_line_whose_value_is_not_yaml_is_taken_as_text(line: str, value: str) -> None:
    reading = read(f"first: 1\n{line}\nlast: [a, b]")
    assert reading.fields is not None
    key = line.partition(":")[0]
    assert (reading.fields[key].value, reading.fields[key].repaired) == (value, True)
    assert reading.fields["last"].value == ["a", "b"]
    assert get_rules(reading) == [("frontmatter.repaired", 3)]


def test_prose_that_is_not_indented_belongs_to_the_value_before() -> None:
    reading = read(
        'description: Use it so\n<example>\nuser: "one"\nuser: "two"\n</example>\nIt is good.\nmodel: opus'
    )
    assert reading.fields is not None
    assert list(reading.fields) == ["description", "model"]
    assert reading.fields["description"].value.count("\n") == 5
    assert get_rules(reading) == [("frontmatter.repaired", 2)]


def test_a_closing_bracket_may_stand_where_its_key_does() -> None:
    reading = read("tools: [\n  'read',\n  'edit'\n]\nname: x")
    assert reading.fields is not None
    assert reading.fields["tools"].value == ["read", "edit"]
    assert get_rules(reading) == [("frontmatter.repaired", 2)]


@pytest.mark.parametrize(
    ("header", "rule", "line"),
    [
        ("a: 1\nb: 2\na: 3", "frontmatter.duplicate_key", 4),
        ('a: 1\n"a": 2', "frontmatter.duplicate_key", 3),
        ("a:\n  b: 1\n  b: 2", "frontmatter.duplicate_key", 4),
        ("a: {b: 1, b: 2}", "frontmatter.repaired", 2),
        ("tools: [Read,\n  Write\nname: x", "frontmatter.malformed", None),
        ("tools Read, Write\nname: x", "frontmatter.malformed", 2),
        ("name: a: b\ntools Read, Write", "frontmatter.malformed", 3),
        ("name: x\n<example>\ntools: Read\n</example>", "frontmatter.malformed", 4),
        ("description: a: b\n  tools: Read", "frontmatter.malformed", None),
        ("tools: Read: Write\n  - Edit", "frontmatter.malformed", None),
        ("x:\n  - [a", "frontmatter.malformed", None),
        ("- a\n- b", "frontmatter.malformed", 2),
        ("name: a: b\n? tools\n: Read", "frontmatter.malformed", 3),
        ("name: a: b\n!!str tools: Read", "frontmatter.malformed", 3),
        ("name: a: b\rtools: Read", "frontmatter.malformed", 2),
    ],
)
def test_what_has_more_than_one_meaning_is_refused_with_its_line(
    header: str, rule: str, line: int | None
) -> None:
    reading = read(header)
    assert reading.diagnostics[0].rule == rule
    assert (reading.fields is None) == (rule != "frontmatter.repaired")
    if line is not None:
        assert reading.diagnostics[0].line == line
    assert reading.diagnostics[0].remedy


def test_a_repeated_key_in_one_line_never_loses_its_first_value() -> None:
    assert read_values("a: {b: 1, b: 2}") == {"a": "{b: 1, b: 2}"}


def test_text_after_an_end_of_document_is_not_lost() -> None:
    assert read_values("name: x\n...\ntools: Read")["tools"] == "Read"


def test_anchors_and_aliases_are_never_expanded() -> None:
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "\n".join(
        f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]" for level in range(1, 20)
    )
    values = read_values(bomb)
    assert all(isinstance(value, str) for value in values.values())


def test_a_nested_alias_is_refused() -> None:
    reading = read("hooks:\n  a: &x [1]\n  b: *x")
    assert reading.fields is None
    assert get_rules(reading) == [("frontmatter.malformed", 3)]


def test_a_long_header_is_refused_before_it_is_parsed() -> None:
    reading = read("a: " + "x" * 5000, limits=Limits(frontmatter_bytes=4096))
    assert get_rules(reading) == [("frontmatter.too_large", 2)]


@pytest.mark.parametrize("header", ["a: " + "[" * 5000, "- " * 5000 + "x", "a: " + "{a: " * 60])
def test_a_deep_header_is_refused_or_taken_as_text(header: str) -> None:
    reading = read(header)
    assert reading.diagnostics
    assert reading.fields is None or all(isinstance(one.value, str) for one in reading.fields.values())


def test_bytes_that_are_not_utf8_are_refused_with_their_line() -> None:
    reading = read_data(b"---\na: b\nc: \xff\n---\n")
    assert get_rules(reading) == [("frontmatter.not_utf8", 3)]


def test_no_diagnostic_shows_a_value() -> None:
    word = "zq" * 12
    for header in (f"a: {word}: {word}", f"a:\n  - [{word}", f"a: 1\na: {word}", f"{word}\na: 1"):
        assert word not in repr(read(header).diagnostics)
