"""Tools and rules as our own files write them: the grammar of `rule_text`, with MCP servers by their local names."""

from collections.abc import Iterable

import msgspec

from yoi_bundle.authoring.drafts.diagnostics import DiagnosticRule, FileDiagnostics, show_name
from yoi_bundle.authoring.drafts.draft import RuleDraft, ToolReference, UnsaidRule
from yoi_bundle.identifiers import ToolPattern, encode_segment
from yoi_bundle.manifest import Effect
from yoi_bundle.rule_text import RuleMisfitError, RuleTextError, split_tool
from yoi_bundle.vocabulary import BUILTIN_TOOLS

_REMEDY = "see the grammar of rules in docs/guides/authoring.md"
_EFFECTS: tuple[Effect, ...] = ("deny", "ask", "allow")


def read_tools(
    entries: Iterable[str], diagnostics: FileDiagnostics, *, line: int
) -> tuple[ToolReference, ...]:
    """Read a tool list; an entry that is no tool is reported and left out, and the list stays a list."""
    references: list[ToolReference] = []
    for entry in entries:
        try:
            references.append(read_tool(entry, line=line))
        except RuleTextError as error:
            diagnostics.error(
                _name_fault(error, "tool.malformed"), line, f"`{show_name(entry)}`: {error}", _REMEDY
            )
    return tuple(references)


def read_rules(
    entries: Iterable[str], diagnostics: FileDiagnostics, *, line: int
) -> tuple[tuple[RuleDraft, ...], tuple[UnsaidRule, ...]]:
    """Read rules; one that cannot be read is reported, and counts as a lost restriction unless it says `allow`."""
    rules: list[RuleDraft] = []
    unsaid: list[UnsaidRule] = []
    for entry in entries:
        effect = _read_effect(entry)
        try:
            rules.append(_read_rule(entry, effect, line))
        except RuleTextError as error:
            unsaid.append(UnsaidRule(effect=effect or "deny", written=entry, line=line))
            diagnostics.error(
                _name_fault(error, "rule.malformed"), line, f"`{show_name(entry)}`: {error}", _REMEDY
            )
    return tuple(rules), tuple(unsaid)


def _name_fault(error: RuleTextError, otherwise: DiagnosticRule) -> DiagnosticRule:
    return "rule.never_matches" if isinstance(error, RuleMisfitError) else otherwise


def _read_effect(entry: str) -> Effect | None:
    word = entry.strip().partition(" ")[0]
    return next((effect for effect in _EFFECTS if effect == word), None)


def _read_rule(entry: str, effect: Effect | None, line: int) -> RuleDraft:
    if effect is None:
        raise RuleTextError("a rule is an effect (deny, ask or allow), a space, and a tool")
    return RuleDraft(effect=effect, tool=read_tool(entry.strip().removeprefix(effect), line=line))


def read_tool(entry: str, *, line: int = 0) -> ToolReference:
    """Read one tool, `shell.run(command prefix: git)` or `mcp:NAME/TOOL`.

    Raises:
        RuleTextError: When it is none.
    """
    pattern, where = split_tool(entry)
    if pattern.startswith("mcp:") and pattern != "mcp:*":
        server, slash, tool = pattern.removeprefix("mcp:").rpartition("/")
        if not slash:
            server, tool = tool, "*"
        return ToolReference(
            written=entry,
            line=line,
            server=server,
            tool="" if tool == "*" else _keep_encoded(tool),
            where=where,
        )
    try:
        msgspec.convert(pattern, ToolPattern)
    except msgspec.ValidationError:
        raise RuleTextError("not a tool pattern; write such as `file.read`, `mcp:NAME/TOOL` or `*`") from None
    if ":" not in pattern and pattern != "*" and not _names_builtin(pattern):
        raise RuleTextError(f"no built-in tool has this name; known: {', '.join(BUILTIN_TOOLS)}")
    return ToolReference(written=entry, line=line, pattern=pattern, where=where)


def _names_builtin(pattern: str) -> bool:
    if pattern.endswith(".*"):
        return any(name.startswith(pattern[:-1]) for name in BUILTIN_TOOLS)
    return pattern in BUILTIN_TOOLS


def _keep_encoded(tool: str) -> str:
    return tool if "%" in tool else encode_segment(tool)
