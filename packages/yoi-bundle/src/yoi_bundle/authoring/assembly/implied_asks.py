"""Asks that an imported profile makes by having tools: other formats have no word for mounts and the shell."""

from yoi_bundle.authoring.assembly.inheritance import take_least
from yoi_bundle.closure import matches_tool
from yoi_bundle.manifest import AllTools, Ask, Asks, MountAsk, ToolSelection

WORKSPACE_MOUNT = "workspace"


def takes_tool(selection: ToolSelection, tool: str) -> bool:
    """Tell whether a selection has a built-in tool."""
    if isinstance(selection, AllTools):
        return True
    return any(matches_tool(pattern, tool) for pattern in selection.tools)


def compute_implied_asks(selection: ToolSelection) -> Asks:
    """Return what the tools need: the mount `workspace` for files, and the shell; nothing is required."""
    writes = any(takes_tool(selection, tool) for tool in ("file.edit", "notebook.edit", "shell.run"))
    reads = writes or any(takes_tool(selection, tool) for tool in ("file.read", "file.search"))
    shell = takes_tool(selection, "shell.run")
    return Asks(
        mounts={WORKSPACE_MOUNT: MountAsk(access="rw" if writes else "ro")} if reads else {},
        host={"shell": Ask()} if shell else {},
    )


def add_asks(own: Asks, more: Asks) -> Asks:
    """Return both; where both ask for one thing, the own ask stands; limits take the minimum."""
    return Asks(
        secrets=more.secrets | own.secrets,
        mounts=more.mounts | own.mounts,
        network=more.network | own.network,
        host=more.host | own.host,
        plugin_permissions=more.plugin_permissions | own.plugin_permissions,
        limits=take_least(own.limits, more.limits),
    )
