"""Every field and column of the Backend that is marked as private, found by the mark alone (K-07)."""

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import inspect

import yoi_workspace_server
from yoi_wire.private import PRIVATE_MARK
from yoi_workspace_server.store.tables import metadata

_PACKAGE = "yoi_workspace_server"


def list_private_fields(*, views: bool) -> set[str]:
    """Return `Type.field` of every marked field, of view types or of all others."""
    return {
        f"{kind.__name__}.{field.name}"
        for kind in _list_structs()
        if _is_view(kind) is views
        for field in _list_fields(kind)
        if _is_private(field.type)
    }


def list_private_columns() -> set[str]:
    """Return `table.column` of every marked column."""
    return {
        f"{table.name}.{column.name}"
        for table in metadata.tables.values()
        for column in table.columns
        if column.info.get(PRIVATE_MARK)
    }


def list_view_types() -> list[str]:
    """Return the names of all view types."""
    return sorted(kind.__name__ for kind in _list_structs() if _is_view(kind))


def _is_view(kind: type[msgspec.Struct]) -> bool:
    return kind.__module__.startswith("yoi_wire.backend.") and kind.__name__.endswith("View")


def _list_fields(kind: type[msgspec.Struct]) -> tuple[inspect.Field, ...]:
    described = inspect.type_info(kind)
    assert isinstance(described, inspect.StructType)
    return described.fields


def _is_private(kind: inspect.Type) -> bool:
    """Look for the mark through optional, list and dictionary types, but not into other structs, which stand alone."""
    match kind:
        case inspect.Metadata(type=inner, extra=extra):
            return bool((extra or {}).get(PRIVATE_MARK)) or _is_private(inner)
        case inspect.UnionType(types=types):
            return any(_is_private(one) for one in types)
        case inspect.DictType(key_type=key, value_type=value):
            return _is_private(key) or _is_private(value)
        case inspect.TupleType(item_types=types):
            return any(_is_private(one) for one in types)
        case inspect.CollectionType(item_type=item):
            return _is_private(item)
        case _:
            return False


def _list_structs() -> set[type[msgspec.Struct]]:
    for module in _list_modules():
        importlib.import_module(module)
    return {
        one
        for one in _list_subclasses(msgspec.Struct)
        if one.__module__.startswith((f"{_PACKAGE}.", "yoi_wire.backend."))
    }


def _list_modules() -> Iterator[str]:
    for found in pkgutil.walk_packages(yoi_workspace_server.__path__, f"{_PACKAGE}."):
        if not found.name.endswith((".__main__", ".env")) and ".migrations." not in found.name:
            yield found.name


def _list_subclasses(kind: Any) -> Iterator[type[msgspec.Struct]]:
    for one in kind.__subclasses__():
        yield one
        yield from _list_subclasses(one)
