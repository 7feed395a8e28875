"""Fit of a rule's condition to its tool: conditions that can never match a call of a built-in tool (S-11)."""

from yoi_bundle.calls.paths import normalise, parse_place, split_host_path
from yoi_bundle.calls.tools import compile_tool_pattern
from yoi_bundle.manifest import DomainMatch, ExactMatch, HostPathMatch, Match, PathMatch
from yoi_bundle.vocabulary import BUILTIN_TOOLS

_KINDS: dict[type[Match], frozenset[str]] = {
    PathMatch: frozenset(["path", "command"]),
    HostPathMatch: frozenset(["path", "command"]),
    DomainMatch: frozenset(["url", "command"]),
}
"""Kinds of arguments that a matcher fits; the others fit all."""


def find_misfit(tool: str, where: Match | None) -> str:
    """Return why a condition can never match a call of the tools that a pattern names; empty when it can.

    Of tools that are not built in only the calls tell which arguments they have, so nothing is said of those.
    """
    if where is None or ":" in tool or tool == "*":
        return ""
    takes = compile_tool_pattern(tool, liberal=True)
    entries = {name: entry for name, entry in BUILTIN_TOOLS.items() if takes(name)}
    if not entries:
        return ""
    kinds = {
        entry.arguments[where.argument] for entry in entries.values() if where.argument in entry.arguments
    }
    if not kinds:
        known = sorted({name for entry in entries.values() for name in entry.arguments})
        return f"`{tool}` has no argument `{where.argument}`" + (
            f"; known: {', '.join(known)}" if known else ""
        )
    fitting = _KINDS.get(type(where), kinds) & kinds
    if not fitting:
        return f"the argument `{where.argument}` holds a {min(kinds)}, which this matcher never fits"
    return _find_odd_value(where, kinds)


def _find_odd_value(where: Match, kinds: set[str]) -> str:
    match where:
        case PathMatch(pattern=pattern):
            if pattern.startswith("mount:"):
                return "a mount is named before the colon, as `path@NAME: PATTERN`"
            if ".." in pattern.split("/"):
                return "a path with `..` never matches; paths are compared after they are resolved"
        case HostPathMatch(pattern=pattern):
            if split_host_path(pattern) is None:
                return "a host_path begins with `/`, `~/` or a drive; use `path` for one of the workspace"
            if ".." in pattern.split("/"):
                return "a path with `..` never matches; paths are compared after they are resolved"
        case ExactMatch(value=value):
            if kinds == {"path"} and parse_place(value).mount is not None and _is_unresolved(value):
                return "paths are compared after they are resolved; write it without `.`, `..` and doubled slashes"
        case _:
            pass
    return ""


def _is_unresolved(path: str) -> bool:
    text = path.removeprefix("mount:")
    return "/".join(normalise(text.split("/")) or []) != text
