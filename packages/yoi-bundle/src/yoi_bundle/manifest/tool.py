"""Tools: built-in ones, MCP servers, HTTP tools. That a tool exists says nothing of whether a call is allowed."""

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta, Struct

from yoi_bundle.identifiers import (
    ArgumentName,
    EnvironmentName,
    HeaderName,
    ItemId,
    McpToolName,
    PluginId,
    SafeUrl,
)
from yoi_bundle.manifest.canonical_struct import CanonicalStruct
from yoi_bundle.manifest.capabilities import Member
from yoi_bundle.manifest.item import Descriptor, Item
from yoi_bundle.manifest.values import PluginPath, Value

Protocol: TypeAlias = Literal["streamable-http", "sse"]
Method: TypeAlias = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
DEFAULT_PROTOCOL: Protocol = "streamable-http"
DEFAULT_METHOD: Method = "POST"
Flag: TypeAlias = Annotated[str, Meta(pattern=r"^--?[A-Za-z][A-Za-z0-9._-]*=(?!\n)$", max_length=128)]
CommandName: TypeAlias = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]*(?!\n)$", max_length=128)]


class BuiltinTool(
    Item,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="builtin",
):
    """A tool that every Runtime has; its key is its name in `yoi_bundle.vocabulary`."""


class Argument(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """One word of a command line; with `flag`, the flag and the value are joined to one word: `--token=…`."""

    value: Value
    flag: Flag | Literal[""] = ""


class StdioServer(
    Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="stdio",
):
    """A command that the host starts and talks to over its standard streams.

    Attributes:
        command: A bare name that the host looks up, or a file in the plugin's package.
        cwd: Only below a plugin's root or data directory.
    """

    command: CommandName | PluginPath
    args: tuple[Argument, ...] = ()
    env: dict[EnvironmentName, Value] = {}
    cwd: PluginPath | None = None


class HttpServer(
    CanonicalStruct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="http",
):
    """A server reached over HTTP.

    Attributes:
        query: Appended to the URL by the Runtime.
    """

    url: SafeUrl
    protocol: Protocol = DEFAULT_PROTOCOL
    headers: dict[HeaderName, Value] = {}
    query: dict[ArgumentName, Value] = {}


class HostServer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="host"):
    """A server that the host provides under this name (B-10, `source: host`)."""

    name: McpToolName


Transport: TypeAlias = StdioServer | HttpServer | HostServer


class McpServer(
    Item,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="mcp",
):
    """A Model Context Protocol server.

    Attributes:
        exposes: The tools to take from it; absent for all of them, and then a list that is empty takes none.
        private_to: The only profile that may use it; absent for every profile.
        plugin: The plugin that brought it, whose grant it needs (S-06).
    """

    transport: Transport
    exposes: dict[McpToolName, Member] | None = None
    private_to: ItemId | None = None
    plugin: PluginId | None = None


class HttpTool(
    Item,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="http",
):
    """One HTTP request as a tool; its arguments are checked against `input_schema`, a JSON Schema blob."""

    url: SafeUrl
    method: Method = DEFAULT_METHOD
    headers: dict[HeaderName, Value] = {}
    query: dict[ArgumentName, Value] = {}
    input_schema: Descriptor | None = None


Tool: TypeAlias = BuiltinTool | McpServer | HttpTool
