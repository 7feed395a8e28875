"""Whether a layer of tool policy can let any call of a tool pass (S-11).

A tool of which a layer denies every call is withheld whole, with the rule that does it; what a layer denies for some
calls is left to the verdict of each call.
"""

from collections.abc import Collection, Iterable, Sequence

from msgspec import Struct

from yoi_bundle.closure import names_part
from yoi_bundle.faults import join_pointer
from yoi_bundle.manifest import Policy


class ToolRules(Struct, frozen=True):
    """A layer's rules, sorted for the question.

    Attributes:
        denied: Tool pattern → pointer of a rule that denies every call it matches.
        passing: Tool patterns of rules that let some call pass.
        default_passes: Whether calls that no rule matches pass.
    """

    denied: dict[str, str]
    passing: frozenset[str]
    default_passes: bool
    pointer: str


def index_rules(policy: Policy, pointer: str) -> ToolRules:
    """Index a layer that stands at `pointer` of its document."""
    denied: dict[str, str] = {}
    passing: set[str] = set()
    for rule_id, rule in policy.rules.items():
        if rule.effect == "deny":
            if rule.where is None:
                denied.setdefault(rule.tool, join_pointer(f"{pointer}/rules", rule_id))
        else:
            passing.add(rule.tool)
    return ToolRules(denied, frozenset(passing), policy.default != "deny", pointer)


def find_blocker(rules: ToolRules, tool: str, parts: Collection[str] = ()) -> str | None:
    """Return the pointer of what denies every call of a tool, or None when some call can pass.

    Args:
        rules: One layer.
        tool: A key of the manifest's tools, or `plugin:ID/TOOL`.
        parts: Tools of it, an MCP server, of each of which some call has to pass.
    """
    whole, passing = list_covering(tool), list_taking(tool)
    blocker = _find_blocker(rules, whole, passing)
    if blocker == f"{rules.pointer}/default" and tool.startswith(("mcp:", "plugin:")):
        blocker = None if any(_may_touch(name, tool) for name in rules.passing) else blocker
    for part in sorted(parts):
        name = f"{tool}/{part}"
        blocker = blocker or _find_blocker(rules, (*whole, name), (*passing, name))
    return blocker


def _find_blocker(rules: ToolRules, covering: Sequence[str], passing: Sequence[str]) -> str | None:
    """Return what denies every call of something.

    Args:
        rules: One layer.
        covering: The patterns of deny rules that match all of it.
        passing: The patterns of other rules that do.
    """
    for pattern in covering:
        if pattern in rules.denied:
            return rules.denied[pattern]
    if rules.default_passes or not rules.passing.isdisjoint(passing):
        return None
    return f"{rules.pointer}/default"


def _may_touch(pattern: str, tool: str) -> bool:
    """Tell whether a pattern may take a part of a server, or the server as a part of something; doubt counts."""
    return pattern.startswith(f"{tool}/") or tool.startswith(f"{pattern}/")


def find_first_blocker(layers: Iterable[ToolRules], tool: str, parts: Collection[str] = ()) -> str | None:
    """Return the first layer's blocker, if any layer has one."""
    for rules in layers:
        pointer = find_blocker(rules, tool, parts)
        if pointer is not None:
            return pointer
    return None


def list_covering(tool: str) -> tuple[str, ...]:
    """Return every pattern of a deny rule that matches all calls of a tool."""
    if tool.startswith("mcp:"):
        return ("*", "mcp:*", tool, f"{tool}/*")
    if tool.startswith("http:"):
        return ("*", "http:*", tool)
    if tool.startswith("plugin:"):
        plugin = tool.rsplit("/", 1)[0]
        return ("*", "plugin:*", plugin, f"{plugin}/*", tool)
    return ("*", f"{tool.partition('.')[0]}.*", tool)


def list_taking(tool: str) -> tuple[str, ...]:
    """Return every entry of a list, or pattern of an allow rule, that takes all of a tool."""
    surface = tool if tool.startswith("plugin:") else ""
    return tuple(pattern for pattern in list_covering(tool) if pattern == surface or not names_part(pattern))


def covers(patterns: Iterable[str], tool: str) -> bool:
    """Tell whether the entries of a list take all of a tool."""
    return not frozenset(list_taking(tool)).isdisjoint(patterns)
