"""YAML 1.2 text to a mapping, refusing what a parser would expand or drop in silence (B-14)."""

import re
from typing import Any

import yaml12
from msgspec import Struct

from yoi_bundle.authoring.formats.yaml_structure import YamlStructure, count_keys, scan_structure

_PLACE = re.compile(r" at byte \d+ line (\d+) column \d+")


class YamlFault(Struct, frozen=True):
    """Why a text is not taken.

    Attributes:
        kind: `syntax`; `mark` for an anchor, alias, tag or complex key; `repeated` for a key that stands twice; `depth`;
            `shape` for what is no mapping of plain keys.
        line: From 0, within the text.
        message: Without any of the text's values.
    """

    kind: str
    line: int
    message: str


class YamlMapping(Struct, frozen=True):
    """A mapping with the lines, from 0, on which its keys stand."""

    values: dict[str, Any]
    lines: dict[str, int]


def parse_mapping(text: str, *, max_depth: int) -> YamlMapping | YamlFault:
    """Parse text whose outermost node is a mapping; empty text is an empty mapping.

    The parser's answer is taken only when it holds every key of the text's events.
    """
    structure = scan_structure(text, max_depth=max_depth)
    fault = _find_structure_fault(structure, max_depth)
    if fault is not None:
        return fault
    try:
        value: Any = yaml12.parse_yaml(text)
    except (ValueError, RecursionError) as error:
        return _describe(error)
    if value is None:
        value = {}
    if not isinstance(value, dict):
        return YamlFault("shape", 0, "not lines of `key: value`")
    names = [key.name for key in structure.keys]
    agrees = len(names) == len(value) and all(
        not isinstance(key, str) or key == name for key, name in zip(value, names, strict=True)
    )
    if not (structure.is_whole and agrees and structure.total == count_keys(value)):
        return YamlFault("shape", 0, "keys that two readers of YAML see differently")
    return YamlMapping(
        dict(zip(names, value.values(), strict=True)), {key.name: key.line for key in structure.keys}
    )


def _find_structure_fault(structure: YamlStructure, max_depth: int) -> YamlFault | None:
    if structure.depth > max_depth:
        return YamlFault("depth", 0, f"collections nest more than {max_depth} deep")
    if structure.marks:
        mark = structure.marks[0]
        names = {"&": "an anchor", "*": "an alias", "!": "a tag", "?": "a key that is no plain text"}
        return YamlFault("mark", mark.line, f"{names[mark.sign]} is not taken")
    if structure.repeated:
        key = structure.repeated[0]
        return YamlFault("repeated", key.line, f"the key `{key.name[:40]}` stands twice")
    return None


def _describe(error: Exception) -> YamlFault:
    """Keep the parser's place and reason, which hold none of the text."""
    text = str(error)
    place = _PLACE.search(text)
    reason = _PLACE.split(text)[0].removeprefix("YAML parse error: ").split("\n")[0]
    line = int(place[1]) - 1 if place else 0
    return YamlFault("syntax", line, reason if re.fullmatch(r"[\w ,.':;()<>?-]*", reason) else "not YAML")
