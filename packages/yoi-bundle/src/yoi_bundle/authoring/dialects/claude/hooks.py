"""Hooks that guard tools, of Claude Code and programs like it: a bundle has none, so the tools that one guarded go with it (B-14).

A hook before a tool's use may refuse the call. Left out alone it would leave the tool unguarded, which widens. Events
are told apart by a closed list of those that guard nothing; a matcher that is not a list of names guards everything,
because no pattern of a workspace is ever run here.
"""

import re
from collections.abc import Callable
from typing import Any

from msgspec import Struct

from yoi_bundle.authoring.dialects.claude.vocabulary import CLAUDE_COMPANIONS, CLAUDE_ONLY, CLAUDE_TOOLS
from yoi_bundle.authoring.drafts.diagnostics import FileDiagnostics, show_name
from yoi_bundle.authoring.drafts.draft import (
    Contribution,
    PolicyDraft,
    RuleDraft,
    SourceFile,
    ToolReference,
    UnsaidRule,
)
from yoi_bundle.authoring.drafts.reader import NO_CONTEXT, ReadingContext
from yoi_bundle.authoring.formats.json_lines import read_json
from yoi_bundle.faults import join_pointer
from yoi_bundle.identifiers import encode_segment

_UNGUARDING_EVENTS = frozenset(
    {
        "afteragent",
        "afteragentresponse",
        "afteragentthought",
        "afterfileedit",
        "aftermcpexecution",
        "aftermodel",
        "aftershellexecution",
        "aftertabfileedit",
        "aftertool",
        "agentstop",
        "beforeagent",
        "beforesubmitprompt",
        "beforetabfileread",
        "configchange",
        "cwdchanged",
        "erroroccurred",
        "filechanged",
        "instructionsloaded",
        "notification",
        "permissiondenied",
        "postcompact",
        "posttooluse",
        "posttoolbatch",
        "posttoolusefailure",
        "precompact",
        "precompress",
        "sessionend",
        "sessionstart",
        "setup",
        "stop",
        "stopfailure",
        "subagentstart",
        "subagentstop",
        "taskcompleted",
        "taskcreated",
        "teammateidle",
        "userpromptexpansion",
        "userpromptsubmit",
        "userpromptsubmitted",
        "worktreecreate",
        "workspaceopen",
        "worktreeremove",
    }
)
_EVENT_TOOLS: dict[str, tuple[str, ...]] = {
    "beforeshellexecution": ("shell.run",),
    "beforemcpexecution": ("mcp:*",),
    "beforereadfile": ("file.read", "file.search"),
}
"""Events that are before one kind of call; a matcher in them is about its arguments."""
_NAME = re.compile(r"\^?(?P<name>[A-Za-z_][\w-]*?)(?P<rest>\.\*)?\$?")
_REMEDY = "write deny and ask rules in .yoi/policies, and then name the tool in `unguarded_tools` of `[source]` in workspace.toml"


class _Guarded(Struct, frozen=True):
    """What a matcher reaches: a pattern of ours, or a server and perhaps one tool of it."""

    pattern: str = ""
    server: str = ""
    tool: str = ""


_EVERYTHING = (_Guarded(pattern="*"),)


def read_hooks(
    value: Any, find_line: Callable[[str], int], diagnostics: FileDiagnostics, *, unguarded: frozenset[str]
) -> tuple[RuleDraft, ...]:
    """Report every hook as left out, and return a deny for each tool that one of them guarded.

    Args:
        value: The map of events.
        find_line: Gives the line of an event.
        diagnostics: Of the file.
        unguarded: Tools of ours that stay all the same.
    """
    if value in (None, {}, []):
        return ()
    if not isinstance(value, dict):
        return _deny("hooks", _EVERYTHING, find_line(""), diagnostics, unguarded)
    rules: list[RuleDraft] = []
    for name, entries in value.items():
        event = str(name)
        line = find_line(event)
        guarded = _find_guarded(event, entries)
        if guarded:
            rules.extend(_deny(event, guarded, line, diagnostics, unguarded))
            continue
        message = f"the hooks of `{show_name(event)}` run commands on the host and are left out"
        diagnostics.note(
            "hooks.left_out", line, message, "set them up on the host, where its operator decides"
        )
    return tuple(dict.fromkeys(rules))


def read_hook_file(file: SourceFile, context: ReadingContext = NO_CONTEXT) -> Contribution:
    """Read a file of hooks, such as a plugin's `hooks/hooks.json`, as a policy over the directory for which it holds."""
    diagnostics = FileDiagnostics(file.path)
    document = read_json(file.data, diagnostics, limits=context.limits, comments=True)
    rules: tuple[RuleDraft, ...] = ()
    unsaid: tuple[UnsaidRule, ...] = ()
    if document is None:
        unsaid = (UnsaidRule(effect="deny", written="hooks", line=1),)
    else:
        value = document.value
        pointer = "/hooks" if isinstance(value, dict) and "hooks" in value else ""
        rules = read_hooks(
            value["hooks"] if pointer else value,
            lambda event: document.get_line(join_pointer(pointer, event) if event else pointer),
            diagnostics,
            unguarded=context.unguarded_tools,
        )
    policy = make_hook_policy(file.path, context.hook_homes.get(file.path, ""), rules, unsaid)
    return Contribution(policies=policy, diagnostics=diagnostics.collect())


def make_hook_policy(
    path: str, home: str, rules: tuple[RuleDraft, ...], unsaid: tuple[UnsaidRule, ...] = ()
) -> tuple[PolicyDraft, ...]:
    """Return the policy of what hooks guarded, over all profiles and workflows of a directory; none where nothing was."""
    if not rules and not unsaid:
        return ()
    return (
        PolicyDraft(
            path=path, dialect="claude", default="allow", line=1, home=home, rules=rules, unsaid=unsaid
        ),
    )


def _find_guarded(event: str, entries: Any) -> tuple[_Guarded, ...]:
    plain = event.replace("_", "").replace("-", "").lower()
    if plain in _UNGUARDING_EVENTS or entries in (None, [], {}):
        return ()
    if plain in _EVENT_TOOLS:
        return tuple(_Guarded(pattern=tool) for tool in _EVENT_TOOLS[plain])
    guarded: list[_Guarded] = []
    for entry in entries if isinstance(entries, list) else [entries]:
        if isinstance(entry, dict) and entry.get("hooks", True) in (None, [], {}):
            continue
        guarded.extend(_read_matcher(entry.get("matcher") if isinstance(entry, dict) else None))
    return _EVERYTHING if _EVERYTHING[0] in guarded else tuple(dict.fromkeys(guarded))


def _read_matcher(matcher: Any) -> tuple[_Guarded, ...]:
    if not isinstance(matcher, str) or matcher.strip() in ("", "*", ".*"):
        return _EVERYTHING
    found: list[_Guarded] = []
    for part in matcher.strip().removeprefix("(").removesuffix(")").split("|"):
        match = _NAME.fullmatch(part.strip())
        if match is None:
            return _EVERYTHING
        more = _find_tools(match["name"], begins=match["rest"] is not None)
        if more is None:
            return _EVERYTHING
        found.extend(more)
    return tuple(found)


def _find_tools(name: str, *, begins: bool) -> list[_Guarded] | None:
    """Return what a name reaches; None for one that nobody here knows."""
    if name.startswith("mcp__"):
        server, _, tool = name.removeprefix("mcp__").partition("__")
        whole = not tool or begins
        if not server or (begins and "__" not in name.removeprefix("mcp__")):
            return [_Guarded(pattern="mcp:*")]
        return [_Guarded(server=server, tool="" if whole else encode_segment(tool))]
    known = {**CLAUDE_TOOLS, **{one: (tool,) for one, tool in CLAUDE_COMPANIONS.items()}}
    names = [one for one in known if one == name or (begins and one.startswith(name))]
    if not names and name not in CLAUDE_ONLY:
        return None
    return [_Guarded(pattern=tool) for one in names for tool in known[one]]


def _deny(
    event: str,
    guarded: tuple[_Guarded, ...],
    line: int,
    diagnostics: FileDiagnostics,
    unguarded: frozenset[str],
) -> tuple[RuleDraft, ...]:
    shown = show_name(event)
    gone = [one for one in guarded if _name(one) not in unguarded]
    kept = [one for one in guarded if one not in gone]
    if kept:
        names = ", ".join(f"`{show_name(_name(one))}`" for one in kept)
        message = (
            f"the hooks of `{shown}` guarded {names}, and are left out; workspace.toml keeps it unguarded"
        )
        diagnostics.note("hooks.left_out", line, message, "nothing to do")
    if gone:
        names = ", ".join(f"`{show_name(_name(one))}`" for one in gone)
        what = "every tool" if gone == list(_EVERYTHING) else names
        message = f"the hooks of `{shown}` guard {what} and are left out, so {what} is denied with them"
        diagnostics.warn("hooks.guard_left_out", line, message, _REMEDY)
    return tuple(
        RuleDraft(
            effect="deny",
            tool=ToolReference(
                written=f"hook {event}", line=line, pattern=one.pattern, server=one.server, tool=one.tool
            ),
        )
        for one in gone
    )


def _name(guarded: _Guarded) -> str:
    if guarded.pattern:
        return guarded.pattern
    return f"mcp:{guarded.server}" + (f"/{guarded.tool}" if guarded.tool else "")
