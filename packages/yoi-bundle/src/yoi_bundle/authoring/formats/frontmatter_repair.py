"""Frontmatter that is not YAML, read as its author meant it where only one meaning is possible (B-14).

Nearly all of what people write wrong is one line: a plain value that holds a colon, a bracket or an asterisk. Such a
value is taken as text. A block of prose that is not indented, such as `<example>` lines, belongs to the value before
it, and a closing bracket may stand where its key does. Values that confine (`tools`, permission keys) are taken from one line only, never guessed from several.
"""

import re
from collections import Counter

from msgspec import Struct

from yoi_bundle.authoring.formats.yaml_mapping import YamlFault, YamlMapping, parse_mapping

CONFINING_KEYS: frozenset[str] = frozenset(
    {
        "tools",
        "disallowedTools",
        "disallowed-tools",
        "allowed-tools",
        "permissionMode",
        "maxTurns",
        "mcpServers",
        "mcp-servers",
        "hooks",
        "agents",
        "applyTo",
        "policies",
        "policy",
        "extends",
    }
)
"""Keys whose loss or misreading could widen."""

_KEY_LINE = re.compile(
    r"(?P<quote>[\"']?)(?P<key>[A-Za-z_][A-Za-z0-9_.-]*)(?P=quote)[ \t]*:(?:[ \t]+(?P<value>.*))?$"
)
_OPEN_TAG = re.compile(r"<([A-Za-z_][\w-]*)(?:\s[^>]*)?>")
_LAST_TAG = re.compile(r"<([A-Za-z_][\w-]*)(?:\s[^<>]*)?>[^<>]*$")
_SPEAKERS = ("assistant", "commentary", "context", "human", "user")
_CONTINUES = re.compile(r"[ \t]|- |-$|[\]}#]|$")
_CONFINING_NAMES = "|".join(sorted(CONFINING_KEYS))
_CONFINING_WORD = re.compile(
    rf"[\s\"'?]*(?:{_CONFINING_NAMES})\b(?![^:\s\"'])|.*[\s\"'!{{,](?:{_CONFINING_NAMES})[\"']?\s*:(?:\s|$)",
    re.IGNORECASE,
)
_BLOCK_SCALAR = re.compile(r"[|>][+-]?[0-9]?[+-]?(?:\s+#.*)?$")
_BLOCK_SCALAR_END = re.compile(r"(?:^|[:\-]\s+)[|>][+-]?[0-9]?[+-]?\s*$")
_LONE_BRACKET = re.compile(r"\s*[\]}],?\s*(?:#.*)?")
_OPENED = re.compile(r"[\[{]")


class Repair(Struct, frozen=True):
    """One value that had to be read otherwise than as YAML.

    Attributes:
        line: Of its key, from 0.
        lines: How many lines it spans.
        as_text: Whether it was taken as text, or else with its closing brackets indented.
    """

    key: str
    line: int
    lines: int
    as_text: bool


class Repaired(Struct, frozen=True):
    mapping: YamlMapping
    repairs: tuple[Repair, ...]


class _Block(Struct):
    key: str
    line: int
    value: str
    rest: list[str]
    folded: bool = False


def repair_frontmatter(text: str, *, max_depth: int) -> Repaired | YamlFault:
    """Read text that `parse_mapping` refused, entry by entry; a fault where an entry has no one meaning."""
    blocks = _split_blocks(text)
    if isinstance(blocks, YamlFault):
        return blocks
    mapping = YamlMapping({}, {})
    repairs: list[Repair] = []
    for block in blocks:
        if block.key in mapping.values:
            return YamlFault("repeated", block.line, f"the key `{block.key[:40]}` stands twice")
        mapping.lines[block.key] = block.line
        parsed = None if block.folded else _parse_alone(block, max_depth)
        if isinstance(parsed, YamlMapping):
            mapping.values.update(parsed.values)
            continue
        reindented = None if block.folded else _parse_reindented(block, max_depth)
        if reindented is not None:
            mapping.values.update(reindented.values)
            repairs.append(Repair(block.key, block.line, 1 + len(block.rest), as_text=False))
            continue
        value = _take_as_text(block)
        if isinstance(value, YamlFault):
            return parsed if parsed is not None else value
        mapping.values[block.key] = value
        repairs.append(Repair(block.key, block.line, 1 + len(block.rest), as_text=True))
    return Repaired(mapping, tuple(repairs))


def _split_blocks(text: str) -> list[_Block] | YamlFault:
    """Cut the text at its keys; what is neither key nor continuation is folded into the entry before it."""
    blocks: list[_Block] = []
    lines = [line.rstrip("\r") for line in text.split("\n")]
    within = ""
    spoken = _find_speakers(lines)
    for number, line in enumerate(lines):
        match = _KEY_LINE.match(line)
        if match is not None and match["key"].lower() in spoken and blocks:
            match = None
        if within:
            if _CONFINING_WORD.match(line):
                return YamlFault("syntax", number, f"a confining key inside a <{within}> block")
            blocks[-1].rest.append(line)
            if f"</{within}>" in line:
                within = ""
        elif match is not None:
            blocks.append(_Block(match["key"], number, (match["value"] or "").strip(), []))
            within = _find_open_tag(blocks[-1].value, lines[number + 1 :])
            blocks[-1].folded = within != ""
        elif not blocks:
            if line.strip() and not line.startswith("#"):
                return YamlFault("syntax", number, "text before the first `key: value` line")
        elif _CONTINUES.match(line):
            blocks[-1].rest.append(line)
        elif _CONFINING_WORD.match(line):
            return YamlFault("syntax", number, "a confining key without its colon")
        else:
            blocks[-1].rest.append(line)
            blocks[-1].folded = True
            tag = _OPEN_TAG.match(line)
            if tag is not None and f"</{tag[1]}>" not in line:
                closes = any(f"</{tag[1]}>" in later for later in lines[number + 1 :])
                within = tag[1] if closes else ""
    for block in blocks:
        while block.rest and not block.rest[-1].strip():
            block.rest.pop()
    return blocks


def _find_speakers(lines: list[str]) -> frozenset[str]:
    """Return who speaks in a dialogue: words before a colon that are no key of any format, and stand twice or more."""
    matches = (_KEY_LINE.match(line) for line in lines)
    counts = Counter(match["key"].lower() for match in matches if match is not None)
    return frozenset(word for word in _SPEAKERS if counts[word] > 1)


def _find_open_tag(value: str, later: list[str]) -> str:
    """Return the tag that a value leaves open at its end and that a later line closes, or an empty string."""
    tag = _LAST_TAG.search(value)
    if tag is None or f"</{tag[1]}>" in value:
        return ""
    return tag[1] if any(f"</{tag[1]}>" in line for line in later) else ""


def _parse_alone(block: _Block, max_depth: int) -> YamlMapping | YamlFault:
    text = "\n".join([f"{block.key}: {block.value}", *block.rest])
    parsed = parse_mapping(text, max_depth=max_depth)
    if isinstance(parsed, YamlFault):
        return YamlFault(parsed.kind, block.line + parsed.line, parsed.message)
    return parsed


def _parse_reindented(block: _Block, max_depth: int) -> YamlMapping | None:
    """Read a flow collection whose closing bracket is not indented below its key, as most readers of YAML do."""
    if any(_BLOCK_SCALAR_END.search(line) for line in [block.value, *block.rest]):
        return None
    rest = [f"  {line}" if _LONE_BRACKET.fullmatch(line) else line for line in block.rest]
    if rest == block.rest:
        return None
    parsed = parse_mapping("\n".join([f"{block.key}: {block.value}", *rest]), max_depth=max_depth)
    return parsed if isinstance(parsed, YamlMapping) else None


def _take_as_text(block: _Block) -> str | YamlFault:
    """Return the value as its author's text, or say why that would be a guess."""
    if not block.value or _BLOCK_SCALAR.match(block.value):
        if not block.folded or block.key in CONFINING_KEYS:
            return YamlFault("syntax", block.line, f"the value of `{block.key[:40]}` cannot be read")
    if block.rest:
        if block.key in CONFINING_KEYS or _OPENED.match(block.value):
            return YamlFault(
                "syntax", block.line, f"the value of `{block.key[:40]}` spans lines and cannot be read"
            )
        if any(_CONFINING_WORD.match(line) for line in block.rest):
            return YamlFault("syntax", block.line, f"a confining key inside the value of `{block.key[:40]}`")
    first = "" if _BLOCK_SCALAR.match(block.value) else block.value
    return "\n".join(part for part in [first, *(line.rstrip() for line in block.rest)]).strip("\n")
