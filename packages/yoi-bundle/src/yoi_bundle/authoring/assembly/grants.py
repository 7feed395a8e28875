"""What a workspace grants: what it says, or, when it says nothing, what its profiles ask (B-04)."""

from collections.abc import Iterable, Iterator, Mapping

from yoi_bundle.manifest import (
    Asks,
    BundleModel,
    Grants,
    HostCapability,
    HttpServer,
    HttpTool,
    McpServer,
    Member,
    Model,
    MountGrant,
    Plugin,
    SecretRef,
    StdioServer,
    Tool,
    Value,
)


def compute_implied_grants(
    *,
    asks: Iterable[Asks],
    models: Mapping[str, Model],
    tools: Mapping[str, Tool],
    plugins: Mapping[str, Plugin],
) -> Grants:
    """Return just what is asked for, the secrets of models and tools and the permissions of plugins included."""
    secrets = {name: Member() for name in _list_secrets(models, tools)}
    mounts: dict[str, MountGrant] = {}
    network: dict[str, Member] = {}
    host: dict[HostCapability, Member] = {}
    permissions: dict[str, dict[str, Member]] = {
        plugin: {name: Member() for name in item.permissions}
        for plugin, item in plugins.items()
        if item.permissions
    }
    for ask in asks:
        secrets.update((name, Member()) for name in ask.secrets)
        network.update((name, Member()) for name in ask.network)
        host.update((name, Member()) for name in ask.host)
        for name, mount in ask.mounts.items():
            if mount.access == "rw" or name not in mounts:
                mounts[name] = MountGrant(access=mount.access)
        for plugin, names in ask.plugin_permissions.items():
            permissions.setdefault(plugin, {}).update((name, Member()) for name in names)
    return Grants(secrets=secrets, mounts=mounts, network=network, host=host, plugin_permissions=permissions)


def describe_grants(grants: Grants) -> str:
    """Say in one line what is granted."""
    parts = [
        f"{kind} {', '.join(sorted(names))}"
        for kind, names in (
            ("secrets", list(grants.secrets)),
            ("mounts", [f"{name} ({mount.access})" for name, mount in grants.mounts.items()]),
            ("network", list(grants.network)),
            ("host", list(grants.host)),
            ("plugin permissions of", list(grants.plugin_permissions)),
        )
        if names
    ]
    return "; ".join(parts) or "nothing"


def _list_secrets(models: Mapping[str, Model], tools: Mapping[str, Tool]) -> Iterator[str]:
    for model in models.values():
        if isinstance(model, BundleModel) and model.credential is not None:
            yield model.credential.name
    for tool in tools.values():
        for value in _list_values(tool):
            if isinstance(value, SecretRef):
                yield value.name


def _list_values(tool: Tool) -> Iterator[Value]:
    holder = tool.transport if isinstance(tool, McpServer) else tool
    if isinstance(holder, StdioServer):
        yield from (argument.value for argument in holder.args)
        yield from holder.env.values()
    elif isinstance(holder, HttpServer | HttpTool):
        yield from holder.headers.values()
        yield from holder.query.values()
