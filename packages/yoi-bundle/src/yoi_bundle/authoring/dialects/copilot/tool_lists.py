"""Tool lists of GitHub Copilot and VS Code as references (B-14)."""

from collections.abc import Iterable

from yoi_bundle.authoring.dialects.claude.vocabulary import CLAUDE_TOOLS
from yoi_bundle.authoring.dialects.copilot.vocabulary import (
    COPILOT_COMPANIONS,
    COPILOT_ONLY,
    COPILOT_PREFIXES,
    COPILOT_TOOLS,
)
from yoi_bundle.authoring.drafts.diagnostics import FileDiagnostics, show_name
from yoi_bundle.authoring.drafts.draft import ToolReference
from yoi_bundle.authoring.drafts.tool_lists import ToolEntry
from yoi_bundle.identifiers import encode_segment

_CLAUDE_ALIASES = {name: tools for name, tools in CLAUDE_TOOLS.items() if name != "TodoRead"}
"""GitHub's own table takes Claude Code's names as aliases."""


def read_copilot_tool_list(
    entries: Iterable[ToolEntry], diagnostics: FileDiagnostics
) -> tuple[ToolReference, ...]:
    """Read a list of tools that exist.

    `x/y` is a built-in when `x` is an alias, else the tool `y` of the server `x`; a bare name that is no built-in is a
    server. Names of the editor's own tools are reported and left out.
    """
    references: dict[tuple[str, str, str], ToolReference] = {}
    left_out: list[ToolEntry] = []
    for entry in entries:
        found = _find_references(entry)
        if not found:
            left_out.append(entry)
        for reference in found:
            references.setdefault((reference.pattern, reference.server, reference.tool), reference)
    given = {reference.pattern for reference in references.values()}
    left_out = [entry for entry in left_out if COPILOT_COMPANIONS.get(entry.written) not in given]
    if left_out:
        names = ", ".join(f"`{show_name(entry.written)}`" for entry in left_out)
        message = f"tools of the editor that have no counterpart here, and are left out: {names}"
        diagnostics.note("tools.no_counterpart", left_out[0].line, message, "nothing to do")
    return tuple(references.values())


def _find_references(entry: ToolEntry) -> tuple[ToolReference, ...]:
    name = entry.written
    if name == "*":
        return (ToolReference(written=name, line=entry.line, pattern="*"),)
    head, slash, member = name.partition("/")
    tools = COPILOT_TOOLS.get(head if member == "*" else name, ()) or _CLAUDE_ALIASES.get(name, ())
    if tools:
        return tuple(ToolReference(written=name, line=entry.line, pattern=tool) for tool in tools)
    if name in COPILOT_ONLY or name in COPILOT_COMPANIONS or (slash and head in COPILOT_PREFIXES):
        return ()
    tool = "" if member in ("", "*") else encode_segment(member)
    return (ToolReference(written=name, line=entry.line, server=head, tool=tool),)
