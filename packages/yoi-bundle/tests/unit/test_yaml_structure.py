"""What the events of YAML text say before any value is made."""

import pytest

from yoi_bundle.authoring.formats.yaml_mapping import YamlFault, YamlMapping, parse_mapping
from yoi_bundle.authoring.formats.yaml_structure import YamlStructure, scan_structure

pytestmark = pytest.mark.req("B-14")


def summarise(structure: YamlStructure) -> tuple[list[tuple[str, int]], int, int, bool]:
    keys = [(key.name, key.line) for key in structure.keys]
    return keys, structure.total, structure.depth, structure.is_whole


def test_keys_are_listed_with_their_lines_and_counted_at_every_depth() -> None:
    text = 'a: {b: 1, c: [{d: 2}]}\n# e: 1\n"f g": |\n  h: 1\ni:\n- j: x\n'
    assert summarise(scan_structure(text, max_depth=8)) == ([("a", 0), ("f g", 2), ("i", 4)], 7, 4, True)


def test_lines_end_where_yaml_1_2_ends_them() -> None:
    keys = scan_structure("a: 'x\u2028 y\x85 z'\n日本: 1\nb: 2\n", max_depth=8).keys
    assert [(key.name, key.line) for key in keys] == [("a", 0), ("日本", 1), ("b", 2)]


@pytest.mark.parametrize(
    ("text", "kind", "line"),
    [
        ("a: 1\nb: &x 2\n", "mark", 1),
        ("a: 1\nb: !!str 2\n", "mark", 1),
        ("? a\n: 1\n", "mark", 0),
        ("{a: 1}: 2\n", "mark", 0),
        ('a: 1\nb: {c: 1, "\\x63": 2}\n', "repeated", 1),
        ("a: 1\n'a': 2\n", "repeated", 1),
        ("a: [[[[[]]]]]\n", "depth", 0),
        ("a: 1\n---\ntools\n", "shape", 0),
    ],
)
def test_what_a_parser_would_expand_or_drop_in_silence_is_a_fault(text: str, kind: str, line: int) -> None:
    fault = parse_mapping(text, max_depth=5)
    assert isinstance(fault, YamlFault)
    assert (fault.kind, fault.line) == (kind, line)


def test_aliases_that_would_double_forty_times_are_seen_before_they_are_expanded() -> None:
    bomb = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 40))
    structure = scan_structure(bomb, max_depth=8)
    assert (len(structure.marks), structure.is_whole) == (40 + 78, True)


def test_the_walk_ends_where_collections_nest_too_deeply() -> None:
    assert scan_structure("a: " + "[" * 500 + "]" * 500, max_depth=8).depth == 9


@pytest.mark.parametrize("nested", ["[" * 60_000, "{a: " * 15_000, "- " * 30_000, "? " * 30_000])
def test_text_that_nests_without_end_is_refused(nested: str) -> None:
    assert isinstance(parse_mapping(f"a:\n  {nested}", max_depth=32), YamlFault)


def test_malformed_text_gives_what_stands_before_the_fault() -> None:
    assert summarise(scan_structure("a: 1\nb: [\n", max_depth=8)) == ([("a", 0), ("b", 1)], 2, 2, False)


def test_a_colon_inside_a_plain_value_is_no_key() -> None:
    parsed = parse_mapping("a: http://host/x\n", max_depth=5)
    assert isinstance(parsed, YamlMapping)
    assert parsed.values == {"a": "http://host/x"}
