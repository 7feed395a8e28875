"""A tool call as policy sees it, and the verdict on it."""

from collections.abc import Mapping
from enum import IntEnum

from msgspec import Struct

from yoi_bundle.manifest import Effect

_STRICTNESS: dict[Effect, int] = {"deny": 0, "ask": 1, "allow": 2}


class ToolCall(Struct, frozen=True):
    """One call that a Worker wants to make.

    Attributes:
        tool: The tool's full name: `file.read`, `mcp:SERVER/TOOL`, `http:ID`, `plugin:SOURCE:ID/TOOL`.
        arguments: Parsed arguments that rules may match, by name. A path is relative to the mount `workspace`,
            or `mount:NAME/PATH` for another mount.
    """

    tool: str
    arguments: Mapping[str, str] = {}


class Verdict(Struct, frozen=True):
    """What a layer says of a call.

    Attributes:
        rule_id: The rule that decided; None for the layer's default or an unparsable command.
    """

    effect: Effect
    rule_id: str | None = None


def is_stricter(one: Effect, other: Effect) -> bool:
    """Tell whether `one` lets strictly less pass: deny < ask < allow."""
    return _STRICTNESS[one] < _STRICTNESS[other]


def find_strictest(verdicts: list[Verdict]) -> Verdict:
    """Return the strictest of at least one verdict; of equal ones the first."""
    return min(verdicts, key=lambda verdict: _STRICTNESS[verdict.effect])


class Hit(IntEnum):
    """MAYBE: it depends on what only the shell will know, such as a variable."""

    NO = 0
    MAYBE = 1
    YES = 2
