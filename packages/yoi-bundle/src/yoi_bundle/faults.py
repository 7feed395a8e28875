"""A second pass over a refused document: every fault at once, each with its JSON pointer (B-06).

msgspec stops at the first fault and leaves map keys out of its path (`$.b[...]`). This pass walks the same types
over the decoded document, and asks msgspec about each leaf, so the two cannot disagree about what is valid.
"""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

import msgspec
from msgspec import inspect
from msgspec.structs import replace

from yoi_bundle.boundary.redaction import redact_name, redact_pointer
from yoi_bundle.errors import Fault

_MAX_FAULTS = 200


def find_type_faults(document: Any, expected: type) -> list[Fault]:
    """Return where `document`, decoded JSON, is not of the type; at most 200 faults."""
    faults: list[Fault] = []
    for fault in _walk(document, inspect.type_info(expected), ""):
        # A key of a refused document may be a secret that somebody put in the wrong place (B-07).
        faults.append(replace(fault, pointer=redact_pointer(fault.pointer), name=redact_name(fault.name)))
        if len(faults) == _MAX_FAULTS:
            break
    return faults


def join_pointer(pointer: str, key: str | int) -> str:
    """Append one step to an RFC 6901 pointer."""
    return f"{pointer}/{escape_step(str(key))}"


def escape_step(step: str) -> str:
    """Write a key as one step of an RFC 6901 pointer; most have nothing in them that is written otherwise."""
    return step.replace("~", "~0").replace("/", "~1") if "/" in step or "~" in step else step


def _walk(value: Any, info: inspect.Type, pointer: str) -> Iterator[Fault]:
    match info:
        case inspect.StructType():
            yield from _walk_struct(value, info, pointer)
        case inspect.UnionType(types=types):
            yield from _walk_union(value, types, pointer)
        case inspect.DictType(key_type=key_type, value_type=value_type):
            if not isinstance(value, dict):
                yield _fault(pointer, f"expected an object, got {_name(value)}")
                return
            for key, member in value.items():
                step = join_pointer(pointer, key)
                if _leaf_error(key, key_type) is not None:
                    yield _fault(step, "the key does not fit the grammar of its kind")
                yield from _walk(member, value_type, step)
        case inspect.VarTupleType(item_type=item_type):
            if not isinstance(value, list):
                yield _fault(pointer, f"expected an array, got {_name(value)}")
                return
            for index, member in enumerate(value):
                yield from _walk(member, item_type, join_pointer(pointer, index))
        case _:
            message = _leaf_error(value, info)
            if message is not None:
                yield _fault(pointer, message)


def _walk_struct(value: Any, info: inspect.StructType, pointer: str) -> Iterator[Fault]:
    if not isinstance(value, dict):
        yield _fault(pointer, f"expected an object, got {_name(value)}")
        return
    fields = {field.encode_name: field for field in info.fields}
    for key, member in value.items():
        if key == info.tag_field:
            continue
        field = fields.get(key)
        if field is None:
            yield _fault(
                join_pointer(pointer, key), "no such field", remedy=f"known here: {', '.join(sorted(fields))}"
            )
        else:
            yield from _walk(member, field.type, join_pointer(pointer, key))
    for name, field in fields.items():
        if field.required and name not in value:
            yield _fault(join_pointer(pointer, name), "the field is missing")


def _walk_union(value: Any, types: tuple[inspect.Type, ...], pointer: str) -> Iterator[Fault]:
    structs = [info for info in types if isinstance(info, inspect.StructType)]
    container = next((info for info in types if _takes_container(info, value)), None)
    if isinstance(value, dict) and structs:
        yield from _walk_tagged(value, structs, pointer)
    elif container is not None:
        yield from _walk(value, container, pointer)
    else:
        containers = (inspect.StructType, inspect.DictType, inspect.VarTupleType)
        yield from _walk_leaf(value, [info for info in types if not isinstance(info, containers)], pointer)


def _takes_container(info: inspect.Type, value: Any) -> bool:
    return (isinstance(info, inspect.DictType) and isinstance(value, dict)) or (
        isinstance(info, inspect.VarTupleType) and isinstance(value, list)
    )


def _walk_tagged(value: dict[str, Any], structs: list[inspect.StructType], pointer: str) -> Iterator[Fault]:
    """Walk the struct that an object's tag names."""
    tag_field = structs[0].tag_field
    if tag_field is None:
        yield from _walk_struct(value, structs[0], pointer)
        return
    by_tag = {info.tag: info for info in structs}
    tag = value.get(tag_field)
    chosen = by_tag.get(tag) if isinstance(tag, str) else None
    if chosen is not None:
        yield from _walk_struct(value, chosen, pointer)
    elif isinstance(tag, str):
        yield Fault(
            code="declaration.unsupported",
            pointer=join_pointer(pointer, tag_field),
            message="a declaration of an unknown kind",
            remedy=f"known here: {', '.join(sorted(str(known) for known in by_tag))}",
            kind=redact_name(tag)[:64],
            name=pointer.rsplit("/", 1)[-1],
        )
    else:
        yield _fault(join_pointer(pointer, tag_field), "the kind is missing")


def _walk_leaf(value: Any, leaves: list[inspect.Type], pointer: str) -> Iterator[Fault]:
    """Report a value that is of none of the types.

    A written null is well typed where a field may be absent; that it is no canonical form is found later (B-01).
    """
    messages = [(info, _leaf_error(value, info)) for info in leaves]
    if all(message is not None for _, message in messages):
        said = (message for info, message in messages if message and not isinstance(info, inspect.NoneType))
        yield _fault(pointer, next(said, f"{_name(value)} is not expected here"))


def _leaf_error(value: Any, info: inspect.Type) -> str | None:
    """Say in which way a leaf is not of its type, or None; never with the leaf itself."""
    leaf = _leaf_type(info)
    try:
        msgspec.convert(value, leaf, strict=True)
    except msgspec.ValidationError as error:
        text = str(error)
        if "matching regex" in text:
            return "the text does not fit the grammar of this field"
        if text.startswith(("Invalid enum value", "Invalid value")):
            return "not one of the values this field may have"
        return text.replace("`", "'")
    return None


def _leaf_type(info: inspect.Type) -> Any:
    match info:
        case inspect.StrType(min_length=low, max_length=high, pattern=pattern):
            return _annotated(str, min_length=low, max_length=high, pattern=pattern)
        case inspect.IntType(ge=low, le=high):
            return _annotated(int, ge=low, le=high)
        case inspect.BoolType():
            return bool
        case inspect.LiteralType(values=values):
            return Literal[values]
        case inspect.NoneType():
            return None
        case inspect.AnyType():
            return Any
        case _:
            raise TypeError(f"a manifest has no leaves of type {type(info).__name__}")


def _annotated(base: type, **bounds: Any) -> Any:
    return Annotated[base, msgspec.Meta(**bounds)]


def _fault(pointer: str, message: str, *, remedy: str = "") -> Fault:
    return Fault(code="bundle.invalid", pointer=pointer, message=message, remedy=remedy)


def _name(value: Any) -> str:
    names = {dict: "an object", list: "an array", str: "a string", bool: "a boolean", int: "an integer"}
    return "null" if value is None else names.get(type(value), "a number")
