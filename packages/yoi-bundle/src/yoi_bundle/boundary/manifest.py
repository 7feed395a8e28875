"""Every field and key of a manifest against the rules of the boundary (B-07 to B-09)."""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any, TypeAlias

import msgspec

from yoi_bundle.boundary.file_names import find_forbidden_name
from yoi_bundle.boundary.generated_value_shape import find_opaque_run
from yoi_bundle.boundary.hidden_text import find_hidden_text
from yoi_bundle.boundary.host_places import find_host_place
from yoi_bundle.boundary.literals import find_literal_fault, find_text_fault, suggest_reference
from yoi_bundle.boundary.manifest_texts import OWN_FIELDS, ManifestTexts, list_texts
from yoi_bundle.boundary.redaction import redact_pointer
from yoi_bundle.boundary.secret_rules import find_provider_token
from yoi_bundle.errors import Fault
from yoi_bundle.identifiers import decode_path
from yoi_bundle.manifest import Argument, Descriptor, LiteralValue, Manifest, Skill

Path: TypeAlias = "tuple[Path, str] | None"
"""A linked list of steps, last first; joined to a pointer only where there is a fault."""

_PROSE_FIELDS = frozenset({"title", "description", "argument_hint", "license"})
_ENCODED = re.compile(r"%[0-9A-F]{2}")
_REFERENCE_REMEDY = "give a secret ref in its place"
_LITERAL_FIELDS = frozenset({"url", "endpoint", "version"})
_PATTERN_FIELDS = frozenset({"pattern"})
_TEXT_MAPS = frozenset({"metadata"})
_LITERAL_MAPS = frozenset({"parameters"})
_NAME_MAPS = frozenset({"env", "headers", "query", "parameters", "metadata", "secrets", "mounts"})


def find_boundary_faults(manifest: Manifest) -> list[Fault]:
    """Return every secret value, host value and hidden text in a manifest's fields and keys.

    Needs no scanner. Digests that this package computed are exempt by field; patterns of rules may name any path.
    """
    faults = list(_walk_struct(manifest, None, name=""))
    texts = list_texts(manifest)
    whole = ManifestTexts(texts).whole
    if find_provider_token(whole) is not None or any(one.refused for one in find_hidden_text(whole)):
        faults.extend(_find_in_every_text(texts))
    return _drop_repeated(faults)


def _walk_struct(value: msgspec.Struct, path: Path, *, name: str) -> Iterator[Fault]:
    for field in _list_checked_fields(type(value)):
        member = getattr(value, field)
        if not member or member is True:
            continue
        if isinstance(member, str):
            yield from _check_field(value, field, member, (path, field), name)
        elif isinstance(member, Descriptor):
            continue  # holds our own digest, a size and a media type of a fixed table
        elif isinstance(member, msgspec.Struct):
            yield from _walk_struct(member, (path, field), name=name)
        elif isinstance(member, dict):
            yield from _walk_map(value, field, member, (path, field))
        elif isinstance(member, tuple):
            yield from _walk_array(member, (path, field))


@cache
def _list_checked_fields(struct: type[msgspec.Struct]) -> tuple[str, ...]:
    return tuple(
        field for field in struct.__struct_fields__ if field not in OWN_FIELDS and field not in _PROSE_FIELDS
    )


def _walk_map(owner: msgspec.Struct, field: str, members: dict[str, Any], path: Path) -> Iterator[Fault]:
    for key, member in members.items():
        step = (path, key)
        if field in _NAME_MAPS and find_opaque_run(key) is not None:
            yield _secret(step, "a name that looks like a generated value")
        if field == "files" and isinstance(owner, Skill):
            forbidden = find_forbidden_name(decode_path(key))
            if forbidden is not None:
                yield _secret(step, f"{forbidden} by its name", remedy="leave the file out")
        if isinstance(member, msgspec.Struct):
            yield from _walk_struct(member, step, name=key)
        elif isinstance(member, str):
            yield from _check_member(field, key, member, step)
        elif isinstance(member, dict):
            yield from _walk_map(owner, "", member, step)


def _walk_array(members: tuple[Any, ...], path: Path) -> Iterator[Fault]:
    flag = ""
    for index, member in enumerate(members):
        step = (path, str(index))
        if isinstance(member, msgspec.Struct):
            joined = member.flag.rstrip("= ") if isinstance(member, Argument) else ""
            yield from _walk_struct(member, step, name=joined or flag)
            if isinstance(member, Argument):
                flag = _find_flag(member)


def _find_flag(argument: Argument) -> str:
    """Return the flag whose value the next argument is, or nothing."""
    match argument:
        case Argument(flag="", value=LiteralValue(value=text)) if text.startswith("-") and "=" not in text:
            return text
        case _:
            return ""


def _check_field(owner: msgspec.Struct, field: str, text: str, path: Path, name: str) -> Iterator[Fault]:
    if isinstance(owner, LiteralValue):
        yield from _check_literal(text, path, name)
    elif field in _LITERAL_FIELDS:
        yield from _check_literal(text, path, "")
    elif field in _PATTERN_FIELDS or field == "argument" or "argument" in owner.__struct_fields__:
        return
    else:
        # A name may be percent-encoded; `%BF%` inside one is no variable of Windows.
        place = find_host_place(_ENCODED.sub("_", text))
        if place is not None:
            yield _host(path, place)
        if field not in ("path", "prompt", "entry") and find_opaque_run(text) is not None:
            yield _secret(path, "a name that looks like a generated value")


def _check_member(field: str, key: str, text: str, path: Path) -> Iterator[Fault]:
    if field in _LITERAL_MAPS:
        yield from _check_literal(text, path, key)
    elif field in _TEXT_MAPS:
        place = find_host_place(text)
        if place is not None:
            yield _host(path, place)
        fault = find_text_fault(text, name=key)
        if fault is not None:
            yield _secret(path, fault)


def _check_literal(text: str, path: Path, name: str) -> Iterator[Fault]:
    place = find_host_place(text)
    if place is not None:
        yield _host(path, place)
        return
    fault = find_literal_fault(text, name=name)
    if fault is not None:
        yield _secret(path, fault, remedy=suggest_reference(name))


def _find_in_every_text(texts: list[tuple[str, str]]) -> Iterator[Fault]:
    for pointer, text in texts:
        rule = find_provider_token(decode_path(text))
        if rule is not None:
            yield _fault(
                "bundle.secret_value", pointer, f"a credential of the format `{rule}`", _REFERENCE_REMEDY
            )
        for hidden in find_hidden_text(text):
            if hidden.refused:
                place = f"in line {hidden.line}, column {hidden.column}"
                message = f"hidden character {hidden.code_point} {place}"
                yield _fault("bundle.hidden_text", pointer, message, "take the character out")


def _join(path: Path) -> str:
    steps: list[str] = []
    while path is not None:
        path, step = path
        steps.append(step.replace("~", "~0").replace("/", "~1"))
    return "".join(f"/{step}" for step in reversed(steps))


def _secret(path: Path, message: str, *, remedy: str = _REFERENCE_REMEDY) -> Fault:
    return _fault("bundle.secret_value", _join(path), message, remedy)


def _host(path: Path, place: str) -> Fault:
    remedy = "write a path inside its own resource, a mount, or a host parameter"
    return _fault("bundle.host_value", _join(path), f"{place} of a host", remedy)


def _fault(code: str, pointer: str, message: str, remedy: str) -> Fault:
    return Fault(code=code, pointer=redact_pointer(pointer), message=message, remedy=remedy)


def _drop_repeated(faults: list[Fault]) -> list[Fault]:
    return list(dict.fromkeys(faults))
