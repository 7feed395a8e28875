"""Free JSON (tool schemas, plugin config) against the rules of the boundary; it travels as a blob (B-01, B-07 to B-09)."""

import json
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any, NoReturn, TypeAlias

from yoi_bundle.boundary.credential_names import is_credential_name
from yoi_bundle.boundary.hidden_text import find_hidden_text
from yoi_bundle.boundary.host_places import find_host_place
from yoi_bundle.boundary.line_counter import MAX_FINDINGS
from yoi_bundle.boundary.literals import find_text_fault, suggest_reference
from yoi_bundle.boundary.redaction import redact_pointer
from yoi_bundle.boundary.secret_rules import find_provider_token
from yoi_bundle.canonical import compute_depth
from yoi_bundle.deadline import NO_DEADLINE, Deadline
from yoi_bundle.errors import Fault
from yoi_bundle.faults import escape_step
from yoi_bundle.limits import Limits

Path: TypeAlias = "tuple[Path, str] | None"
"""A linked list of steps, last first."""

_PROSE_KEYS = frozenset({"description", "title", "$comment", "markdownDescription", "examples"})
_SCHEMA_KEYS = frozenset({"$ref", "$id", "$schema", "$anchor", "$dynamicRef", "pattern", "format", "type"})
_VALUE_KEYS = frozenset({"default", "const", "value"})
_MAX_NAME_CHARACTERS = 256
_MAX_STEP_CHARACTERS = 4_096
_SURROGATE = re.compile("[\ud800-\udfff]")


def find_free_json_faults(
    data: bytes, *, place: str, limits: Limits, deadline: Deadline = NO_DEADLINE
) -> list[Fault]:
    """Return what is wrong with a blob of free JSON; at most 200 faults, none with a value of the blob.

    Args:
        data: The blob.
        place: Pointer of the blob's descriptor; a fault inside stands at `PLACE#POINTER`.
        limits: `depth` bounds nesting.
        deadline: Looked at before each key and text.

    Raises:
        LimitExceededError: There is no time left.
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
    check = _Check(place=place, deadline=deadline)
    return list(islice(check.walk(document, None, key=""), MAX_FINDINGS))


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


class _Check:
    """One walk over a document; pointers are joined only where there is a fault, because keys may be long and many."""

    def __init__(self, *, place: str, deadline: Deadline) -> None:
        self._place = place
        self._deadline = deadline

    def walk(self, value: Any, path: Path, *, key: str) -> Iterator[Fault]:
        """Walk a value that stands under `key`; a JSON Schema's property lends its name to its `default`.

        The caller has bounded the depth.
        """
        if isinstance(value, str):
            yield from self._check_text(value, path, key=key)
        elif isinstance(value, dict):
            lends = is_credential_name(key)
            for name, member in value.items():
                step = (path, name)
                yield from self._check_everywhere(name, step)
                meant = key if lends and name in _VALUE_KEYS else _shorten(name)
                yield from self.walk(member, step, key=meant)
        elif isinstance(value, list):
            for index, member in enumerate(value):
                yield from self.walk(member, (path, str(index)), key=key)

    def _check_text(self, text: str, path: Path, *, key: str) -> Iterator[Fault]:
        yield from self._check_everywhere(text, path)
        if key in _PROSE_KEYS or key in _SCHEMA_KEYS:
            return
        host_place = find_host_place(text)
        if host_place is not None:
            remedy = "name a host parameter, or a path inside the plugin's package"
            yield self._fault("bundle.host_value", path, f"{host_place} of a host", remedy)
        fault = find_text_fault(text, name=key)
        if fault is not None and find_provider_token(text) is None:
            yield self._fault("bundle.secret_value", path, fault, suggest_reference(key))

    def _check_everywhere(self, text: str, path: Path) -> Iterator[Fault]:
        """What holds for keys and prose too: no credential of a known format, no hidden text, no lone surrogate."""
        self._deadline.verify(self._place)
        rule = find_provider_token(text)
        if rule is not None:
            remedy = "take it out, revoke it, and name a secret ref"
            yield self._fault("bundle.secret_value", path, f"a credential of the format `{rule}`", remedy)
        for hidden in find_hidden_text(text, deadline=self._deadline):
            if hidden.refused:
                message = f"hidden character {hidden.code_point} in column {hidden.column}"
                yield self._fault("bundle.hidden_text", path, message, "take the character out")
        if _SURROGATE.search(text) is not None:
            yield self._fault("bundle.invalid", path, "a lone surrogate is no text", "")

    def _fault(self, code: str, path: Path, message: str, remedy: str) -> Fault:
        shown = _SURROGATE.sub("\ufffd", redact_pointer(_join(path)))
        pointer = f"{self._place}#{shown}" if shown else self._place
        return Fault(code=code, pointer=pointer, message=message, remedy=remedy)


def _shorten(name: str) -> str:
    """Return both ends of a long name: it is looked at again for each value below it."""
    half = _MAX_NAME_CHARACTERS // 2
    return name if len(name) <= _MAX_NAME_CHARACTERS else f"{name[:half]} {name[-half:]}"


def _join(path: Path) -> str:
    steps: list[str] = []
    while path is not None:
        path, step = path
        steps.append(step if len(step) <= _MAX_STEP_CHARACTERS else f"({len(step)} characters)")
    return "".join(f"/{escape_step(step)}" for step in reversed(steps))
