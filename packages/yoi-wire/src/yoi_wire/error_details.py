"""Error deserialization and sanitization: from code and details to an error, and what of a peer's error is passed on.

Both follow from the fields that the error's class declares; `yoi_bundle.error_fields` says what a field may hold.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache, reduce
from operator import or_
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeAlias, Union, get_args, get_origin

import msgspec
from msgspec import Meta, Struct

from yoi_bundle.canonical import MAX_SAFE_INTEGER
from yoi_bundle.error_fields import LOCAL, Form, Own
from yoi_bundle.errors import ERROR_CLASSES, YoiError
from yoi_wire.errors import REASON_CODES

Cleaner: TypeAlias = Callable[[Any], Any]
"""Returns the value as it may be passed on; None for one that may not."""

_MAX_MEMBERS = 100


def build_error(code: str, details: Mapping[str, Any]) -> YoiError:
    """Return an error of the class that declares a code; members that are not known here are passed over.

    Raises:
        ValueError: No class declares it, or the details do not have the types of its fields.
    """
    error_class = ERROR_CLASSES.get(code)
    if error_class is None:
        raise ValueError("no error of this code is known here")
    return error_class(**msgspec.structs.asdict(msgspec.convert(details, _build_details_type(code))))


def clean_code(code: str) -> str:
    """Return an error's or reason's code, if it is one of `docs/errors.md`; else `internal`."""
    return code if code in ERROR_CLASSES or code in REASON_CODES else YoiError.code


def clean_details(code: str, details: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of an error's details may be stored, logged and shown (K-07); an unknown code has none."""
    return _build_details_cleaner(code)(details) if code in ERROR_CLASSES else {}


def list_passed_on(code: str) -> frozenset[str]:
    """Return the names of the details of which a peer's own value may be passed on."""
    return frozenset(name for name, hint in _list_details(ERROR_CLASSES[code]) if not _is_own(hint))


def _list_details(error_class: type[YoiError]) -> list[tuple[str, Any]]:
    return [(name, hint) for name, hint in error_class.fields.items() if LOCAL not in _get_marks(hint)]


def _get_marks(hint: Any) -> tuple[Any, ...]:
    return getattr(hint, "__metadata__", ())


def _is_own(hint: Any) -> bool:
    marks = _get_marks(hint)
    return any(isinstance(mark, Own) for mark in marks) and not any(isinstance(mark, Form) for mark in marks)


@cache
def _build_details_type(code: str) -> type[Struct]:
    error_class = ERROR_CLASSES[code]
    members: list[Any] = []
    for name, hint in _list_details(error_class):
        default = getattr(error_class, name, msgspec.NODEFAULT)
        members.append((name, _build_type(hint), default))
    return msgspec.defstruct(f"{error_class.__name__}Details", members, kw_only=True)


def _build_type(hint: Any) -> Any:
    """Return the type to decode a field's value as: any text for a word, numbers that JSON keeps exact."""
    match get_origin(hint):
        case origin if origin is Annotated:
            return _build_type(get_args(hint)[0])
        case origin if origin is Literal:
            return str
        case origin if origin is Sequence:
            return tuple[_build_type(get_args(hint)[0]), ...]  # type: ignore[misc]
        case origin if origin is Union or origin is UnionType:
            return reduce(or_, (_build_type(one) for one in get_args(hint)))
    return Annotated[int, Meta(ge=-MAX_SAFE_INTEGER, le=MAX_SAFE_INTEGER)] if hint is int else hint


@cache
def _build_details_cleaner(code: str) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    return _build_members_cleaner(dict(_list_details(ERROR_CLASSES[code])))


def _build_members_cleaner(hints: Mapping[str, Any]) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    cleaners = {name: _build_cleaner(hint) for name, hint in hints.items()}
    owns = {name: own for name, hint in hints.items() if (own := _find_own(hint)) is not None}

    def clean(value: Mapping[str, Any]) -> dict[str, Any]:
        taken = {name: cleaner(value[name]) for name, cleaner in cleaners.items() if name in value}
        found = {name: member for name, member in taken.items() if member is not None}
        for name, own in owns.items():
            if name not in found:
                found[name] = own.table.get(found.get(own.by, ""), own.words)
        return found

    return clean


def _find_own(hint: Any) -> Own | None:
    for mark in _get_marks(hint):
        if isinstance(mark, Own):
            return mark
    return Own(None) if NoneType in get_args(hint) else None


def _build_cleaner(hint: Any) -> Cleaner:
    for mark in _get_marks(hint):
        if isinstance(mark, Form):
            return _build_text_cleaner(mark)
    arguments = get_args(hint)
    match get_origin(hint):
        case origin if origin is Annotated:
            return _build_cleaner(arguments[0])
        case origin if origin is Sequence:
            return _build_list_cleaner(_build_cleaner(arguments[0]))
        case origin if origin is Union or origin is UnionType:
            return _build_choice_cleaner([_build_cleaner(one) for one in arguments])
    if hint is int:
        return _clean_number
    if hint is bool:
        return lambda value: value if isinstance(value, bool) else None
    if isinstance(hint, type) and issubclass(hint, Struct):
        return _build_object_cleaner(hint)
    return lambda _: None


def _build_text_cleaner(form: Form) -> Cleaner:
    pattern = re.compile(form.pattern)
    return lambda value: value if isinstance(value, str) and pattern.fullmatch(value) else None


def _build_list_cleaner(cleaner: Cleaner) -> Cleaner:
    def clean(value: Any) -> list[Any] | None:
        if not isinstance(value, list | tuple):
            return None
        return [member for member in map(cleaner, value[:_MAX_MEMBERS]) if member is not None]

    return clean


def _build_choice_cleaner(cleaners: Sequence[Cleaner]) -> Cleaner:
    def clean(value: Any) -> Any:
        found = (cleaner(value) for cleaner in cleaners)
        return next((member for member in found if member is not None), None)

    return clean


def _build_object_cleaner(struct: type[Struct]) -> Cleaner:
    """Take known members; the whole is left out when one that it cannot be without is missing."""
    fields = msgspec.structs.fields(struct)
    clean_members = _build_members_cleaner({field.name: field.type for field in fields})
    needed = [field.name for field in fields if field.required]

    def clean(value: Any) -> dict[str, Any] | None:
        if not isinstance(value, Mapping):
            return None
        found = clean_members(value)
        return found if all(name in found for name in needed) else None

    return clean


def _clean_number(value: Any) -> int | None:
    fits = isinstance(value, int) and not isinstance(value, bool) and abs(value) <= MAX_SAFE_INTEGER
    return value if fits else None
