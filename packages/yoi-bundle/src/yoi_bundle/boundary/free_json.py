"""Free JSON (tool schemas, plugin config) against the rules of the boundary; it travels as a blob (B-01, B-07 to B-09)."""

import json
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any, NoReturn

from yoi_bundle.boundary.credential_names import is_credential_name
from yoi_bundle.boundary.hidden_text import find_hidden_text
from yoi_bundle.boundary.host_places import find_host_place
from yoi_bundle.boundary.literals import find_text_fault, suggest_reference
from yoi_bundle.boundary.redaction import redact_pointer
from yoi_bundle.boundary.secret_rules import find_provider_token
from yoi_bundle.canonical import compute_depth
from yoi_bundle.errors import Fault
from yoi_bundle.faults import join_pointer
from yoi_bundle.limits import Limits

_MAX_FAULTS = 200
_PROSE_KEYS = frozenset({"description", "title", "$comment", "markdownDescription", "examples"})
_SCHEMA_KEYS = frozenset({"$ref", "$id", "$schema", "$anchor", "$dynamicRef", "pattern", "format", "type"})
_VALUE_KEYS = frozenset({"default", "const", "value"})
_SURROGATE = re.compile("[\ud800-\udfff]")


def find_free_json_faults(data: bytes, *, place: str, limits: Limits) -> list[Fault]:
    """Return what is wrong with a blob of free JSON; at most 200 faults, none with a value of the blob.

    Args:
        data: The blob.
        place: Pointer of the blob's descriptor; a fault inside stands at `PLACE#POINTER`.
        limits: `depth` bounds nesting.
    """
    depth = compute_depth(data)
    if depth > limits.depth:
        message = f"nested {depth} deep, at most {limits.depth} allowed"
        return [Fault(code="limit.exceeded", pointer=place, message=message)]
    try:
        document = _parse(data)
    except _FreeJsonError as error:
        return [Fault(code="bundle.invalid", pointer=place, message=str(error))]
    except (ValueError, RecursionError):
        return [Fault(code="bundle.invalid", pointer=place, message="not UTF-8 JSON")]
    return list(islice(_walk(document, "", key="", place=place), _MAX_FAULTS))


class _FreeJsonError(ValueError):
    """Why bytes are no JSON that this package takes; the text holds nothing of the document."""


def _parse(data: bytes) -> Any:
    return json.loads(
        data.decode("utf-8"), object_pairs_hook=_collect_members, parse_constant=_refuse_constant
    )


def _collect_members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _FreeJsonError("a key stands twice in one object")
    return members


def _refuse_constant(name: str) -> NoReturn:
    raise _FreeJsonError(f"{name} is no JSON")


def _walk(value: Any, pointer: str, *, key: str, place: str) -> Iterator[Fault]:
    """Walk a value that stands under `key`; a JSON Schema's property lends its name to its `default`."""
    if isinstance(value, str):
        yield from _check_text(value, pointer, key=key, place=place)
    elif isinstance(value, dict):
        for name, member in value.items():
            step = join_pointer(pointer, name)
            yield from _check_everywhere(name, step, place=place)
            lends = name in _VALUE_KEYS and is_credential_name(key)
            yield from _walk(member, step, key=key if lends else name, place=place)
    elif isinstance(value, list):
        for index, member in enumerate(value):
            yield from _walk(member, join_pointer(pointer, index), key=key, place=place)


def _check_text(text: str, pointer: str, *, key: str, place: str) -> Iterator[Fault]:
    yield from _check_everywhere(text, pointer, place=place)
    if key in _PROSE_KEYS or key in _SCHEMA_KEYS:
        return
    host_place = find_host_place(text)
    if host_place is not None:
        remedy = "name a host parameter, or a path inside the plugin's package"
        yield _fault("bundle.host_value", place, pointer, f"{host_place} of a host", remedy)
    fault = find_text_fault(text, name=key)
    if fault is not None and find_provider_token(text) is None:
        yield _fault("bundle.secret_value", place, pointer, fault, suggest_reference(key))


def _check_everywhere(text: str, pointer: str, *, place: str) -> Iterator[Fault]:
    """What holds for keys and prose too: no credential of a known format, no hidden text, no lone surrogate."""
    rule = find_provider_token(text)
    if rule is not None:
        remedy = "take it out, revoke it, and name a secret ref"
        yield _fault("bundle.secret_value", place, pointer, f"a credential of the format `{rule}`", remedy)
    for hidden in find_hidden_text(text):
        if hidden.refused:
            message = f"hidden character {hidden.code_point} in column {hidden.column}"
            yield _fault("bundle.hidden_text", place, pointer, message, "take the character out")
    if _SURROGATE.search(text) is not None:
        yield _fault("bundle.invalid", place, pointer, "a lone surrogate is no text", "")


def _fault(code: str, place: str, pointer: str, message: str, remedy: str) -> Fault:
    shown = _SURROGATE.sub("\ufffd", redact_pointer(pointer))
    return Fault(code=code, pointer=f"{place}#{shown}" if shown else place, message=message, remedy=remedy)
