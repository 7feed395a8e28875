"""Structure of YAML text from parser events: keys with their lines, anchors, aliases, tags, depth (B-14).

A YAML parser takes duplicate keys in silence, and twenty lines of aliases cost it seconds. Events are never expanded,
so both are seen before any value is made.
"""

import re
from bisect import bisect_left
from collections.abc import Mapping, Sequence

import yaml
from msgspec import Struct

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml, where PyYAML was built with it


class YamlKey(Struct, frozen=True):
    """A key; `line` counts from 0, within the text."""

    name: str
    line: int


class YamlMark(Struct, frozen=True):
    """An anchor `&`, alias `*` or tag `!`, or with `?` a key that is no scalar or is written with a question mark."""

    sign: str
    line: int


class YamlStructure(Struct):
    """What stands where, as far as the text could be parsed.

    Attributes:
        keys: Of the outermost mapping, in order, duplicates included.
        total: Number of keys at all depths. A parser that finds fewer has dropped some.
        repeated: Keys that stand twice in one mapping, at any depth, at the later place.
        depth: How deeply collections nest; one more than allowed where the walk ended.
        is_whole: Whether the text is YAML to its end, and one document.
    """

    keys: list[YamlKey] = []
    total: int = 0
    repeated: list[YamlKey] = []
    marks: list[YamlMark] = []
    depth: int = 0
    is_whole: bool = True


def scan_structure(text: str, *, max_depth: int) -> YamlStructure:
    """Walk the events of a text; malformed text gives what stands before the fault, and never raises.

    The walk ends below `max_depth`, because the time that a parser takes grows with the square of the depth.
    """
    structure = YamlStructure()
    try:
        _walk_events(text, structure, max_depth)
    except yaml.YAMLError:
        structure.is_whole = False
    return structure


def _walk_events(text: str, structure: YamlStructure, max_depth: int) -> None:
    breaks = [match.start() for match in re.finditer("\n", text)]
    documents = 0
    # Open collections: the keys seen in a mapping, or None for a sequence; and whether a key comes next.
    stack: list[tuple[set[str] | None, bool]] = []
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            structure.is_whole = documents == 1
        elif isinstance(event, yaml.CollectionEndEvent):
            stack.pop()
        elif isinstance(event, yaml.NodeEvent):
            # By index, because YAML 1.1 ends lines at characters that YAML 1.2 takes for text.
            line = bisect_left(breaks, event.start_mark.index)
            seen, is_key = stack[-1] if stack else (None, False)
            if seen is not None:
                stack[-1] = (seen, not is_key)
            if seen is not None and is_key:
                structure.total += 1
                start = breaks[line - 1] + 1 if line else 0
                is_explicit = text[start : event.start_mark.index].rstrip().endswith("?")
                if isinstance(event, yaml.ScalarEvent) and not is_explicit:
                    key = YamlKey(event.value, line)
                    if key.name in seen:
                        structure.repeated.append(key)
                    seen.add(key.name)
                    if len(stack) == 1:
                        structure.keys.append(key)
                else:
                    structure.marks.append(YamlMark("?", line))
            if isinstance(event, yaml.AliasEvent):
                structure.marks.append(YamlMark("*", line))
            elif event.anchor is not None:
                structure.marks.append(YamlMark("&", line))
            elif event.tag is not None:
                structure.marks.append(YamlMark("!", line))
            if isinstance(event, yaml.CollectionStartEvent):
                is_mapping = isinstance(event, yaml.MappingStartEvent)
                stack.append((set() if is_mapping else None, is_mapping))
                structure.depth = max(structure.depth, len(stack))
                if structure.depth > max_depth:
                    return


def count_keys(value: object) -> int:
    """Count the keys of all mappings in a parsed value, to compare with `YamlStructure.total`."""
    total = 0
    pending = [value]
    while pending:
        match pending.pop():
            case Mapping() as mapping:
                total += len(mapping)
                pending.extend(mapping.values())
            case str():
                pass
            case Sequence() as items:
                pending.extend(items)
            case _:
                pass
    return total
