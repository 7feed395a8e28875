"""Two specs compared by meaning: which item came, went, or changed (W-04)."""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec
from msgspec import Struct

from worker_runtime.resolution.spec import ResolvedWorkerSpec

_NAME_FIELDS = ("plugin", "name", "consumer", "asked", "capability")
"""What tells items apart that have no id."""


class SpecChange(Struct, frozen=True, kw_only=True):
    """One difference.

    Attributes:
        section: Field of the spec, such as `tools`.
        id: The item; empty for a section that is one value.
    """

    section: str
    id: str
    change: Literal["added", "removed", "changed"]


def compute_spec_diff(old: ResolvedWorkerSpec, new: ResolvedWorkerSpec) -> tuple[SpecChange, ...]:
    """Return what is different in `new`, by section and id; empty for equal specs."""
    changes: list[SpecChange] = []
    for section in msgspec.structs.fields(ResolvedWorkerSpec):
        before = _index(getattr(old, section.name))
        after = _index(getattr(new, section.name))
        changes.extend(_compare(section.name, before, after))
    return tuple(changes)


def _compare(section: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[SpecChange]:
    changes: list[SpecChange] = []
    for name in sorted({*before, *after}):
        if name not in after:
            changes.append(SpecChange(section=section, id=name, change="removed"))
        elif name not in before:
            changes.append(SpecChange(section=section, id=name, change="added"))
        elif before[name] != after[name]:
            changes.append(SpecChange(section=section, id=name, change="changed"))
    return changes


def _index(value: Any) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, tuple):
        return {"": value}
    return {_name(item): item for item in value}


def _name(item: Any) -> str:
    if hasattr(item, "id"):
        return str(item.id)
    return "/".join(str(getattr(item, field)) for field in _NAME_FIELDS if hasattr(item, field))
