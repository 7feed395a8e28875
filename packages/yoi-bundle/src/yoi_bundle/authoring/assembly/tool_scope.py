"""Tool lists and rules with every name resolved: what a list may name, and the policy that its arguments mean (B-10).

A list says which tools exist. An entry with arguments, `Bash(git:*)`, says more: then the whole list is also a
policy with default deny that allows each entry. Lists lose what is foreign and stay lists.
"""

from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from yoi_bundle.authoring.assembly.ledger import Ledger
from yoi_bundle.authoring.assembly.names import Names
from yoi_bundle.authoring.drafts.diagnostics import DiagnosticRule, Place, show_name
from yoi_bundle.authoring.drafts.draft import RuleDraft, ToolReference
from yoi_bundle.closure import matches_tool, spell_entry
from yoi_bundle.manifest import Ask, Effect, ExactMatch, Match, Rule, ToolList, compute_rule_id


class ResolvedTools(Struct, frozen=True, kw_only=True):
    """A tool list.

    Attributes:
        rules: Rules of the policy with default deny that goes with the list; None when no entry has arguments.
    """

    tools: ToolList
    rules: dict[str, Rule] | None = None


class ToolScope:
    """Resolves tool names as seen from one file."""

    def __init__(self, *, tools: Iterable[str], plugins: Iterable[str], names: Names, ledger: Ledger) -> None:
        """Index the manifest's tools and plugins; `ledger` gets what leads nowhere."""
        self._tools = frozenset(tools)
        self._plugins = frozenset(plugins)
        self._names = names
        self._named_arguments = {
            "profile": names.profiles,
            "skill": names.skills,
            "workflow": names.workflows,
        }
        self._ledger = ledger

    def resolve_list(
        self, references: Iterable[ToolReference], *, path: str, owner: str = ""
    ) -> ResolvedTools:
        """Resolve a tool list of the file at `path`; `owner` is the profile whose private servers count."""
        tools: dict[str, Ask] = {}
        rules: dict[str, Rule] = {}
        has_arguments = False
        for reference in references:
            has_arguments = has_arguments or reference.where is not None
            pattern = self._find_one(reference, path, owner)
            if pattern is None:
                continue
            held = tools.get(pattern)
            tools[pattern] = Ask(required=reference.required or (held is not None and held.required))
            for where in self._resolve_where(reference.where, path, effect="allow"):
                _add_rule(rules, "allow", pattern, where)
        return ResolvedTools(tools=ToolList(tools=tools), rules=rules if has_arguments else None)

    def resolve_rules(self, drafts: Iterable[RuleDraft], *, path: str, owner: str = "") -> dict[str, Rule]:
        """Resolve rules; a restriction on a name takes in every server of that name, a permission only the nearest.

        A rule about a server that the bundle does not have has nothing to act on, and goes.
        """
        rules: dict[str, Rule] = {}
        for draft in drafts:
            if draft.effect == "allow":
                pattern = self._find_one(draft.tool, path, owner)
                patterns: tuple[str, ...] = () if pattern is None else (pattern,)
            else:
                patterns = self._find_all(draft.tool, path, owner)
            for where in self._resolve_where(draft.tool.where, path, effect=draft.effect):
                for pattern in patterns:
                    _add_rule(rules, draft.effect, pattern, where)
        return rules

    def _find_one(self, reference: ToolReference, path: str, owner: str) -> str | None:
        found = (
            self._find_servers(reference, path, owner) if reference.server else self._find_pattern(reference)
        )
        if len(found) > 1:
            self._report(
                "tool.ambiguous",
                reference,
                path,
                f"`{show_name(reference.written)}` may mean {len(found)} servers: {', '.join(found[:4])}",
                "declare the server next to the file that names it, or rename one",
            )
            return None
        if not found:
            self._report_foreign(reference, path)
            return None
        return found[0]

    def _find_all(self, reference: ToolReference, path: str, owner: str) -> tuple[str, ...]:
        if not reference.server:
            found = self._find_pattern(reference)
        else:
            readings = _list_readings(reference.server, reference.tool)
            patterns = (
                f"{key}/{tool or '*'}"
                for server, tool in readings
                for key in (*self._names.servers.find_all(server), *self._find_private_servers(server, owner))
            )
            found = tuple(dict.fromkeys(patterns))
        if not found:
            self._report_foreign(reference, path)
        return found

    def _find_private_servers(self, server: str, owner: str) -> tuple[str, ...]:
        """Return private servers of a name: of the owner, or of every profile where the file is nobody's own."""
        owners = (owner,) if owner else sorted(self._names.private)
        keys = (self._names.private.get(profile, {}).get(server) for profile in owners)
        return tuple(key for key in keys if key is not None)

    def _find_servers(self, reference: ToolReference, path: str, owner: str) -> tuple[str, ...]:
        private = self._names.private.get(owner, {}).get(reference.server)
        servers = (private,) if private else self._names.servers.find(reference.server, path)
        return tuple(f"{server}/{reference.tool or '*'}" for server in servers)

    def _find_pattern(self, reference: ToolReference) -> tuple[str, ...]:
        pattern = reference.pattern
        if pattern.startswith("plugin:") and pattern != "plugin:*":
            plugin = pattern.removeprefix("plugin:")
            known = plugin in self._plugins or plugin.rsplit("/", 1)[0] in self._plugins
        elif pattern.startswith("http:") and "*" not in pattern:
            known = pattern in self._tools
        elif "*" in pattern:
            known = True
        else:
            pattern = spell_entry(pattern, self._tools)
            known = any(matches_tool(pattern, tool) for tool in self._tools)
        return (pattern,) if known else ()

    def _resolve_where(self, where: Match | None, path: str, *, effect: Effect) -> tuple[Match | None, ...]:
        """Put ids in the place of names: of everything a restriction may mean, of the one thing a permission means.

        A name that means nothing here stays as it is written.
        """
        if not isinstance(where, ExactMatch) or where.argument not in self._named_arguments:
            return (where,)
        index = self._named_arguments[where.argument]
        found = index.find(where.value, path) if effect == "allow" else index.find_all(where.value)
        if effect == "allow" and len(found) > 1:
            return ()
        return tuple(replace(where, value=name) for name in found) or (where,)

    def _report_foreign(self, reference: ToolReference, path: str) -> None:
        self._report(
            "tool.foreign",
            reference,
            path,
            f"`{show_name(reference.written)}` names a tool that nothing in the workspace declares; left out",
            'declare it: an MCP server in `.mcp.json`, or `[tools.mcp.NAME]` with `host = "NAME"` in workspace.toml',
        )

    def _report(
        self, rule: DiagnosticRule, reference: ToolReference, path: str, message: str, remedy: str
    ) -> None:
        self._ledger.report("warning", rule, Place(path, reference.line), message, remedy)


def _list_readings(server: str, tool: str) -> list[tuple[str, str]]:
    """Return the servers and tools that `mcp__a__b__c` may mean: `b__c` of `a`, `c` of `a__b`, all of `a__b__c`."""
    words = [server, *tool.split("__")] if tool else [server]
    return [("__".join(words[:end]), "__".join(words[end:])) for end in range(1, len(words) + 1)]


def _add_rule(rules: dict[str, Rule], effect: Effect, pattern: str, where: Match | None) -> None:
    rule = Rule(effect=effect, tool=pattern, where=where)
    rules[compute_rule_id(rule)] = rule
