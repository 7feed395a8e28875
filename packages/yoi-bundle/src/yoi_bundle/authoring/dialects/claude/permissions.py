"""`settings.json` of Claude Code: its permission rules as a policy; all else is left out by name (B-14).

Calls that no rule matches are asked about, as there, but for those that there need no approval: reading in the working
directory, searching, to-do lists, questions and agents. A mode that would let more pass is reported and changes nothing.
"""

from typing import Any

from yoi_bundle.authoring.dialects.claude.hooks import read_hooks
from yoi_bundle.authoring.dialects.claude.tool_lists import make_unasked_rules, read_claude_rule_list
from yoi_bundle.authoring.dialects.claude.vocabulary import UNASKED_TOOLS
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
from yoi_bundle.authoring.drafts.tool_lists import ToolEntry
from yoi_bundle.authoring.formats.harmless_keys import SETTINGS_KEYS, is_harmless
from yoi_bundle.authoring.formats.json_lines import JsonDocument, read_json
from yoi_bundle.faults import join_pointer
from yoi_bundle.manifest import Effect

_SECRET_HELPERS = frozenset(
    {
        "apiKeyHelper",
        "awsAuthRefresh",
        "awsCredentialExport",
        "gcpAuthRefresh",
        "otelHeadersHelper",
        "proxyAuthHelper",
    }
)
_COMMANDS = frozenset({"statusLine", "subagentStatusLine", "fileSuggestion", "hooks"})
_SERVER_KEYS = frozenset({"disabledMcpjsonServers", "deniedMcpServers", "allowedMcpServers"})
_RESTRICTING_KEYS = frozenset({"sandbox", "strictKnownMarketplaces", "availableModels"})
_READ_KEYS = frozenset({"permissions", "description", "$schema"})

_WIDENING_MODES = frozenset({"acceptEdits", "auto", "bypassPermissions"})
_PLAN_DENIES = ("file.edit", "notebook.edit", "shell.run")


def read_claude_settings(file: SourceFile, context: ReadingContext = NO_CONTEXT) -> Contribution:
    """Read one settings file; with any rules in it, or servers it forbids, it is one policy."""
    diagnostics = FileDiagnostics(file.path)
    document = read_json(file.data, diagnostics, limits=context.limits)
    policy = None
    if document is not None and not isinstance(document.value, dict):
        diagnostics.error(
            "settings.malformed", 1, "not an object of settings", 'write `{"permissions": {…}}`'
        )
    elif document is not None:
        policy = _SettingsReader(file.path, document, diagnostics, context).read()
    return Contribution(policies=() if policy is None else (policy,), diagnostics=diagnostics.collect())


class _SettingsReader:
    def __init__(
        self, path: str, document: JsonDocument, diagnostics: FileDiagnostics, context: ReadingContext
    ) -> None:
        self.path = path
        self.document = document
        self.diagnostics = diagnostics
        self.harmless = context.harmless_keys
        self.unguarded = context.unguarded_tools
        self.rules: list[RuleDraft] = []
        self.guards: list[RuleDraft] = []
        self.unsaid: list[UnsaidRule] = []
        self.default: Effect = "ask"
        self.has_rules = False

    def read(self) -> PolicyDraft | None:
        settings: dict[str, Any] = self.document.value
        for key, value in settings.items():
            self._read_key(key, value, self.document.get_line(join_pointer("", key)))
        if not (self.rules or self.unsaid or self.default != "ask" or self._has_permissions()):
            return None
        if (
            len(self.rules) == len(self.guards)
            and not self.unsaid
            and not self._has_permissions()
            and self.default == "ask"
        ):
            self.default = "allow"  # hooks alone: what they did not guard is as free as without the file
        if self.has_rules and self.default == "ask":
            self._let_pass_unasked()
        description = settings.get("description")
        return PolicyDraft(
            path=self.path,
            dialect="claude",
            default=self.default,
            description=description if isinstance(description, str) else "",
            line=self.document.get_line("/permissions"),
            rules=tuple(dict.fromkeys(self.rules)),
            unsaid=tuple(self.unsaid),
        )

    def _let_pass_unasked(self) -> None:
        line = self.document.get_line("/permissions")
        self.rules.extend(make_unasked_rules(line))
        message = (
            "calls that no rule matches are asked about, but for those that need no approval in the dialect: "
            f"{', '.join(tool for tool, _ in UNASKED_TOOLS)}"
        )
        remedy = "write deny or ask rules for what must not pass unasked, allow rules for what may"
        self.diagnostics.note("policy.unasked_calls", line, message, remedy)

    def _has_permissions(self) -> bool:
        """Tell whether the file says anything about calls; `additionalDirectories` alone does not."""
        permissions = self.document.value.get("permissions")
        return isinstance(permissions, dict) and any(
            key in permissions for key in ("allow", "deny", "ask", "defaultMode")
        )

    def _read_key(self, key: str, value: Any, line: int) -> None:
        shown = show_name(key)
        if key == "permissions":
            self._read_permissions(value, line)
        elif key in _SERVER_KEYS:
            self._read_servers(key, value, line)
        elif key in _SECRET_HELPERS:
            message = f"`{key}` runs a command that makes credentials; it is refused"
            self.diagnostics.warn(
                "settings.secret_helper", line, message, "name a secret ref; the host holds its value"
            )
        elif key == "hooks":
            self._read_hooks(value, line)
        elif key in _COMMANDS:
            message = f"`{key}` runs a command on the host and is left out"
            self.diagnostics.note(
                "settings.left_out", line, message, "set it up on the host, where its operator decides"
            )
        elif key in _RESTRICTING_KEYS and value not in ({}, [], None):
            self._lose(key, f"`{key}` restricts, and cannot be said here", line)
        elif key not in _READ_KEYS and not is_harmless(key, value, SETTINGS_KEYS | self.harmless):
            self._lose(key, f"`{shown}` may restrict, and is no setting that is known", line)
        elif key not in _READ_KEYS:
            message = f"`{shown}` has no place in a bundle and is left out"
            self.diagnostics.note(
                "settings.left_out", line, message, "say it in workspace.toml or on the host"
            )

    def _read_permissions(self, value: Any, line: int) -> None:
        if not isinstance(value, dict):
            self._lose("permissions", "`permissions` is no object, so what it restricts is unknown", line)
            return
        for key, member in value.items():
            pointer = join_pointer("/permissions", key)
            place = self.document.get_line(pointer)
            match key:
                case "allow" | "deny" | "ask":
                    self._read_rules(key, member, pointer, place)
                case "defaultMode":
                    self._read_mode(member, place)
                case "additionalDirectories":
                    message = "`additionalDirectories` names places on a host and is left out"
                    remedy = "ask for a mount by name; the host says where it is"
                    self.diagnostics.note("settings.directories_left_out", place, message, remedy)
                case "disableBypassPermissionsMode" | "disableAutoMode":
                    message = f"`{key}` is left out: a Worker has no such mode"
                    self.diagnostics.note("settings.left_out", place, message, "nothing to do")
                case _:
                    self._lose(key, f"`permissions.{show_name(key)}` is unknown and may restrict", place)

    def _read_rules(self, effect: Effect, member: Any, pointer: str, line: int) -> None:
        if not isinstance(member, list) or not all(isinstance(rule, str) for rule in member):
            if effect == "allow":
                message = "`allow` is no list of texts and is left out"
                self.diagnostics.warn("policy.allow_left_out", line, message, "write a list of rules")
            else:
                self._lose(effect, f"`{effect}` is no list of texts", line)
            return
        entries = [
            ToolEntry(rule, self.document.get_line(join_pointer(pointer, index)))
            for index, rule in enumerate(member)
        ]
        rules, unsaid = read_claude_rule_list(entries, effect, self.diagnostics)
        self.has_rules = self.has_rules or bool(entries)
        self.rules.extend(rules)
        self.unsaid.extend(unsaid)

    def _read_mode(self, mode: Any, line: int) -> None:
        if mode == "default":
            return
        if mode in _WIDENING_MODES:
            message = f"the mode `{mode}` would let calls pass unasked; it changes nothing here"
            self.diagnostics.warn(
                "policy.mode_left_out", line, message, "write allow rules for what may pass"
            )
        elif mode == "dontAsk":
            self.default = "deny"
            message = "the mode `dontAsk` refuses what no rule allows: the default is deny"
            self.diagnostics.note("policy.mode_as_rules", line, message, "nothing to do")
        elif mode == "plan":
            self.rules.extend(
                RuleDraft(effect="deny", tool=ToolReference(written="plan", line=line, pattern=tool))
                for tool in _PLAN_DENIES
            )
            message = f"the mode `plan` becomes a deny of {', '.join(_PLAN_DENIES)}"
            self.diagnostics.warn(
                "policy.mode_as_rules", line, message, "take the mode out to let a Worker act"
            )
        else:
            self._lose("defaultMode", "a mode that is not known and may restrict", line)

    def _read_servers(self, key: str, value: Any, line: int) -> None:
        names = _list_server_names(value)
        if key == "allowedMcpServers" or names is None:
            self._lose(key, f"`{key}` restricts MCP servers in a way that rules cannot say", line)
            return
        self.rules.extend(
            RuleDraft(effect="deny", tool=ToolReference(written=name, line=line, server=name))
            for name in names
        )

    def _read_hooks(self, value: Any, line: int) -> None:
        """Leave hooks out, and with each the tools that it guarded."""

        def find_line(event: str) -> int:
            return self.document.get_line(join_pointer("/hooks", event)) if event else line

        rules = read_hooks(value, find_line, self.diagnostics, unguarded=self.unguarded)
        self.rules.extend(rules)
        self.guards.extend(rules)

    def _lose(self, written: str, message: str, line: int) -> None:
        """Give up a restriction, and with it the policy."""
        self.unsaid.append(UnsaidRule(effect="deny", written=written, line=line))
        remedy = "write the rule in .yoi/policies, or take the key out"
        self.diagnostics.error("policy.rule_unsaid", line, message, remedy)


def _list_server_names(value: Any) -> list[str] | None:
    """Read `["a"]` or `[{"serverName": "a"}]`; None for servers told apart by anything but their names."""
    if not isinstance(value, list):
        return None
    names: list[str] = []
    for item in value:
        name = item.get("serverName") if isinstance(item, dict) and len(item) == 1 else item
        if not isinstance(name, str) or not name:
            return None
        names.append(name)
    return names
