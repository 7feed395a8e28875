"""docs/manifest-fields.md places every field of every struct of a manifest, in a module that goes by it (B-06)."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
from msgspec import Struct

from support.repository import ROOT, list_sources, name_module, parse, read_table
from yoi_bundle.manifest import Item, Manifest

pytestmark = pytest.mark.req("B-06")

_ROWS = read_table(ROOT / "docs" / "manifest-fields.md", "struct")
_SOURCES = {name_module(path): path for path in list_sources()}
_CHECKED_AS_ALL_ARE = "yoi_bundle.boundary.manifest"
"""It walks every field; what takes effect by its kind is not named there."""


def _list_structs(annotation: Any, seen: set[type[Struct]]) -> None:
    if isinstance(annotation, type) and issubclass(annotation, Struct):
        if annotation not in seen:
            seen.add(annotation)
            for member in get_type_hints(annotation).values():
                _list_structs(member, seen)
    for argument in get_args(annotation):
        _list_structs(argument, seen)


def _list_fields() -> Iterator[tuple[str, str]]:
    structs: set[type[Struct]] = set()
    _list_structs(Manifest, structs)
    for struct in structs:
        own = set(struct.__struct_fields__)
        if issubclass(struct, Item):
            own -= set(Item.__struct_fields__)
            yield from (("Item", field) for field in Item.__struct_fields__)
        yield from ((struct.__name__, field) for field in own)


def _list_placed() -> list[tuple[str, str]]:
    return [(row["struct"], field) for row in _ROWS for field in row["fields"].split(", ")]


@cache
def _list_names(path: Path) -> frozenset[str]:
    """Return what a module reads: attributes, arguments by name, keys of patterns, and texts of one word."""
    names: set[str] = set()
    for node in ast.walk(parse(path)):
        match node:
            case ast.Attribute(attr=name) | ast.keyword(arg=str(name)) | ast.Constant(value=str(name)):
                names.add(name)
            case ast.MatchClass(kwd_attrs=keys):
                names.update(keys)
            case ast.AnnAssign(target=ast.Name(id=name)):
                names.add(name)
    return frozenset(names)


def test_every_field_of_every_struct_has_its_place_and_no_other_has_one() -> None:
    placed = _list_placed()
    assert set(placed) == set(_list_fields())
    assert len(placed) == len(set(placed)) > 120


def test_the_module_of_each_row_goes_by_its_fields() -> None:
    absent = [
        (row["struct"], field, row["module"])
        for row in _ROWS
        if row["module"] != _CHECKED_AS_ALL_ARE
        for field in row["fields"].split(", ")
        if field not in _list_names(_SOURCES[row["module"]])
    ]
    assert absent == []


def test_only_what_is_for_people_is_left_to_the_checks_of_all_texts() -> None:
    left = {
        (row["struct"], field)
        for row in _ROWS
        if row["module"] == _CHECKED_AS_ALL_ARE
        for field in row["fields"].split(", ")
    }
    texts = {"title", "description", "metadata", "argument_hint", "license"}
    assert {field for _, field in left} - texts == {"value"}
