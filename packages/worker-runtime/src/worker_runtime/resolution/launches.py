"""Whether host policy lets a bundle start a command or reach an origin, and by what name it is then known."""

from msgspec import Struct

from worker_runtime.host.policy import HostPolicy, LaunchGrant
from worker_runtime.resolution.plan_grants import get_package_digest
from worker_runtime.resolution.url_origins import get_origin
from yoi_bundle.faults import join_pointer
from yoi_bundle.manifest import (
    HostParameter,
    HostServer,
    HttpServer,
    HttpTool,
    Manifest,
    McpServer,
    PluginPath,
    SecretRef,
    StdioServer,
    Tool,
    Value,
)
from yoi_bundle.selection import list_values


class ToolGrant(Struct, frozen=True):
    """Host policy's word on a tool that reaches beyond the Runtime.

    Attributes:
        consumer: Who receives the tool's secrets, by the names of host policy. Where nothing is granted it still
            says who would, so that the denied secret can be told from others.
        rule: `host_policy.grants`, or why not.
    """

    consumer: str
    pointer: str
    rule: str


def find_tool_grant(tool: Tool, policy: HostPolicy, manifest: Manifest) -> ToolGrant:
    """Find what in host policy allows an MCP server or HTTP tool."""
    grant = _find_transport_grant(tool, policy, manifest)
    parameters = {value.name for _, value in list_values(tool) if isinstance(value, HostParameter)}
    if grant.rule == "host_policy.grants" and not parameters <= policy.parameters:
        return ToolGrant(grant.consumer, "/parameters", "host_policy.parameter")
    return grant


def find_plugin_grant(
    policy: HostPolicy, plugin_id: str, version: str, digest: str
) -> tuple[int | None, str]:
    """Return the index of the grant for just this plugin, or None with the rule that says what differs (S-06)."""
    rule = "host_policy.plugin"
    for index, grant in enumerate(policy.plugins):
        if grant.id != plugin_id:
            continue
        if grant.digest == digest and grant.version == version:
            return index, "host_policy.grants"
        rule = "host_policy.plugin_digest" if grant.digest != digest else "host_policy.plugin_version"
    return None, rule


def format_argument(value: Value) -> str:
    """Write one value of a command line as host policy writes it: refs by name, never by value."""
    match value:
        case SecretRef(name=name, prefix=prefix):
            return f"{prefix}${{secret:{name}}}"
        case HostParameter(name=name):
            return f"${{parameter:{name}}}"
        case PluginPath(base=base, path=path):
            return f"${{{base}}}/{path}" if path else f"${{{base}}}"
        case _:
            return value.value


def _find_transport_grant(tool: Tool, policy: HostPolicy, manifest: Manifest) -> ToolGrant:
    match tool:
        case HttpTool(url=url):
            return _find_origin_grant(url, policy)
        case McpServer(transport=StdioServer() as server):
            return _find_stdio_grant(tool, server, policy, manifest)
        case McpServer(transport=HostServer(name=name)):
            if name in policy.servers:
                return ToolGrant(f"server:{name}", join_pointer("/servers", name), "host_policy.grants")
            return ToolGrant(f"server:{name}", "/servers", "host_policy.server")
        case McpServer(transport=HttpServer(url=url)):
            return _find_origin_grant(url, policy)
        case _:
            raise TypeError("a built-in tool has no transport")


def _find_origin_grant(url: str, policy: HostPolicy) -> ToolGrant:
    origin = get_origin(url)
    granted = origin in {get_origin(one) for one in policy.origins}
    return ToolGrant(
        f"origin:{origin}", "/origins", "host_policy.grants" if granted else "host_policy.origin"
    )


def _find_stdio_grant(
    tool: McpServer, server: StdioServer, policy: HostPolicy, manifest: Manifest
) -> ToolGrant:
    """Look for the plugin's own grant, and for a bare command among the commands too."""
    command = server.command
    own = _find_package_grant(tool.plugin, server, policy, manifest) if tool.plugin is not None else None
    if own is not None and (own.rule == "host_policy.grants" or isinstance(command, PluginPath)):
        return own
    if isinstance(command, PluginPath):
        return ToolGrant("unknown-command:plugin", "/plugins", "host_policy.plugin")
    for name, grant in sorted(policy.commands.items()):
        # A directory of the plugin's would decide what a command such as `npx` runs.
        if grant.command == command and server.cwd is None and _admits(grant, server):
            return ToolGrant(f"command:{name}", join_pointer("/commands", name), "host_policy.grants")
    return ToolGrant(f"unknown-command:{command}", "/commands", "host_policy.command")


def _find_package_grant(
    plugin_id: str, server: StdioServer, policy: HostPolicy, manifest: Manifest
) -> ToolGrant | None:
    """Return what the plugin's grant says of a server; None when the plugin has no package to grant."""
    plugin = manifest.plugins.get(plugin_id)
    digest = "" if plugin is None else get_package_digest(plugin)
    if plugin is None or not digest:
        return None
    consumer = f"plugin:{plugin_id}@{plugin.version}@{digest}"
    index, rule = find_plugin_grant(policy, plugin_id, plugin.version, digest)
    if index is None:
        return ToolGrant(consumer, "/plugins", rule)
    launch = policy.plugins[index].servers.get(write_launch_key(server))
    if launch is None or not _admits(launch, server):
        return ToolGrant(consumer, f"/plugins/{index}/servers", "host_policy.command")
    return ToolGrant(consumer, f"/plugins/{index}/servers", "host_policy.grants")


def write_launch_key(server: StdioServer) -> str:
    """Return the name of a plugin's server in its grant: `./PATH` for a file of the package, else the command."""
    if isinstance(server.command, PluginPath):
        return (
            f"./{server.command.path}"
            if server.command.base == "root"
            else f"${{data}}/{server.command.path}"
        )
    return server.command


def _admits(grant: LaunchGrant, server: StdioServer) -> bool:
    words = tuple(f"{argument.flag}{format_argument(argument.value)}" for argument in server.args)
    fixed = words[: len(grant.args)]
    return (
        fixed == grant.args
        and (grant.further_args or len(words) == len(grant.args))
        and grant.env.issuperset(server.env)
    )
