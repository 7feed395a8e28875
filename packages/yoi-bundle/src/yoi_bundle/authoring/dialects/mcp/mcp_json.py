"""MCP server declarations: `.mcp.json`, `mcp.json`, VS Code's `servers` and `inputs`, and bare maps of servers (B-14)."""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct

from yoi_bundle.authoring.dialects.mcp.server_transport import TransportReader
from yoi_bundle.authoring.dialects.mcp.server_values import ValueReader
from yoi_bundle.authoring.drafts.diagnostics import FileDiagnostics, show_name
from yoi_bundle.authoring.drafts.draft import Contribution, ServerDraft, SourceFile
from yoi_bundle.authoring.drafts.reader import NO_CONTEXT, ReadingContext
from yoi_bundle.authoring.formats.harmless_keys import SERVER_FILE_KEYS, SERVER_KEYS, is_harmless
from yoi_bundle.authoring.formats.json_lines import JsonDocument, read_json
from yoi_bundle.faults import join_pointer
from yoi_bundle.identifiers import encode_segment
from yoi_bundle.manifest import Dialect, HttpServer

_READ_KEYS = frozenset(
    {"type", "transport", "command", "args", "env", "cwd", "url", "headers", "tools", "description", "title"}
)
_RESTRICTING_KEYS = frozenset(
    {
        "allowedTools",
        "disabledTools",
        "disabled_tools",
        "enabledTools",
        "enabled_tools",
        "excludeTools",
        "includeTools",
    }
)
_APPROVING_KEYS = frozenset({"alwaysAllow", "autoApprove", "trust"})

_RESTRICTION_REMEDY = (
    "write `tools` with the names to take; or list the key in `harmless_keys` of `[source]` in workspace.toml"
)

AGENT_PLUGINS_SCHEMAS = "https://agent-plugins.org/schemas/1.0.0/"


class ServerPlace(Struct, frozen=True, kw_only=True):
    """Where a map of servers stands.

    Attributes:
        find_line: Gives the line of a JSON pointer below the map.
        inputs: VS Code's inputs: id → whether it is a password.
        harmless: Keys that the workspace says restrict nothing.
    """

    path: str
    dialect: Dialect
    find_line: Callable[[str], int]
    inputs: Mapping[str, bool] = {}
    harmless: frozenset[str] = frozenset()


def read_mcp_json(file: SourceFile, context: ReadingContext = NO_CONTEXT) -> Contribution:
    """Read one file; every server of it becomes a draft or has an error of its own."""
    diagnostics = FileDiagnostics(file.path)
    document = read_json(
        file.data, diagnostics, limits=context.limits, comments=".vscode" in file.path.split("/")[:-1]
    )
    drafts = () if document is None else _read_document(document, diagnostics, context.harmless_keys)
    return Contribution(servers=drafts, diagnostics=diagnostics.collect())


def _read_document(
    document: JsonDocument, diagnostics: FileDiagnostics, harmless: frozenset[str]
) -> tuple[ServerDraft, ...]:
    pointer, servers = _find_servers(document.value)
    if servers is None:
        diagnostics.error("mcp.no_servers", 1, "no servers in it", 'write `{"mcpServers": {NAME: {…}}}`')
        return ()
    dialect: Dialect = "mcp"
    confined = False
    if pointer:
        for key in document.value:
            if f"/{key}" == pointer or key in ("inputs", "$schema"):
                continue
            line = document.get_line(join_pointer("", key))
            if not is_harmless(key, document.value[key], SERVER_FILE_KEYS | harmless):
                message = f"`{show_name(key)}` beside the servers may confine them, so they are left out"
                diagnostics.error("mcp.restriction_unsaid", line, message, _RESTRICTION_REMEDY)
                confined = True
                continue
            message = f"`{show_name(key)}` beside the servers is left out"
            diagnostics.note("mcp.unmapped_key", line, message, "take it out")
        if str(document.value.get("$schema", "")).startswith(AGENT_PLUGINS_SCHEMAS):
            dialect = "agent-plugins"
    if not servers:
        diagnostics.note("mcp.no_servers", 1, "an empty map of servers", "take the file out")
    place = ServerPlace(
        path=diagnostics.file,
        dialect=dialect,
        find_line=lambda step: document.get_line(f"{pointer}{step}"),
        inputs=_read_inputs(document.value),
        harmless=harmless,
    )
    if confined:
        return ()
    return read_servers(servers, place, diagnostics)


def read_servers(
    servers: Mapping[Any, Any], place: ServerPlace, diagnostics: FileDiagnostics
) -> tuple[ServerDraft, ...]:
    """Read a map of server names to declarations; one with an error is left out alone."""
    drafts: list[ServerDraft] = []
    for name, declaration in servers.items():
        own = FileDiagnostics(place.path)
        draft = _read_server(str(name), declaration, place, own)
        if draft is not None and not own.failed:
            drafts.append(draft)
        diagnostics.add(*own.collect())
    return tuple(drafts)


def _find_servers(value: Any) -> tuple[str, dict[str, Any] | None]:
    if not isinstance(value, dict):
        return "", None
    for key in ("mcpServers", "servers", "mcp-servers"):
        if isinstance(value.get(key), dict):
            return f"/{key}", value[key]
    bare = bool(value) and all(
        isinstance(member, dict) and ("command" in member or "url" in member) for member in value.values()
    )
    return "", value if bare else None


def _read_inputs(value: dict[str, Any]) -> dict[str, bool]:
    inputs = value.get("inputs")
    if not isinstance(inputs, list):
        return {}
    return {
        item["id"]: item.get("password") is True
        for item in inputs
        if isinstance(item, dict) and isinstance(item.get("id"), str)
    }


def _read_server(
    name: str, declaration: Any, place: ServerPlace, diagnostics: FileDiagnostics
) -> ServerDraft | None:
    pointer = join_pointer("", name)
    line = place.find_line(pointer)
    shown = show_name(name)
    if not isinstance(declaration, dict) or not name.strip():
        diagnostics.error(
            "mcp.value_malformed",
            line,
            f"server `{shown}` is no object",
            'write `{"command": …}` or `{"url": …}`',
        )
        return None
    if _is_switched_off(declaration):
        diagnostics.note(
            "mcp.disabled", line, f"server `{shown}` is switched off and left out", "nothing to do"
        )
        return None
    if "command" not in declaration and _is_empty(declaration.get("url", "-")):
        message = f"server `{shown}` has an empty `url` and is left out"
        diagnostics.note("mcp.disabled", line, message, "write its address, or take it out")
        return None

    def find_line(step: str) -> int:
        return place.find_line(f"{pointer}{step}")

    _report_keys(shown, declaration, place, find_line, diagnostics)
    exposes = _read_exposed(shown, declaration.get("tools"), find_line("/tools"), diagnostics)
    values = ValueReader(name, diagnostics, place.inputs)
    transport = TransportReader(declaration, values, diagnostics, find_line).read()
    if (
        place.dialect == "agent-plugins"
        and isinstance(transport, HttpServer)
        and _is_plain_remote(transport.url)
    ):
        message = f"server `{shown}`: Agent Plugins take `http:` on loopback only"
        diagnostics.error("mcp.url_malformed", find_line("/url"), message, "write `https:`")
    if transport is None or diagnostics.failed:
        return None
    return ServerDraft(
        path=place.path,
        dialect=place.dialect,
        local_name=name,
        transport=transport,
        line=line,
        title=_get_text(declaration, "title"),
        description=_get_text(declaration, "description"),
        exposes=exposes,
    )


def _is_switched_off(declaration: Mapping[str, Any]) -> bool:
    """Tell whether a server is off; a switch that says neither yes nor no is taken for off, for that is less."""
    off = declaration.get("disabled", False)
    on = True if declaration.get("enabled") is None else declaration["enabled"]
    return not _is_word(off, "false", "no", "off", "0", "") or not _is_word(on, "true", "yes", "on", "1")


def _is_word(value: Any, *words: str) -> bool:
    return ("" if value is None else str(value).strip().lower()) in words


def _is_empty(url: Any) -> bool:
    return isinstance(url, str) and not url.strip()


def _report_keys(
    shown: str,
    declaration: dict[str, Any],
    place: ServerPlace,
    find_line: Callable[[str], int],
    diagnostics: FileDiagnostics,
) -> None:
    for key, value in declaration.items():
        line = find_line(join_pointer("", str(key)))
        if key in _READ_KEYS or key in ("disabled", "enabled"):
            continue
        if key in _RESTRICTING_KEYS:
            message = f"server `{shown}`: `{key}` confines it in a way that is not read here"
            diagnostics.error("mcp.restriction_unsaid", line, message, "write `tools` with the names to take")
        elif key in _APPROVING_KEYS:
            message = f"server `{shown}`: `{key}` lets calls pass unasked, and is left out"
            diagnostics.note("mcp.approval_left_out", line, message, "write allow rules for what may pass")
        elif key in ("headersHelper", "envFile"):
            message = f"server `{shown}`: `{key}` brings credentials from the host, and is left out"
            diagnostics.warn("mcp.secret_helper", line, message, "name secret refs in `headers` or `env`")
        elif not is_harmless(str(key), value, SERVER_KEYS | place.harmless):
            message = f"server `{shown}`: `{show_name(str(key))}` may confine it, and is no key that is known"
            diagnostics.error("mcp.restriction_unsaid", line, message, _RESTRICTION_REMEDY)
        else:
            message = f"server `{shown}`: `{show_name(str(key))}` has no place in a bundle and is left out"
            diagnostics.note("mcp.unmapped_key", line, message, "take it out, or correct its name")


def _read_exposed(shown: str, tools: Any, line: int, diagnostics: FileDiagnostics) -> tuple[str, ...] | None:
    """Read the list of tools to take; a text is a list of one, `*` is all."""
    if tools is None:
        return None
    names = [tools] if isinstance(tools, str) else tools
    if not isinstance(names, list) or not all(isinstance(name, str) and name for name in names):
        diagnostics.error(
            "mcp.restriction_unsaid",
            line,
            f"server `{shown}`: `tools` is no list of names",
            "write a list of names",
        )
        return None
    if "*" in names:
        return None
    if any("*" in name for name in names):
        message = f"server `{shown}`: `tools` holds a pattern"
        diagnostics.error(
            "mcp.restriction_unsaid", line, message, "write the names of the tools, or `*` alone"
        )
        return None
    return tuple(dict.fromkeys(encode_segment(name) for name in names))


def _is_plain_remote(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    return url.startswith("http:") and host != "localhost" and not host.startswith("127.")


def _get_text(declaration: dict[str, Any], key: str) -> str:
    text = declaration.get(key)
    return text if isinstance(text, str) else ""
