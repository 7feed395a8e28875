"""Tools and plugins of the manifest: built-ins, what files and `workspace.toml` declare, packages (B-04)."""

import posixpath
from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from yoi_bundle.authoring.assembly.identify import IdentifiedDrafts
from yoi_bundle.authoring.assembly.ledger import Ledger
from yoi_bundle.authoring.dialects.native.workspace_toml import HostPluginForm
from yoi_bundle.authoring.dialects.plugins.plugin_package import pack_plugin
from yoi_bundle.authoring.drafts.diagnostics import Place
from yoi_bundle.authoring.drafts.draft import HttpToolDraft, PluginDraft, ServerDraft, SourceFile
from yoi_bundle.authoring.source.tree import WORKSPACE_FILE
from yoi_bundle.identifiers import encode_path
from yoi_bundle.manifest import (
    Ask,
    BuiltinTool,
    HttpTool,
    McpServer,
    Member,
    Origin,
    PackageBlob,
    PackageReference,
    Plugin,
    PluginPath,
    StdioServer,
    Surface,
    Tool,
    Transport,
)
from yoi_bundle.manifest.item import Item
from yoi_bundle.schema import compute_features
from yoi_bundle.vocabulary import BUILTIN_TOOLS


def assemble_tools(
    drafts: IdentifiedDrafts, plugins: Mapping[str, Plugin], ledger: Ledger
) -> dict[str, Tool]:
    """Return all tools by key: the twelve built-ins, MCP servers, HTTP tools."""
    tools: dict[str, Tool] = {name: BuiltinTool() for name in BUILTIN_TOOLS}
    for key, server in drafts.servers.items():
        owner = drafts.private_to.get(key)
        if owner is not None and owner not in drafts.profiles:
            continue
        plugin = drafts.find_plugin(server.path)
        if plugin is not None and plugin not in plugins:
            _lose_with_plugin(key, server, plugin, ledger)
        else:
            tools[key] = _make_server(server, owner, plugin)
    for key, draft in drafts.http_tools.items():
        tools[key] = _make_http_tool(key, draft, ledger)
    return tools


def assemble_plugins(
    drafts: IdentifiedDrafts,
    declared: Mapping[str, HostPluginForm],
    files: Iterable[SourceFile],
    ledger: Ledger,
) -> dict[str, Plugin]:
    """Return all plugins by id; one has a package only when something of it executes."""
    plugins: dict[str, Plugin] = {}
    read = tuple(files)
    packaged = {
        drafts.find_plugin(server.path)
        for server in drafts.servers.values()
        if _uses_package(server.transport)
    }
    for plugin, draft in drafts.plugins.items():
        executes = bool(draft.surfaces) or plugin in packaged
        plugins[plugin] = _make_plugin(plugin, draft, read if executes else (), ledger)
    for plugin, form in declared.items():
        if ("plugins", plugin) not in ledger.lost:
            ledger.places[("plugins", plugin)] = Place(WORKSPACE_FILE)
            plugins[plugin] = Plugin(
                name=form.name,
                version=form.version,
                title=form.title,
                description=form.description,
                package=PackageReference(digest=form.digest),
            )
    return plugins


def make_origin(path: str, dialect: str) -> Origin:
    """Say which file an item was read from."""
    return Origin(path=encode_path(path), dialect=dialect)  # type: ignore[arg-type]  # a draft's dialect is one


def mark_features(item: Item) -> dict[str, Member]:
    """Return an item's `features` for its content (B-06)."""
    return {feature: Member() for feature in sorted(compute_features(item))}


def _make_server(draft: ServerDraft, owner: str | None, plugin: str | None) -> McpServer:
    exposes = None if draft.exposes is None else {tool: Member() for tool in draft.exposes}
    return McpServer(
        title=draft.title,
        description=draft.description,
        origin=make_origin(draft.path, draft.dialect),
        transport=draft.transport,
        exposes=exposes,
        private_to=owner,
        plugin=plugin,
    )


def _lose_with_plugin(key: str, server: ServerDraft, plugin: str, ledger: Ledger) -> None:
    ledger.lose(
        ("tools", key),
        "item.depends",
        Place(server.path, server.line),
        f"the server is left out with its plugin `{plugin}`, whose grant it needs",
        "mend the plugin",
    )


def _make_http_tool(key: str, draft: HttpToolDraft, ledger: Ledger) -> HttpTool:
    schema = None
    if draft.input_schema is not None:
        place = Place(draft.path, draft.line)
        schema = ledger.add_blob(draft.input_schema, "application/json", ("tools", key), place)
    tool = draft.tool
    return HttpTool(
        title=tool.title,
        description=tool.description,
        origin=make_origin(draft.path, "yoi"),
        url=tool.url,
        method=tool.method,
        headers=tool.headers,
        query=tool.query,
        input_schema=schema,
    )


def _make_plugin(plugin: str, draft: PluginDraft, files: Iterable[SourceFile], ledger: Ledger) -> Plugin:
    key = ("plugins", plugin)
    place = Place(draft.path)
    inside = [file for file in files if draft.root == "" or file.path.startswith(f"{draft.root}/")]
    package = None
    if inside:
        content = ledger.add_blob(
            pack_plugin(draft.root, inside), "application/vnd.yoi.plugin.v1+tar", key, place
        )
        package = PackageBlob(content=content)
        ledger.package_files[key] = tuple(file.path for file in inside)
    config = None
    if draft.config is not None:
        config = ledger.add_blob(draft.config, "application/json", key, place)
    surfaces = {}
    for surface in draft.surfaces:
        schema = None
        if surface.input_schema is not None:
            schema = ledger.add_blob(surface.input_schema, "application/json", key, place)
        surfaces[surface.name] = Surface(
            type=surface.type,
            entry=encode_path(posixpath.normpath(surface.entry)),
            description=surface.description,
            input_schema=schema,
        )
    item = Plugin(
        name=draft.name,
        version=draft.version,
        title=draft.title,
        description=draft.description,
        origin=make_origin(draft.path, draft.dialect),
        package=package,
        surfaces=surfaces,
        permissions={name: Ask(required=required) for name, required in draft.permissions.items()},
        config=config,
    )
    return replace(item, features=mark_features(item))


def _uses_package(transport: Transport) -> bool:
    if not isinstance(transport, StdioServer):
        return False
    values = (
        transport.command,
        transport.cwd,
        *(argument.value for argument in transport.args),
        *transport.env.values(),
    )
    return any(isinstance(value, PluginPath) for value in values)
