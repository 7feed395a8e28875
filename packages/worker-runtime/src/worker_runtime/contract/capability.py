"""Capabilities that a Worker may require: their closed grammar (S-09).

`tool:NAME`, `mount:NAME:ro|rw`, `secret:REF`, `network:HOST`, `host:shell`, `host:git`, `plugin:ID/SURFACE`, `model:ID`.
"""

import re
from typing import Literal, TypeAlias, cast

import msgspec
from msgspec import Struct

from yoi_bundle.identifiers import (
    HostPattern,
    ItemId,
    MountName,
    PluginId,
    SecretName,
    SurfaceName,
    ToolPattern,
)
from yoi_wire.errors import RequestInvalidError

CapabilityKind: TypeAlias = Literal["tool", "mount", "secret", "network", "host", "plugin", "model"]
_TEXT = re.compile(r"(?P<kind>tool|mount|secret|network|host|plugin|model):(?P<rest>.+)", re.DOTALL)


class Capability(Struct, frozen=True, kw_only=True):
    """One capability that the intent requires.

    Attributes:
        name: For a plugin its id.
        detail: For a mount the access, for a plugin the surface.
    """

    text: str
    kind: CapabilityKind
    name: str
    detail: str = ""


def parse_capability(text: str) -> Capability:
    """Read one capability.

    Raises:
        RequestInvalidError: When the text is none of the grammar.
    """
    match = _TEXT.fullmatch(text)
    if match is None:
        raise _invalid(text)
    kind, rest = match["kind"], match["rest"]
    detail = ""
    grammar: object
    match kind:
        case "tool":
            grammar = ToolPattern
            if "*" in rest or rest.startswith("plugin:"):
                raise _invalid(text)
        case "mount":
            grammar = MountName
            rest, _, detail = rest.partition(":")
            if detail not in ("ro", "rw"):
                raise _invalid(text)
        case "secret":
            grammar = SecretName
        case "network":
            grammar = HostPattern
        case "host":
            grammar = Literal["shell", "git"]
        case "plugin":
            grammar = PluginId
            rest, _, detail = rest.rpartition("/")
            _verify(text, detail, SurfaceName)
        case _:
            grammar = ItemId
    _verify(text, rest, grammar)
    return Capability(text=text, kind=cast("CapabilityKind", kind), name=rest, detail=detail)


def _verify(text: str, part: str, grammar: object) -> None:
    try:
        msgspec.convert(part, grammar)
    except msgspec.ValidationError:
        raise _invalid(text) from None


def _invalid(text: str) -> RequestInvalidError:
    return RequestInvalidError(f"{text[:80]!r} is no capability", field="/intent/requires")
