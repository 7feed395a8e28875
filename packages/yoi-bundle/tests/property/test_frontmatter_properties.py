"""Whatever stands in a file, reading it never raises, and its bytes stay its own."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yoi_bundle.authoring.drafts.diagnostics import FileDiagnostics
from yoi_bundle.authoring.formats.frontmatter import read_frontmatter, split_frontmatter
from yoi_bundle.authoring.formats.yaml_mapping import YamlMapping, parse_mapping

pytestmark = pytest.mark.req("B-14")

PIECES = st.sampled_from(
    [
        "---", "\n", "\r\n", "\r", ": ", ":", "- ", "  ", "\t", "tools", "name", "a", "&a", "*a", "!t", "|", ">", "'", '"', "[",
        "]", "{", "}", ",", "#", "? ", "...", "<example>", "</example>", "\\", "\x04", "\u00a0", "é", "1.0", "null", "%", "@", "`", "\x85", "\u2028", "<<: *a",
    ]
)  # fmt: skip
TEXTS = st.lists(PIECES, max_size=40).map("".join)


@settings(max_examples=400)
@given(TEXTS)
def test_reading_a_hostile_header_never_raises(text: str) -> None:
    parts = split_frontmatter(f"---\n{text}\n---\nbody".encode())
    diagnostics = FileDiagnostics("a.md")
    assert (read_frontmatter(parts, diagnostics) is None) == diagnostics.failed


@settings(max_examples=200)
@given(st.binary(max_size=200))
def test_reading_hostile_bytes_never_raises(data: bytes) -> None:
    parts = split_frontmatter(b"---\n" + data)
    diagnostics = FileDiagnostics("a.md")
    assert (read_frontmatter(parts, diagnostics) is None) == diagnostics.failed


@settings(max_examples=200)
@given(TEXTS, TEXTS)
def test_a_split_loses_no_byte(header: str, body: str) -> None:
    data = f"---\n{header}\n---\n{body}".encode()
    parts = split_frontmatter(data)
    assert data.endswith(parts.body)
    head = data[: len(data) - len(parts.body)]
    assert parts.header is not None
    assert head.startswith(b"---\n" + parts.header)
    assert head[4 + len(parts.header) :].strip(b" \t\r\n") == b"---"
    assert parts.body_line == head.count(b"\n") + 1


KEYS = st.sampled_from(["a", "b", "tools", "name"])
LEAVES = st.sampled_from(["x", "'q: r'", '"s"', "1", "[a, b]", "[]", "text with words"])


@st.composite
def block_mappings(draw: st.DrawFn, depth: int = 0) -> list[str]:
    """Lines of a mapping in block form, with keys that may repeat."""
    lines: list[str] = []
    for key in draw(st.lists(KEYS, min_size=1, max_size=4)):
        if depth < 2 and draw(st.booleans()):
            lines += [f"{key}:", *(f"  {line}" for line in draw(block_mappings(depth + 1)))]
        else:
            lines.append(f"{key}: {draw(LEAVES)}")
    return lines


def has_repeated_key(lines: list[str]) -> bool:
    seen: list[tuple[int, set[str]]] = []
    for line in lines:
        indent = len(line) - len(line.lstrip())
        while seen and seen[-1][0] > indent:
            seen.pop()
        if not seen or seen[-1][0] < indent:
            seen.append((indent, set()))
        key = line.strip().partition(":")[0]
        if key in seen[-1][1]:
            return True
        seen[-1][1].add(key)
    return False


@settings(max_examples=300)
@given(block_mappings())
def test_a_mapping_is_taken_just_when_no_key_repeats(lines: list[str]) -> None:
    parsed = parse_mapping("\n".join(lines), max_depth=32)
    assert isinstance(parsed, YamlMapping) != has_repeated_key(lines)
