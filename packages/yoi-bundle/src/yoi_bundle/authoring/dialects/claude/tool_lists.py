"""Tool lists and rule lists of Claude Code, as references and rules with a diagnostic for each that cannot be said (B-14)."""

import re
from collections.abc import Iterable

from yoi_bundle.authoring.dialects.claude.rules import Saying, Target, Unsayable, say_rule
from yoi_bundle.authoring.dialects.claude.vocabulary import (
    CLAUDE_COMPANIONS,
    CLAUDE_ONLY,
    CLAUDE_TOOLS,
    UNASKED_TOOLS,
)
from yoi_bundle.authoring.dialects.copilot.vocabulary import COPILOT_TOOLS
from yoi_bundle.authoring.drafts.diagnostics import FileDiagnostics, show_name
from yoi_bundle.authoring.drafts.draft import RuleDraft, ToolReference, UnsaidRule
from yoi_bundle.authoring.drafts.tool_lists import ToolEntry
from yoi_bundle.manifest import Effect

_USUAL_NAMES = frozenset(
    {
        "Read",
        "Grep",
        "Edit",
        "NotebookEdit",
        "Bash",
        "WebFetch",
        "WebSearch",
        "Agent",
        "TodoWrite",
        "AskUserQuestion",
    }
)
"""One name of Claude Code for each tool of ours, to suggest."""

_AGENTS = re.compile(r"(Agent|Task)\(([^()]*,[^()]*)\)")
_WITHIN_EDIT = frozenset({"Write", "MultiEdit"})


def read_claude_tool_list(
    entries: Iterable[ToolEntry], diagnostics: FileDiagnostics
) -> tuple[ToolReference, ...]:
    """Read a list of tools that exist; a name that maps to nothing is reported and left out."""
    entries = _split_agents(entries)
    named = {tool for entry in entries for tool in CLAUDE_TOOLS.get(_get_name(entry.written), ())}
    references: dict[tuple[str, str, str, object], ToolReference] = {}
    unknown: list[ToolEntry] = []
    for entry in entries:
        for target in _find_targets(entry, named, unknown, diagnostics):
            reference = _make_reference(target, entry)
            references.setdefault(
                (reference.pattern, reference.server, reference.tool, reference.where), reference
            )
    _report_unknown(unknown, diagnostics)
    return tuple(references.values())


def read_claude_rule_list(
    entries: Iterable[ToolEntry], effect: Effect, diagnostics: FileDiagnostics
) -> tuple[tuple[RuleDraft, ...], tuple[UnsaidRule, ...]]:
    """Read permission rules; a lost allow is a note, a lost deny or ask an error and an `UnsaidRule`."""
    rules: list[RuleDraft] = []
    unsaid: list[UnsaidRule] = []
    said_before: set[Target] = set()
    entries = _split_agents(entries)
    edits = effect == "allow" and any(entry.written.strip() == "Edit" for entry in entries)
    for entry in entries:
        name = show_name(_get_name(entry.written))
        if edits and name in _WITHIN_EDIT:
            continue  # the allow of `Edit` covers it
        said = say_rule(entry.written, effect)
        if isinstance(said, Unsayable):
            unsaid.append(UnsaidRule(effect=effect, written=entry.written, line=entry.line))
            _report_unsayable(name, said, effect, entry.line, diagnostics)
            continue
        if said.idle:
            message = f"the {effect} of `{name}` is left out: {said.idle}"
            diagnostics.note("policy.rule_idle", entry.line, message, "nothing to do")
        if said.broader and not said_before.issuperset(said.targets):
            message = f"the {effect} of `{name}` takes more calls than it did: {said.broader}"
            remedy = "write the rule in .yoi/policies if that is too much"
            diagnostics.warn("policy.rule_broadened", entry.line, message, remedy)
        said_before.update(said.targets)
        rules.extend(
            RuleDraft(effect=target.effect or effect, tool=_make_reference(target, entry))
            for target in said.targets
        )
    return tuple(dict.fromkeys(rules)), tuple(unsaid)


def make_unasked_rules(line: int) -> tuple[RuleDraft, ...]:
    """Return allow rules for the calls that need no approval in the dialect, beside a default of asking."""
    return tuple(
        RuleDraft(
            effect="allow",
            tool=ToolReference(written="needs no approval", line=line, pattern=tool, where=where),
        )
        for tool, where in UNASKED_TOOLS
    )


def _split_agents(entries: Iterable[ToolEntry]) -> tuple[ToolEntry, ...]:
    """Write `Agent(a, b)` as `Agent(a)` and `Agent(b)`: of all tools this one alone takes a list of names."""
    split: list[ToolEntry] = []
    for entry in entries:
        match = _AGENTS.fullmatch(entry.written)
        names = match[2].split(",") if match is not None else ()
        if match is None or not all(name.strip() for name in names):
            split.append(entry)
        else:
            split.extend(ToolEntry(f"{match[1]}({name.strip()})", entry.line) for name in names)
    return tuple(split)


def _get_name(written: str) -> str:
    return written.partition("(")[0].strip()


def _make_reference(target: Target, entry: ToolEntry) -> ToolReference:
    return ToolReference(
        written=entry.written,
        line=entry.line,
        pattern=target.pattern,
        server=target.server,
        tool=target.tool,
        where=target.where,
    )


def _find_targets(
    entry: ToolEntry, named: set[str], unknown: list[ToolEntry], diagnostics: FileDiagnostics
) -> tuple[Target, ...]:
    name = _get_name(entry.written)
    if entry.written == "*":
        return (Target(pattern="*"),)
    if name in CLAUDE_TOOLS and "(" not in entry.written:
        return tuple(Target(pattern=tool) for tool in CLAUDE_TOOLS[name])
    if name in CLAUDE_COMPANIONS:
        if CLAUDE_COMPANIONS[name] not in named:
            message = f"`{name}` alone gives no tool; only `{CLAUDE_COMPANIONS[name]}` includes it"
            diagnostics.note("tools.no_counterpart", entry.line, message, "nothing to do")
        return ()
    if name in CLAUDE_ONLY:
        message = f"`{name}` has no counterpart here and is left out"
        diagnostics.note("tools.no_counterpart", entry.line, message, "nothing to do")
        return ()
    said = say_rule(entry.written, "allow")
    if isinstance(said, Saying):
        return said.targets
    if name in CLAUDE_TOOLS:
        message = f"`{name}` is confined to what our rules cannot say, and is left out: {said.reason}"
        remedy = "name the tool without an argument, and confine it by a policy"
        diagnostics.warn("tools.argument_left_out", entry.line, message, remedy)
    else:
        unknown.append(entry)
    return ()


def _report_unknown(entries: list[ToolEntry], diagnostics: FileDiagnostics) -> None:
    """Report names that no tool has, those that are another program's apart, in one diagnostic each."""
    foreign = [entry for entry in entries if _get_name(entry.written) in COPILOT_TOOLS]
    if foreign:
        ours = {tool for entry in foreign for tool in COPILOT_TOOLS[_get_name(entry.written)]}
        names = [
            name for name, tools in CLAUDE_TOOLS.items() if ours.issuperset(tools) and name in _USUAL_NAMES
        ]
        remedy = f"they are names of GitHub Copilot: write {', '.join(f'`{name}`' for name in names)}"
        _report_names(foreign, remedy, diagnostics)
    unknown = [entry for entry in entries if entry not in foreign]
    if unknown:
        _report_names(
            unknown, "correct the names; a tool of an MCP server is `mcp__SERVER__TOOL`", diagnostics
        )


def _report_names(entries: list[ToolEntry], remedy: str, diagnostics: FileDiagnostics) -> None:
    names = ", ".join(f"`{show_name(_get_name(entry.written))}`" for entry in entries)
    message = f"no tools of Claude Code, and left out: {names}"
    diagnostics.warn("tools.unknown_name", entries[0].line, message, remedy)


def _report_unsayable(
    name: str, said: Unsayable, effect: Effect, line: int, diagnostics: FileDiagnostics
) -> None:
    if effect == "allow":
        message = f"the allow of `{name}` is left out, so such calls are asked about: {said.reason}"
        diagnostics.note(
            "policy.allow_left_out", line, message, "write the rule in .yoi/policies if it is wanted"
        )
        return
    message = f"the {effect} of `{name}` cannot be said, and what depends on it goes too: {said.reason}"
    diagnostics.error(
        "policy.rule_unsaid", line, message, "write the rule in .yoi/policies, or correct it here"
    )
