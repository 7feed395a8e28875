"""Structs with one canonical form: a value that equals its default is the shared default (B-01)."""

from functools import cache

from msgspec import Struct
from msgspec.structs import fields, force_setattr


class CanonicalStruct(Struct, frozen=True):
    """Base of every struct of the manifest that has a text or a struct as a default.

    msgspec leaves a field out when it holds the very object that is its default; an equal struct or string would be
    written, a second form of the same content. So the shared default takes the place of an equal value.
    """

    def __post_init__(self) -> None:
        for field, default in _list_shared_defaults(type(self)):
            value = getattr(self, field)
            if value is not default and value == default:
                force_setattr(self, field, default)


@cache
def _list_shared_defaults(owner: type[Struct]) -> tuple[tuple[str, object], ...]:
    """List the fields whose default is a struct or a text; the empty text is one object already."""
    return tuple(
        (field.name, field.default)
        for field in fields(owner)
        if isinstance(field.default, Struct) or (isinstance(field.default, str) and field.default)
    )
