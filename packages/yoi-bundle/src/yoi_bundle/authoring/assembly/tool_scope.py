"""Tool lists and rules with every name resolved: what a list may name, and the policy that its arguments mean (B-10).

A list says which tools exist. An entry with arguments, `Bash(git:*)`, says more: then the whole list is also a
policy with default deny that allows each entry. Lists lose what is foreign and stay lists.
"""

from collections.abc import Iterable, Mapping

from msgspec import Struct
from msgspec.structs import replace

from yoi_bundle.authoring.assembly.ledger import Ledger, Place
from yoi_bundle.authoring.assembly.scope import NameIndex
from yoi_bundle.authoring.drafts.draft import RuleDraft, ToolWish
from yoi_bundle.authoring.drafts.file_diagnostics import show_name
from yoi_bundle.closure import matches_tool
from yoi_bundle.manifest import Ask, Effect, ExactMatch, Match, Rule, ToolList, compute_rule_id

_NAMED_ARGUMENTS = ("profile", "skill", "workflow")


class ResolvedTools(Struct, frozen=True, kw_only=True):
    """A tool list.

    Attributes:
        rules: Rules of the policy with default deny that goes with the list; None when no entry has arguments.
    """

    tools: ToolList
    rules: dict[str, Rule] | None = None


class ToolScope:
    """Resolves tool names as seen from one file."""

    def __init__(
        self,
        *,
        tools: Iterable[str],
        plugins: Iterable[str],
        servers: NameIndex,
        private: Mapping[str, Mapping[str, str]],
        names: Mapping[str, NameIndex],
        ledger: Ledger,
    ) -> None:
        """Take what there is.

        Args:
            tools: Keys of the manifest's tools.
            plugins: Ids of its plugins.
            servers: Public MCP servers by local name.
            private: Profile id → local name → key of a server that is private to it.
            names: The indexes of profiles, skills and workflows, by the argument's name.
            ledger: Where remarks go.
        """
        self._tools = frozenset(tools)
        self._plugins = frozenset(plugins)
        self._servers = servers
        self._private = private
        self._names = names
        self._ledger = ledger

    def resolve_list(self, wishes: Iterable[ToolWish], *, path: str, owner: str = "") -> ResolvedTools:
        """Resolve a tool list of the file at `path`; `owner` is the profile whose private servers count."""
        tools: dict[str, Ask] = {}
        rules: dict[str, Rule] = {}
        has_arguments = False
        for wish in wishes:
            has_arguments = has_arguments or wish.where is not None
            pattern = self._find_one(wish, path, owner)
            if pattern is None:
                continue
            held = tools.get(pattern)
            tools[pattern] = Ask(required=wish.required or (held is not None and held.required))
            for where in self._resolve_where(wish.where, path, effect="allow"):
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

    def _find_one(self, wish: ToolWish, path: str, owner: str) -> str | None:
        found = self._find_servers(wish, path, owner) if wish.server else self._find_pattern(wish)
        if len(found) > 1:
            self._report(
                "tool.ambiguous",
                wish,
                path,
                f"`{show_name(wish.written)}` may mean {len(found)} servers: {', '.join(found[:4])}",
                "declare the server next to the file that names it, or rename one",
            )
            return None
        if not found:
            self._report_foreign(wish, path)
            return None
        return found[0]

    def _find_all(self, wish: ToolWish, path: str, owner: str) -> tuple[str, ...]:
        if not wish.server:
            found = self._find_pattern(wish)
        else:
            readings = _list_readings(wish.server, wish.tool)
            patterns = (
                f"{key}/{tool or '*'}"
                for server, tool in readings
                for key in (*self._servers.find_all(server), *self._find_private(server, owner))
            )
            found = tuple(dict.fromkeys(patterns))
        if not found:
            self._report_foreign(wish, path)
        return found

    def _find_private(self, server: str, owner: str) -> tuple[str, ...]:
        """Return private servers of a name: of the owner, or of every profile where the file is nobody's own."""
        owners = (owner,) if owner else sorted(self._private)
        found = (self._private.get(one, {}).get(server) for one in owners)
        return tuple(key for key in found if key is not None)

    def _find_servers(self, wish: ToolWish, path: str, owner: str) -> tuple[str, ...]:
        private = self._private.get(owner, {}).get(wish.server)
        servers = (private,) if private else self._servers.find(wish.server, path)
        return tuple(f"{server}/{wish.tool or '*'}" for server in servers)

    def _find_pattern(self, wish: ToolWish) -> tuple[str, ...]:
        pattern = wish.pattern
        if pattern.startswith("plugin:") and pattern != "plugin:*":
            plugin = pattern.removeprefix("plugin:")
            known = plugin in self._plugins or plugin.rsplit("/", 1)[0] in self._plugins
        elif pattern.startswith("http:") and "*" not in pattern:
            known = pattern in self._tools
        elif "*" in pattern:
            known = True
        else:
            known = pattern in self._tools or any(matches_tool(pattern, tool) for tool in self._tools)
        return (pattern,) if known else ()

    def _resolve_where(self, where: Match | None, path: str, *, effect: Effect) -> tuple[Match | None, ...]:
        """Put ids in the place of names: of everything a restriction may mean, of the one thing a permission means.

        A name that means nothing here stays as it is written.
        """
        if not isinstance(where, ExactMatch) or where.argument not in _NAMED_ARGUMENTS:
            return (where,)
        index = self._names[where.argument]
        found = index.find(where.value, path) if effect == "allow" else index.find_all(where.value)
        if effect == "allow" and len(found) > 1:
            return ()
        return tuple(replace(where, value=name) for name in found) or (where,)

    def _report_foreign(self, wish: ToolWish, path: str) -> None:
        self._report(
            "tool.foreign",
            wish,
            path,
            f"`{show_name(wish.written)}` names a tool that nothing in the workspace declares; left out",
            'declare it: an MCP server in `.mcp.json`, or `[tools.mcp.NAME]` with `host = "NAME"` in workspace.toml',
        )

    def _report(self, rule: str, wish: ToolWish, path: str, message: str, remedy: str) -> None:
        self._ledger.report("warning", rule, Place(path, wish.line), message, remedy)


def _list_readings(server: str, tool: str) -> list[tuple[str, str]]:
    """Return the servers and tools that `mcp__a__b__c` may mean: `b__c` of `a`, `c` of `a__b`, all of `a__b__c`."""
    words = [server, *tool.split("__")] if tool else [server]
    return [("__".join(words[:end]), "__".join(words[end:])) for end in range(1, len(words) + 1)]


def _add_rule(rules: dict[str, Rule], effect: Effect, pattern: str, where: Match | None) -> None:
    rule = Rule(effect=effect, tool=pattern, where=where)
    rules[compute_rule_id(rule)] = rule
