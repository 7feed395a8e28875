"""Imported profiles: what they have without saying so, because other formats have no word for it (B-14).

By having tools they ask for the mount `workspace` and the shell; without a list they may use the skills and workflows
beside them.
"""

import posixpath
from collections.abc import Container, Mapping

from msgspec.structs import replace

from yoi_bundle.authoring.assembly.identify import IdentifiedDrafts
from yoi_bundle.authoring.assembly.inheritance import take_least
from yoi_bundle.authoring.assembly.ledger import ItemKey
from yoi_bundle.closure import matches_tool
from yoi_bundle.manifest import AllTools, Ask, Asks, MountAsk, Plugin, Profile, ToolSelection

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


class Neighbours:
    """Gives an imported profile the skills, workflows and plugin of its own plugin's or `.claude` folder.

    Other programs let an agent use those without a list; ours has lists only.
    """

    def __init__(
        self, *, drafts: IdentifiedDrafts, plugins: Mapping[str, Plugin], lost: Container[ItemKey]
    ) -> None:
        self._drafts = drafts
        self._plugins = plugins
        self._lost = lost
        self._homes = {plugin: root for root, plugin in self._drafts.plugin_roots.items()}
        self._found: dict[str, tuple[dict[str, Ask], dict[str, Ask]]] = {}

    def add_to(self, profile: Profile, path: str) -> Profile:
        """Return the profile, of the file at `path`, with its neighbours; what it lists itself stays."""
        plugin = self._drafts.find_plugin(path)
        home = self._homes[plugin] if plugin is not None else _find_claude_folder(path)
        if home is None:
            return profile
        if home not in self._found:
            self._found[home] = self._list(f"{home}/" if home else "")
        skills, workflows = self._found[home]
        item = self._plugins.get(plugin) if plugin is not None else None
        plugins = (
            {plugin: Ask()} if plugin is not None and item is not None and item.package is not None else {}
        )
        return replace(
            profile,
            skills=(skills if takes_tool(profile.tools, "skill.use") else {}) | profile.skills,
            workflows=(workflows if takes_tool(profile.tools, "workflow.run") else {}) | profile.workflows,
            plugins=plugins | profile.plugins,
        )

    def _list(self, prefix: str) -> tuple[dict[str, Ask], dict[str, Ask]]:
        skills = {name: Ask() for name, skill in self._drafts.skills.items() if skill.path.startswith(prefix)}
        workflows = {
            name: Ask()
            for name, workflow in self._drafts.workflows.items()
            if workflow.path.startswith(prefix) and ("workflows", name) not in self._lost
        }
        return skills, workflows


def _find_claude_folder(path: str) -> str | None:
    steps = posixpath.dirname(path).split("/")
    if ".claude" not in steps:
        return None
    return "/".join(steps[: steps.index(".claude") + 1])
