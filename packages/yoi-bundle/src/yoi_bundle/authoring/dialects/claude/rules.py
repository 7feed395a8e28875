"""What one permission rule of Claude Code says in our vocabulary, exactly or not at all (B-14, S-11).

In Claude Code `deny` and `ask` of a tool cover every built-in that does the same work, so they become rules on all of
ours; `allow` means "without asking" and becomes a rule only where ours does no more than theirs.
"""

import re

import msgspec
from msgspec import Struct

from yoi_bundle.authoring.dialects.claude.paths import say_path
from yoi_bundle.authoring.dialects.claude.vocabulary import (
    CLAUDE_COMPANIONS,
    CLAUDE_NAMES,
    CLAUDE_ONLY,
    CLAUDE_TOOLS,
)
from yoi_bundle.identifiers import HostPattern, encode_segment
from yoi_bundle.manifest import DomainMatch, Effect, ExactMatch, GlobMatch, Match, PathMatch, PrefixMatch

_RULE = re.compile(r"(?P<name>[A-Za-z][A-Za-z0-9_*.-]*)(?:\((?P<spec>.*)\))?", re.DOTALL)
_MCP = re.compile(r"mcp__(?P<server>(?:(?!__).)+?)(?:__(?P<tool>.+))?", re.DOTALL)

_RESTRICTED_BY: dict[str, tuple[str, ...]] = {
    "Read": ("file.read", "file.search"),
    "NotebookRead": ("file.read", "file.search"),
    "Edit": ("file.edit", "notebook.edit"),
    "MultiEdit": ("file.edit", "notebook.edit"),
    "Write": ("file.edit", "notebook.edit"),
    "Skill": ("skill.use", "workflow.run"),
    "SlashCommand": ("skill.use", "workflow.run"),
}
"""What a deny or ask covers where that is more than the tool's own work."""

_ALLOWED_BY: dict[str, tuple[str, ...]] = {
    "Edit": ("file.edit", "notebook.edit"),
    "MultiEdit": (),
    "Write": (),
}
"""`Edit` is the one rule that lets all ways of changing files pass; `Write` alone does not let a file be changed."""

_NARROWER = frozenset({"Write", "MultiEdit", "Glob", "Grep", "LS", "NotebookRead"})
"""Tools of which ours does more, so that a deny or ask of one takes more than was said."""

_PATH_TOOLS = frozenset(
    {"Read", "Edit", "Write", "MultiEdit", "NotebookEdit", "NotebookRead", "Glob", "Grep", "LS"}
)
_READING = frozenset({"Read", "NotebookRead", "Glob", "Grep", "LS"})
_NAMED_ARGUMENTS = {"agent.spawn": "profile", "skill.use": "skill", "workflow.run": "workflow"}


class Target(Struct, frozen=True, kw_only=True):
    """One tool, or one MCP server's tool, with the argument that a rule is confined to.

    Attributes:
        effect: Where it is not the rule's own.
    """

    pattern: str = ""
    server: str = ""
    tool: str = ""
    where: Match | None = None
    effect: Effect | None = None


class Saying(Struct, frozen=True, kw_only=True):
    """A rule in our vocabulary.

    Attributes:
        targets: Each gets the rule's effect; none when there is nothing for the rule to act on.
        broader: Why the targets take more calls than the rule did, for deny and ask; empty when they do not.
        idle: Why there is nothing for the rule to act on.
    """

    targets: tuple[Target, ...] = ()
    broader: str = ""
    idle: str = ""


class Unsayable(Struct, frozen=True):
    """Attributes: reason: Why the rule cannot be said without letting more pass; never a value of the rule."""

    reason: str


def say_rule(written: str, effect: Effect) -> Saying | Unsayable:
    """Say one rule of `permissions`, or of a tool list with an argument."""
    parts = _RULE.fullmatch(written.strip())
    if written.strip() == "*":
        return (
            Unsayable("an allow for every tool")
            if effect == "allow"
            else Saying(targets=(Target(pattern="*"),))
        )
    if parts is None:
        return Unsayable("not of the form `Tool` or `Tool(argument)`")
    name, spec = parts["name"], parts["spec"]
    if name.startswith("mcp__"):
        return _say_server(name, spec, effect)
    if name not in CLAUDE_NAMES:
        return Unsayable("no tool of Claude Code has this name")
    if name in CLAUDE_ONLY:
        return Saying(idle="a Worker never has this tool")
    if name in CLAUDE_COMPANIONS:
        return _say_companion(name, effect)
    tools = _choose_tools(name, effect)
    if not tools:
        return Unsayable(f"`{CLAUDE_TOOLS[name][0]}` does more than `{name}` alone; `Edit` says all of it")
    if spec is None or spec in ("", "*", ":*"):
        broader = f"`{tools[0]}` does more than `{name}`" if effect != "allow" and name in _NARROWER else ""
        return Saying(targets=tuple(Target(pattern=tool) for tool in tools), broader=broader)
    return _say_argument(name, spec, tools, effect)


def _choose_tools(name: str, effect: Effect) -> tuple[str, ...]:
    return (_ALLOWED_BY if effect == "allow" else _RESTRICTED_BY).get(name, CLAUDE_TOOLS[name])


def _say_companion(name: str, effect: Effect) -> Saying:
    tool = CLAUDE_COMPANIONS[name]
    if effect == "allow":
        return Saying(idle=f"`{tool}` includes it")
    return Saying(targets=(Target(pattern=tool),), broader=f"`{tool}` includes `{name}` and does more")


def _say_server(name: str, spec: str | None, effect: Effect) -> Saying | Unsayable:
    parts = _MCP.fullmatch(name)
    if parts is None or (spec is not None and effect == "allow"):
        return Unsayable("not of the form `mcp__SERVER` or `mcp__SERVER__TOOL`")
    server, tool = parts["server"], parts["tool"] or ""
    if "*" in server:
        if effect == "allow" or server != "*":
            return Unsayable("a pattern of server names")
        return Saying(targets=(Target(pattern="mcp:*"),))
    tool = "" if tool == "*" else tool
    broader = "arguments of MCP tools cannot be matched" if spec is not None else ""
    if "*" in tool:
        if effect == "allow":
            return Unsayable("a pattern of tool names")
        tool, broader = "", "a pattern of tool names becomes all tools of the server"
    return Saying(
        targets=(Target(server=server, tool=encode_segment(tool) if tool else ""),), broader=broader
    )


def _say_argument(name: str, spec: str, tools: tuple[str, ...], effect: Effect) -> Saying | Unsayable:
    if name in _PATH_TOOLS:
        if effect == "allow" and name not in ("Read", "Edit"):
            return Unsayable(f"Claude Code never consults a path of `{name}`; `Read` and `Edit` take paths")
        said = say_path(spec, effect)
        if said is None:
            return Unsayable("a path that our patterns cannot say")
        targets = tuple(Target(pattern=tool, where=where) for tool in tools for where in said.matches)
        commands = tuple(_restrict_commands(name, where, effect) for where in said.matches)
        return Saying(targets=targets + (commands if effect != "allow" else ()), broader=said.broader)
    found = _say_text(name, spec, tools, effect)
    return found if isinstance(found, Unsayable) else Saying(targets=found)


def _restrict_commands(name: str, where: Match, effect: Effect) -> Target:
    """Say a restriction of a path for shell commands: the dialect holds it for commands that read or change files.

    Ours cannot tell reading from changing, so a deny of changing is asked; so is one of every path, which any word of a
    command would be.
    """
    restricted = msgspec.structs.replace(where, argument="command")
    everything = isinstance(where, PathMatch) and not where.pattern.strip("*/")
    asked = effect == "deny" and (everything or name not in _READING)
    return Target(pattern="shell.run", where=restricted, effect="ask" if asked else None)


def _say_text(name: str, spec: str, tools: tuple[str, ...], effect: Effect) -> tuple[Target, ...] | Unsayable:
    if name == "Bash":
        matches = say_command(spec, effect)
        if matches is None:
            return Unsayable("a command pattern that ours cannot say")
        return tuple(Target(pattern="shell.run", where=where) for where in matches)
    if name == "WebFetch":
        host = spec.removeprefix("domain:").lower()
        if host == spec.lower() or not _fits_host(host):
            return Unsayable("not of the form `domain:HOST`")
        return (Target(pattern="web.fetch", where=DomainMatch(argument="url", host=host)),)
    named = [tool for tool in tools if tool in _NAMED_ARGUMENTS]
    value = spec.strip().removeprefix("/") if name in ("Skill", "SlashCommand") else spec.strip()
    if not named or not value or re.search(r"[*\s]|:\*$", value) or len(value) > 256:
        return Unsayable("an argument that our rules cannot match")
    return tuple(
        Target(pattern=tool, where=ExactMatch(argument=_NAMED_ARGUMENTS[tool], value=value)) for tool in named
    )


def say_command(spec: str, effect: Effect) -> tuple[Match, ...] | None:
    """Say a `Bash(…)` argument: `npm run:*` and `npm run *` stop at a word's end, `npm run*` does not, others are exact."""
    text = spec.strip()
    if not text or len(text) > 4096 or "\\" in text or "\n" in text:
        return None
    prefix = text.removesuffix(":*") if text.endswith(":*") else text.removesuffix(" *").rstrip()
    if prefix != text:
        if not prefix:
            return None
        if "*" not in prefix:
            return (PrefixMatch(argument="command", value=prefix),)
        if text.endswith(":*") and effect == "allow":
            return None  # an asterisk before `:*` may stand for itself
        return GlobMatch(argument="command", pattern=prefix), GlobMatch(
            argument="command", pattern=f"{prefix} *"
        )
    if "*" in text:
        return (GlobMatch(argument="command", pattern=text),)
    return (ExactMatch(argument="command", value=text),)


def _fits_host(host: str) -> bool:
    try:
        msgspec.convert(host, HostPattern)
    except msgspec.ValidationError:
        return False
    return True
