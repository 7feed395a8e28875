"""How an MCP server is reached, from the shapes that people write to a typed transport (B-07, B-08, B-14)."""

import re
from collections.abc import Callable, Mapping
from itertools import takewhile
from typing import Any, Literal
from urllib.parse import parse_qsl, urlsplit

import msgspec

from yoi_bundle.authoring.dialects.mcp.server_values import ValueReader, read_plugin_path
from yoi_bundle.authoring.drafts.diagnostics import DiagnosticRule, FileDiagnostics, show_name
from yoi_bundle.faults import join_pointer
from yoi_bundle.identifiers import ArgumentName, EnvironmentName, HeaderName, SafeUrl, encode_path
from yoi_bundle.manifest import Argument, HttpServer, PluginPath, StdioServer, Transport, Value
from yoi_bundle.manifest.tool import CommandName, Flag

_FLAG_AND_VALUE = re.compile(r"(--?[A-Za-z][A-Za-z0-9._-]*=)(.*)", re.DOTALL)
_NAMING_FLAG = re.compile(r"--?[A-Za-z][A-Za-z0-9._-]*")
_SWITCH = re.compile(r"/[A-Za-z]{1,2}(?::[A-Za-z]+)?")
_ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=(.*)", re.DOTALL)
_CONTAINER_COMMANDS = frozenset({"docker", "podman", "nerdctl"})
_HAS_PLACEHOLDER = re.compile(r"\$\{|\$[A-Za-z_]|\{\{|%[A-Za-z_]+%|<[A-Za-z]|\{[A-Za-z_-]+\}")
_HERE = frozenset({".", "./", "${workspaceFolder}"})

_STDIO_TYPES = frozenset({"stdio", "local"})
_HTTP_TYPES: dict[str, Literal["streamable-http", "sse"]] = {
    "http": "streamable-http",
    "streamable-http": "streamable-http",
    "streamableHttp": "streamable-http",
    "streamable_http": "streamable-http",
    "remote": "streamable-http",
    "sse": "sse",
}


class TransportReader:
    """Reads one server's declaration; returns None after an error in `diagnostics` when it cannot be taken."""

    def __init__(
        self,
        declaration: Mapping[str, Any],
        values: ValueReader,
        diagnostics: FileDiagnostics,
        find_line: Callable[[str], int],
    ) -> None:
        self.declaration = declaration
        self.values = values
        self.diagnostics = diagnostics
        self.find_line = find_line
        self.line = find_line("")

    def read(self) -> Transport | None:
        written = self.declaration.get("type", self.declaration.get("transport"))
        has_command, has_url = "command" in self.declaration, "url" in self.declaration
        if (
            has_command
            and not has_url
            and (written is None or written in _STDIO_TYPES or written in _HTTP_TYPES)
        ):
            if written in _HTTP_TYPES:
                message = f"server `{self.values.server}` is of type `{written}` and has a command; taken as `stdio`"
                self.diagnostics.warn("mcp.type_mismatch", self.line, message, 'write `"type": "stdio"`')
            return self._read_stdio()
        if has_url and (written is None or written in _HTTP_TYPES) and not has_command:
            return self._read_http(written)
        message = f"server `{self.values.server}` has neither a `command` nor a `url` that fits its `type`"
        self._refuse("mcp.transport_unknown", message, "write `command` and `args`, or `type` and `url`")
        return None

    def _refuse(self, rule: DiagnosticRule, message: str, remedy: str, key: str = "") -> None:
        self.diagnostics.error(rule, self.find_line(f"/{key}" if key else ""), message, remedy)

    def _read_stdio(self) -> StdioServer | None:
        written_command, written_args = self._unwrap()
        command = self._read_command(written_command)
        env = self._read_map("env", EnvironmentName)
        if command is None or env is None:
            return None
        if not isinstance(written_args, list):
            message = f"server `{self.values.server}`: `args` is no list"
            self._refuse("mcp.value_malformed", message, "write `args` as a list of words", "args")
            return None
        if command in _CONTAINER_COMMANDS:
            written_args = self._move_container_environment(written_args, env)
        args = self._read_args(written_args)
        cwd = self._read_cwd()
        if args is None or self.diagnostics.failed:
            return None
        return StdioServer(command=command, args=args, env=env, cwd=cwd)

    def _read_command(self, command: Any) -> CommandName | PluginPath | None:
        server = self.values.server
        if not isinstance(command, str) or not command:
            self._refuse(
                "mcp.value_malformed", f"server `{server}`: `command` is no text", "write one word", "command"
            )
            return None
        if (path := read_plugin_path(command)) is not None and path.path:
            return path
        if command.startswith("./") and ".." not in command.split("/") and len(command) > 2:
            return PluginPath(base="root", path=encode_path(command.removeprefix("./")))
        if _fits(command, CommandName):
            return command
        if re.search(r"[\\/]", command) and not re.search(r"\s", command):
            name = re.split(r"[\\/]", command)[-1]
            message = f"server `{server}`: the command is a path on a host"
            hint = f" such as `{show_name(name)}`" if _fits(name, CommandName) else ""
            self._refuse(
                "mcp.command_path", message, f"write a bare name{hint}; the host looks it up", "command"
            )
            return None
        message = f"server `{server}`: the command is not one word"
        self._refuse(
            "mcp.command_words", message, "write its name in `command`, the rest in `args`", "command"
        )
        return None

    def _unwrap(self) -> tuple[Any, Any]:
        """Take `cmd /c npx …` as `npx …`: the shell of one host's system does nothing here but start the program."""
        command, args = self.declaration["command"], self.declaration.get("args", [])
        if (
            not isinstance(command, str)
            or command.lower() not in ("cmd", "cmd.exe")
            or not isinstance(args, list)
        ):
            return command, args
        switches = list(takewhile(lambda word: isinstance(word, str) and _SWITCH.fullmatch(word), args))
        rest = args[len(switches) :]
        if not any(word.lower() == "/c" for word in switches) or not rest:
            return command, args
        message = f"server `{self.values.server}`: `cmd /c` only starts the program after it, which is taken instead"
        self.diagnostics.note("mcp.shell_left_out", self.line, message, "nothing to do")
        return rest[0], rest[1:]

    def _read_args(self, written: list[Any]) -> tuple[Argument, ...] | None:
        args: list[Argument] = []
        flag = ""
        for index, word in enumerate(written):
            line = self.find_line(f"/args/{index}")
            split = _FLAG_AND_VALUE.fullmatch(word) if isinstance(word, str) else None
            if split is not None and _fits(split[1], Flag):
                value = self.values.read(split[2], name=split[1].rstrip("="), line=line)
                joined = split[1]
            else:
                value = self.values.read(word, name=flag, line=line)
                joined = ""
            if value is not None:
                args.append(Argument(value=value, flag=joined))
            flag = word if isinstance(word, str) and _NAMING_FLAG.fullmatch(word) else ""
        return tuple(args)

    def _move_container_environment(self, written: list[Any], env: dict[str, Value]) -> list[Any]:
        """Turn `-e NAME=${X}` of a container command into `-e NAME` and an environment variable, which says the same."""
        moved: list[Any] = []
        for index, word in enumerate(written):
            match = _ASSIGNMENT.fullmatch(word) if isinstance(word, str) else None
            if match is None or written[index - 1 : index] not in (["-e"], ["--env"]) or match[1] in env:
                moved.append(word)
                continue
            value = self.values.read(match[2], name=match[1], line=self.find_line(f"/args/{index}"))
            if value is not None:
                env[match[1]] = value
            moved.append(match[1])
        return moved

    def _read_cwd(self) -> PluginPath | None:
        cwd = self.declaration.get("cwd")
        if cwd is None:
            return None
        path = read_plugin_path(cwd) if isinstance(cwd, str) else None
        if path is not None:
            return path
        server = self.values.server
        if cwd in _HERE:
            message = f"server `{server}`: `cwd` is left out; the host starts it where the Worker works"
            self.diagnostics.note("mcp.cwd_left_out", self.find_line("/cwd"), message, "nothing to do")
            return None
        if isinstance(cwd, str) and cwd.startswith("./") and ".." not in cwd.split("/"):
            return PluginPath(base="root", path=encode_path(cwd.removeprefix("./").rstrip("/")))
        message = f"server `{server}`: `cwd` is a place on a host"
        self._refuse(
            "mcp.host_place", message, "write `${PLUGIN_ROOT}` or `${PLUGIN_DATA}`, or take it out", "cwd"
        )
        return None

    def _read_http(self, written: str | None) -> HttpServer | None:
        address = self._read_url(self.declaration["url"])
        headers = self._read_map("headers", HeaderName)
        if address is None or headers is None or self.diagnostics.failed:
            return None
        url, query = address
        if any(isinstance(value, PluginPath) for value in (*headers.values(), *query.values())):
            message = f"server `{self.values.server}`: a path of the plugin would be sent to another host"
            self._refuse("mcp.host_place", message, "take it out, or start the server from the plugin", "url")
            return None
        protocol = _HTTP_TYPES[
            "sse" if written is None and url.rstrip("/").endswith("/sse") else written or "http"
        ]
        return HttpServer(url=url, protocol=protocol, headers=headers, query=query)

    def _read_url(self, url: Any) -> tuple[SafeUrl, dict[str, Value]] | None:
        server = self.values.server
        try:
            parts = urlsplit(url if isinstance(url, str) else "")
            has_userinfo = "@" in parts.netloc
        except ValueError:
            parts, has_userinfo = urlsplit(""), False
        if has_userinfo:
            message = f"server `{server}`: the URL holds a user's name or password"
            self._refuse("mcp.url_userinfo", message, "take it out, and name a secret ref in a header", "url")
            return None
        if _HAS_PLACEHOLDER.search(url.partition("?")[0] if isinstance(url, str) else ""):
            message = (
                f"server `{server}`: a placeholder in the host or path of `url`, which a bundle cannot hold"
            )
            remedy = "write the host and path out; a query field or a header may hold a placeholder"
            self._refuse("mcp.url_malformed", message, remedy, "url")
            return None
        plain = f"{parts.scheme.lower()}://{parts.netloc.lower()}{parts.path}"
        if parts.fragment or not _fits(plain, SafeUrl):
            message = f"server `{server}`: not an address of the form `https://HOST/PATH`"
            remedy = "write the address without placeholders; a query may hold them"
            self._refuse("mcp.url_malformed", message, remedy, "url")
            return None
        query: dict[str, Value] = {}
        for name, text in parse_qsl(parts.query, keep_blank_values=True):
            if name in query or not _fits(name, ArgumentName):
                message = f"server `{server}`: a query field that is named twice or oddly"
                self._refuse("mcp.url_malformed", message, "name each field once", "url")
                return None
            value = self.values.read(text, name=name, line=self.find_line("/url"))
            if value is not None:
                query[name] = value
        return plain, query

    def _read_map(self, key: str, grammar: Any) -> dict[str, Value] | None:
        written = self.declaration.get(key)
        if written is None:
            return {}
        if not isinstance(written, dict):
            message = f"server `{self.values.server}`: `{key}` is no object"
            self._refuse("mcp.value_malformed", message, f"write `{key}` as names and values", key)
            return None
        values: dict[str, Value] = {}
        for name, text in written.items():
            line = self.find_line(join_pointer(f"/{key}", str(name)))
            if not _fits(name, grammar):
                message = f"server `{self.values.server}`: a name in `{key}` is not of its grammar"
                self.diagnostics.error(
                    "mcp.name_malformed", line, message, "write letters, digits and `_` or `-`"
                )
                continue
            value = self.values.read(text, name=name, line=line)
            if value is not None:
                values[name] = value
        return values


def _fits(text: Any, grammar: Any) -> bool:
    try:
        msgspec.convert(text, grammar)
    except msgspec.ValidationError:
        return False
    return True
