"""Values of MCP servers: a secret ref, a host parameter, a plugin's path or a harmless literal, or refused (B-07, B-08)."""

import re
from collections.abc import Mapping
from typing import Any

from yoi_bundle.authoring.drafts.diagnostics import DiagnosticRule, FileDiagnostics, show_name
from yoi_bundle.boundary.credential_names import is_credential_name, split_name, suggest_secret_name
from yoi_bundle.boundary.host_places import find_host_place
from yoi_bundle.boundary.literals import find_literal_fault
from yoi_bundle.boundary.placeholders import Placeholder, find_placeholder
from yoi_bundle.identifiers import encode_path
from yoi_bundle.manifest import HostParameter, LiteralValue, PluginPath, SecretRef, Value

_PLUGIN_PATH = re.compile(r"\$\{(?:CLAUDE_)?PLUGIN_(?P<base>ROOT|DATA)\}(?:/(?P<path>.*))?", re.DOTALL)
_COPILOT_NAME = re.compile(r"\$?(COPILOT_MCP_[A-Za-z0-9_]+)")
_INPUT = re.compile(r"(?:Bearer |Basic )?\$\{input:(?P<id>[\w.-]+)\}")
_DEFAULT = re.compile(r"\$\{[A-Za-z_]\w*:?[-=]")
_EXAMPLE_PATH = re.compile(
    r"(?:[A-Za-z]:)?[/\\](?:abs(?:olute)?|full|path|your|my|placeholder|example|some|local)(?:[/\\_-]|$)|.*[/\\]path[/\\]to(?:[/\\]|$)"
    r"|.*[/\\]your[-_/\\]",
    re.IGNORECASE,
)

_GENERAL_TEXT = (
    "access account api auth authentication authorization base bearer client code config connection cookie data "
    "database db dir directory endpoint env file folder header host id key name pass passwd password path port "
    "private project ref repo root secret server session string token url user username value workspace x"
)
_GENERAL_WORDS = frozenset(_GENERAL_TEXT.split())
"""Words that do not tell one server's credential from another's."""


class ValueReader:
    """Reads the values of one server; what it cannot take it reports as an error of that server.

    Attributes:
        inputs: VS Code's inputs: id → whether it is a password.
    """

    def __init__(
        self, server: str, diagnostics: FileDiagnostics, inputs: Mapping[str, bool] | None = None
    ) -> None:
        self.server = show_name(server)
        self.diagnostics = diagnostics
        self.inputs = inputs or {}

    def read(self, text: Any, *, name: str, line: int) -> Value | None:
        """Read one value.

        Args:
            text: As written; numbers and booleans become their JSON spelling.
            name: The environment variable, header, query field or flag whose value it is; empty for a bare argument.
            line: For diagnostics.
        """
        if isinstance(text, bool):
            text = "true" if text else "false"
        elif isinstance(text, int | float):
            text = str(text)
        if not isinstance(text, str):
            self._refuse(line, name, "mcp.value_malformed", "is neither text nor number", "write a text")
            return None
        if (plugin_path := read_plugin_path(text)) is not None:
            return plugin_path
        placeholder = self._find_placeholder(text, name)
        if placeholder is not None:
            return self._take_placeholder(placeholder, text, name, line)
        if (place := find_host_place(text)) is not None:
            return self._take_place(place, text, name, line)
        fault = find_literal_fault(text, name=name)
        if fault is not None:
            remedy = f"write `{suggest_variable(name or self.server)}`, which becomes a secret ref or a host parameter"
            self._refuse(line, name, "mcp.literal_refused", f"is no harmless literal: {fault}", remedy)
            return None
        return LiteralValue(value=text)

    def _find_placeholder(self, text: str, name: str) -> Placeholder | None:
        copilot = _COPILOT_NAME.fullmatch(text)
        if copilot is not None:
            secret = is_credential_name(copilot[1]) or is_credential_name(name)
            return Placeholder(kind="secret" if secret else "parameter", name=copilot[1])
        placeholder = find_placeholder(text, name=name)
        asked = _INPUT.fullmatch(text.strip())
        if placeholder is None or asked is None or asked["id"] not in self.inputs:
            return placeholder
        if self.inputs[asked["id"]]:
            return Placeholder(kind="secret", name=placeholder.name, prefix=placeholder.prefix)
        return placeholder

    def _take_placeholder(self, placeholder: Placeholder, text: str, name: str, line: int) -> Value:
        placeholder = self._qualify(placeholder, text)
        kind = "secret ref" if placeholder.kind == "secret" else "host parameter"
        message = f"{self._describe(name)} becomes the {kind} `{show_name(placeholder.name)}`"
        if _DEFAULT.match(text):
            message += "; its default is left out"
        remedy = f"give the host a {'secret' if placeholder.kind == 'secret' else 'parameter'} of this name"
        self.diagnostics.warn("mcp.placeholder", line, message, remedy)
        if placeholder.kind == "secret":
            return SecretRef(name=placeholder.name, prefix=placeholder.prefix)
        return HostParameter(name=placeholder.name)

    def _qualify(self, placeholder: Placeholder, text: str) -> Placeholder:
        """Name a ref after its server where its own name says nothing, so that two servers never share a credential."""
        if "${" in text or _COPILOT_NAME.fullmatch(text):
            return placeholder
        name = self._qualify_name(placeholder.name)
        return Placeholder(kind=placeholder.kind, name=name, prefix=placeholder.prefix)

    def _qualify_name(self, name: str) -> str:
        if not _GENERAL_WORDS.issuperset(split_name(name)):
            return name
        return suggest_secret_name(f"{self.server}-{name}")

    def _take_place(self, place: str, text: str, name: str, line: int) -> Value | None:
        parameter = self._qualify_name(suggest_secret_name(name or "path"))
        if _EXAMPLE_PATH.match(text):
            message = f"{self._describe(name)} is an example of a host's path; it becomes the host parameter `{parameter}`"
            self.diagnostics.warn("mcp.placeholder", line, message, "give the host a parameter of this name")
            return HostParameter(name=parameter)
        remedy = f"write `{suggest_variable(parameter)}`, which becomes a host parameter"
        self._refuse(line, name, "mcp.host_place", f"names {place}", remedy)
        return None

    def _describe(self, name: str) -> str:
        what = f"the value of `{show_name(name)}`" if name else "an argument"
        return f"server `{self.server}`: {what}"

    def _refuse(self, line: int, name: str, rule: DiagnosticRule, message: str, remedy: str) -> None:
        self.diagnostics.error(rule, line, f"{self._describe(name)} {message}", remedy)


def read_plugin_path(text: str) -> PluginPath | None:
    """Read `${PLUGIN_ROOT}/x` or `${PLUGIN_DATA}/x`, also as Claude Code spells them; None for anything else."""
    match = _PLUGIN_PATH.fullmatch(text)
    if match is None:
        return None
    steps = [step for step in (match["path"] or "").split("/") if step not in ("", ".")]
    if ".." in steps or "\\" in text or "$" in (match["path"] or ""):
        return None
    path = encode_path("/".join(steps)) if steps else ""
    return PluginPath(base="root" if match["base"] == "ROOT" else "data", path=path)


def suggest_variable(name: str) -> str:
    """Write a reference to what a value is named for: `--api-key` gives `${API_KEY}`."""
    return f"${{{suggest_secret_name(name).replace('-', '_').upper()}}}"
