"""The one textual form of a tool policy rule, in our own files: profiles, policies, host policy (S-11).

```text
rule     = effect " " tool
effect   = "deny" | "ask" | "allow"
tool     = pattern | pattern "(" argument [" " matcher] ":" [" "] value ")"
matcher  = "exact" | "prefix" | "glob" | "path" | "path@" mount | "host_path" | "domain"
```

`pattern` is a tool pattern such as `file.read`, `shell.*`, `mcp:ID/TOOL` or `*`. The value runs to the last
parenthesis and needs no escapes. Without a matcher an argument named `path` is matched as `path`, others as `glob`;
`path@NAME:` is short for `path path@NAME:`. In YAML a text with a colon and a space needs quotes; without the space
after the colon it needs none.

    allow shell.run(command prefix: git status)
    deny file.edit(path: infrastructure/**)
    deny file.read(path host_path: ~/.ssh/**)
    ask web.fetch(url domain: *.example.com)
"""

import re
from typing import Any

import msgspec

from yoi_bundle.calls.fit import find_misfit
from yoi_bundle.identifiers import ToolPattern
from yoi_bundle.manifest.policy import (
    DomainMatch,
    Effect,
    ExactMatch,
    GlobMatch,
    HostPathMatch,
    Match,
    PathMatch,
    PrefixMatch,
    Rule,
)

_RULE = re.compile(r"(?P<effect>deny|ask|allow)[ \t]+(?P<tool>\S.*)", re.DOTALL)
_TOOL = re.compile(r"(?P<pattern>[^\s()]+)(?:\((?P<inside>.*)\))?", re.DOTALL)
_INSIDE = re.compile(
    r"(?P<argument>[A-Za-z_][A-Za-z0-9_-]*)"
    r"(?:@(?P<short>[a-z][a-z0-9-]*)|[ \t]+(?P<matcher>[a-z_]+)(?:@(?P<mount>[a-z][a-z0-9-]*))?)?"
    r":(?P<value>.*)",
    re.DOTALL,
)
_VALUE_FIELDS: dict[str, str] = {
    "exact": "value",
    "prefix": "value",
    "glob": "pattern",
    "path": "pattern",
    "host_path": "pattern",
    "domain": "host",
}


class RuleTextError(ValueError):
    """A text that is no rule or no tool of the grammar above; the message says what is wrong, not what stood there."""


class RuleMisfitError(RuleTextError):
    """A rule whose condition can never match a call of its tool; it would restrict, or allow, nothing."""


def parse_rule(text: str) -> Rule:
    """Read one rule.

    Raises:
        RuleTextError: When it is not of the grammar.
    """
    found = _RULE.fullmatch(text.strip())
    if found is None:
        raise RuleTextError("a rule is an effect (deny, ask or allow), a space, and a tool")
    pattern, where = parse_tool(found["tool"])
    effect: Effect = msgspec.convert(found["effect"], Effect)
    return Rule(effect=effect, tool=pattern, where=where)


def parse_tool(text: str) -> tuple[str, Match | None]:
    """Read a tool pattern with or without an argument.

    Raises:
        RuleTextError: When it is not of the grammar.
    """
    pattern, where = split_tool(text)
    try:
        msgspec.convert(pattern, ToolPattern)
    except msgspec.ValidationError:
        raise RuleTextError("not a tool pattern; write such as `file.read`, `mcp:ID/TOOL` or `*`") from None
    return pattern, where


def split_tool(text: str) -> tuple[str, Match | None]:
    """Read a tool whose name is not checked yet, because it may be a local name to be resolved.

    Raises:
        RuleTextError: When the parentheses and what they hold are not of the grammar.
        RuleMisfitError: When they can never match.
    """
    found = _TOOL.fullmatch(text.strip())
    if found is None:
        raise RuleTextError("a tool is a pattern, and perhaps an argument in parentheses after it")
    inside = found["inside"]
    where = None if inside is None else _parse_inside(inside)
    if misfit := find_misfit(found["pattern"], where):
        raise RuleMisfitError(misfit)
    return found["pattern"], where


def format_rule(rule: Rule) -> str:
    """Write a rule so that `parse_rule` gives it back."""
    return f"{rule.effect} {format_tool(rule.tool, rule.where)}"


def format_tool(pattern: str, where: Match | None) -> str:
    """Write a tool pattern and an argument so that `parse_tool` gives them back."""
    if where is None:
        return pattern
    match where:
        case ExactMatch(argument=argument, value=value):
            inside = f"{argument} exact: {value}"
        case PrefixMatch(argument=argument, value=value):
            inside = f"{argument} prefix: {value}"
        case GlobMatch(argument=argument, pattern=value):
            inside = f"{argument} glob: {value}"
        case PathMatch(argument=argument, pattern=value, mount=mount):
            inside = f"{argument} path@{mount}: {value}"
        case HostPathMatch(argument=argument, pattern=value):
            inside = f"{argument} host_path: {value}"
        case DomainMatch(argument=argument, host=value):
            inside = f"{argument} domain: {value}"
    return f"{pattern}({inside})"


def _parse_inside(inside: str) -> Match:
    found = _INSIDE.fullmatch(inside)
    if found is None:
        raise RuleTextError("in parentheses stand an argument's name, a colon and a value")
    argument = found["argument"]
    mount = found["short"] or found["mount"]
    matcher = found["matcher"] or ("path" if argument == "path" or found["short"] else "glob")
    if matcher not in _VALUE_FIELDS:
        raise RuleTextError(f"no such matcher; known: {', '.join(_VALUE_FIELDS)}")
    value = found["value"].removeprefix(" ")
    fields: dict[str, Any] = {"kind": matcher, "argument": argument, _VALUE_FIELDS[matcher]: value}
    if mount is not None:
        if matcher != "path":
            raise RuleTextError("only `path` takes a mount: `path@NAME`")
        fields["mount"] = mount
    try:
        where: Match = msgspec.convert(fields, Match)
    except msgspec.ValidationError:
        raise RuleTextError(f"the value does not fit the matcher `{matcher}`") from None
    return where
